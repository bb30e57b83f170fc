import { openLab, type OpenLab } from '@coldstart/plugin-lab';
import { naive } from '../rehearsal/support/naive.ts';
import type { Weather } from './case.ts';
import { chance } from './chance.ts';
import { Door } from './door.ts';
import { startProcess } from './process.ts';
import { CLUSTER, type Ground, type Grounds } from './topology.ts';
import { Watch } from './watch.ts';
import { phaseFindings } from './whole.ts';

export const WHO = ['coldstart', 'shell'] as const;
export const SCOPES = ['talos', 'whole'] as const;

/** One world, in which one of them is started up to `starts` times while each of its calls fails with probability `p`. */
export type Task = {
  who: (typeof WHO)[number];
  scope: (typeof SCOPES)[number];
  p: number;
  seed: number;
  starts: number;
};

/** `told`: whoever ran it knows that it failed. `silently wrong`: it said success, and the world is not right. */
export type Ran = {
  outcome: 'right' | 'told' | 'silently wrong' | 'hung';
  virtual: number;
  /** From the end of the first start that failed to the end of the one that was right; null where the first was. */
  recovery: number | null;
  why: string;
};

/** How one start ended. `refused`: only a person can say how it goes on. */
type Start = { ended: 'success' | 'failed' | 'refused' | 'hung'; why: string };

/** Whoever ran it has gone home; the world goes on for a while before it is judged. */
const LATER = 15 * 60_000;

export async function attempt({ who, scope, p, seed, starts }: Task, grounds: Grounds): Promise<Ran> {
  const ground = await grounds.of({ controlPlanes: 3, workers: 2, scope, parallel: 1 });
  const lab = await openLab({
    root: ground.root,
    cluster: CLUSTER,
    facts: ground.facts,
    env: { HOME: '/home/op' },
    seed,
    faults: [],
    pace: null,
    disk: 'memory',
  });
  const weather = p > 0 ? { fails: p * 0.45, cut: p * 0.45, hangs: p * 0.1 } : null;
  const watch = new Watch(lab, ground);
  try {
    let failed: number | null = null;
    for (let nth = 1; ; nth += 1) {
      const start = await play[who](ground, lab, watch, { weather, by: chance(seed * 31 + nth) }, scope);
      const virtual = lab.elapsed();
      const recovery = failed === null ? null : virtual - failed;
      if (start.ended === 'success') {
        await lab.process().sleep(LATER);
        const wrong = phaseFindings(lab, scope, ground);
        return { outcome: wrong.length === 0 ? 'right' : 'silently wrong', virtual, recovery, why: wrong.join('; ') };
      }
      if (start.ended === 'hung') return { outcome: 'hung', virtual, recovery: null, why: start.why };
      if (start.ended === 'refused' || nth >= starts)
        return { outcome: 'told', virtual, recovery: null, why: start.why };
      failed ??= virtual;
    }
  } finally {
    await lab.close();
  }
}

type Play = (
  ground: Ground,
  lab: OpenLab,
  watch: Watch,
  trials: { weather: Weather | null; by: ReturnType<typeof chance> },
  scope: Task['scope'],
) => Promise<Start>;

const play: Record<Task['who'], Play> = {
  coldstart: async (ground, lab, watch, trials) => {
    const { ended } = await startProcess(ground, lab, watch, trials);
    if (ended.how === 'endless') return { ended: 'hung', why: 'no end' };
    if (ended.how !== 'exit') return { ended: 'failed', why: ended.how };
    const why = `${ended.failure?.step} ${ended.failure?.cause}`;
    return { ended: ended.exit === 0 ? 'success' : ended.exit === 5 ? 'refused' : 'failed', why };
  },
  shell: async (ground, lab, watch, trials, scope) => {
    const world = new Door(lab, watch, trials);
    const said = await naive(
      { facts: ground.facts, cluster: CLUSTER },
      { world },
      scope === 'talos' ? 'talos' : undefined,
    );
    world.exit();
    return { ended: said.ended === 'failure' ? 'failed' : said.ended, why: said.at };
  },
};
