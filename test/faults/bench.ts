import { parseArgs } from 'node:util';
import { openLab, type OpenLab } from '@coldstart/plugin-lab';
import { naive } from '../rehearsal/support/naive.ts';
import type { Weather } from './case.ts';
import { chance } from './chance.ts';
import { Door } from './door.ts';
import { startProcess } from './process.ts';
import { CLUSTER, Grounds, type Ground } from './topology.ts';
import { Watch } from './watch.ts';
import { hasOneCluster, phaseFindings } from './whole.ts';

/**
 * How often a bring-up ends right when every tool call fails with probability p: this tool, and the usual shell sequence, in
 * the same worlds with the same seeds. A call that fails reached nothing, was cut after success, or hung (45, 45, 10 %).
 * One start of the command, nobody helps. Read the shares with their 95 % intervals (Wilson).
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    scope: { type: 'string', default: 'talos' },
    p: { type: 'string', default: '0,0.01,0.05,0.1' },
    why: { type: 'boolean', default: false },
  },
});
const scope = values.scope === 'whole' ? 'whole' : 'talos';
const runs = Number(values.runs);
const SHAPE = { controlPlanes: 3, workers: 2, scope, parallel: 1 } as const;

type Outcome = 'right' | 'told' | 'silently wrong' | 'hung';
type Ran = { outcome: Outcome; virtual: number; why: string };

const grounds = new Grounds();
async function inWorld(ground: Ground, seed: number, p: number, play: typeof coldstart): Promise<Ran> {
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
  try {
    return await play(ground, lab, seed, p > 0 ? { fails: p * 0.45, cut: p * 0.45, hangs: p * 0.1 } : null);
  } finally {
    await lab.close();
  }
}

async function coldstart(ground: Ground, lab: OpenLab, seed: number, weather: Weather | null): Promise<Ran> {
  const { ended } = await startProcess(ground, lab, new Watch(lab, ground), { weather, by: chance(seed) });
  const virtual = lab.elapsed();
  if (ended.how === 'endless') return { outcome: 'hung', virtual, why: 'no end' };
  if (ended.how !== 'exit') return { outcome: 'told', virtual, why: ended.how };
  if (ended.exit !== 0) return { outcome: 'told', virtual, why: `${ended.failure?.step} ${ended.failure?.cause}` };
  const wrong = phaseFindings(lab, scope, ground);
  return { outcome: wrong.length === 0 ? 'right' : 'silently wrong', virtual, why: wrong.join('; ') };
}

async function shell(ground: Ground, lab: OpenLab, seed: number, weather: Weather | null): Promise<Ran> {
  const world = new Door(lab, new Watch(lab, ground), { weather, by: chance(seed) });
  const said = await naive({ ...ground, cluster: CLUSTER } as never, { ...lab, world } as never);
  const virtual = lab.elapsed();
  if (said.ended !== 'success') return { outcome: said.ended === 'hung' ? 'hung' : 'told', virtual, why: said.at };
  // Whoever ran it has gone home; the world goes on for a while.
  await world.sleep(15 * 60_000);
  const wrong = [...lab.verdict().findings, ...hasOneCluster(lab)];
  return { outcome: wrong.length === 0 ? 'right' : 'silently wrong', virtual, why: wrong[0] ?? '' };
}

function row(p: number, who: string, all: readonly Ran[]): string {
  const share = (outcome: Outcome): string => {
    const n = all.filter((one) => one.outcome === outcome).length;
    const [low, high] = wilson(n, all.length);
    return `${percent(n / all.length)} (${percent(low)}–${percent(high)})`;
  };
  const times = all
    .filter(({ outcome }) => outcome === 'right')
    .map(({ virtual }) => virtual)
    .sort((a, b) => a - b);
  const at = (q: number): string =>
    times.length === 0 ? '–' : ((times[Math.floor(q * (times.length - 1))] ?? 0) / 60_000).toFixed(1);
  return `| ${p} | ${who} | ${share('right')} | ${share('told')} | ${share('silently wrong')} | ${share('hung')} | ${at(0.5)}, ${at(0.95)} |`;
}

function counted(bad: readonly Ran[]): [string, number][] {
  const by = Map.groupBy(
    bad,
    ({ outcome, why }) => `${outcome}: ${why.replaceAll(/\b(?:cp|worker)-\d+\b/g, 'NODE').slice(0, 160)}`,
  );
  return [...by].map(([why, these]): [string, number] => [why, these.length]).sort(([, a], [, b]) => b - a);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The 95 % interval of a share by Wilson's score. */
function wilson(n: number, of: number): [number, number] {
  const z = 1.96;
  const share = n / of;
  const middle = share + (z * z) / (2 * of);
  const half = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const scale = 1 + (z * z) / of;
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)];
}

try {
  // The shell sequence knows no phase −1 alone, so it always goes the whole way.
  const whole = await grounds.of({ ...SHAPE, scope: 'whole' });
  const own = await grounds.of(SHAPE);
  console.log(
    `${runs} runs per cell from seed ${values.seed}; 3 control planes, 2 workers; coldstart: ${scope === 'whole' ? 'the whole way' : 'phase −1'}, shell: the whole way\n`,
  );
  console.log(
    '| p | who | right | told that it failed | silently wrong | hung | median, 95 % (virtual min, right ones) |',
  );
  console.log('|---|---|---|---|---|---|---|');
  for (const p of values.p.split(',').map(Number))
    for (const [who, ground, play] of [
      ['coldstart', own, coldstart],
      ['shell', whole, shell],
    ] as const) {
      const all: Ran[] = [];
      for (let i = 0; i < runs; i++) all.push(await inWorld(ground, Number(values.seed) + i, p, play));
      console.log(row(p, who, all));
      if (values.why)
        for (const [why, n] of counted(all.filter(({ outcome }) => outcome !== 'right')))
          console.log(`    ${n} × ${why}`);
    }
} finally {
  grounds.close();
}
