import { parseArgs } from 'node:util';
import { percent, quantile, wilson } from './figures.ts';
import { JOBS, pool, serve } from './pool.ts';
import { attempt, SCOPES, WHO, type Ran, type Task } from './contest.ts';
import { Grounds } from './topology.ts';

/**
 * How often a bring-up ends right when every tool call fails with probability p: this tool, and the usual shell sequence, in
 * the same worlds with the same seeds. A call that fails reached nothing, was cut after success, or hung (45, 45, 10 %).
 * Nobody helps: where the command says that it failed, it is started again, as a loop in CI does, but not where it refuses
 * (exit 5). Shares have their 95 % intervals (Wilson). Fails where coldstart was silently wrong or hung.
 *
 * Recovery is measured twice: from the end of the first start that failed to the end of the one that was right, where one
 * failed at all; and how much later than the same world without failures (p = 0 first, same seed) it was right, which is also
 * what a start takes that gets over its failures by itself.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2500' },
    'runs-at-5': { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    scope: { type: 'string', default: 'talos' },
    starts: { type: 'string', default: '3' },
    p: { type: 'string', default: '0,0.01,0.05,0.1' },
    who: { type: 'string', default: WHO.join(',') },
    jobs: { type: 'string', default: JOBS },
    why: { type: 'boolean', default: false },
    worker: { type: 'boolean', default: false },
  },
});

const one = <T extends string>(of: readonly T[], given: string): T => {
  const found = of.find((name) => name === given);
  if (found === undefined) throw new Error(`${given}: one of ${of.join(', ')} is wanted`);
  return found;
};

function row(p: number, who: string, all: readonly Ran[], later: readonly number[]): string {
  const share = (these: readonly Ran[]): string => {
    const [low, high] = wilson(these.length, all.length);
    return `${percent(these.length / all.length)} (${percent(low)}–${percent(high)})`;
  };
  const right = all.filter(({ outcome }) => outcome === 'right');
  const minutes = (times: readonly number[]): string =>
    times.length === 0 ? '–' : [0.5, 0.95].map((q) => (quantile(times, q) / 60_000).toFixed(1)).join(', ');
  const shares = [
    right.filter(({ recovery }) => recovery === null),
    right,
    ...(['told', 'silently wrong', 'hung'] as const).map((what) => all.filter(({ outcome }) => outcome === what)),
  ].map(share);
  const recoveries = right.flatMap(({ recovery }) => recovery ?? []);
  return `| ${[p, who, all.length, ...shares, minutes(right.map(({ virtual }) => virtual)), minutes(recoveries), minutes(later)].join(' | ')} |`;
}

/** Why runs did not end right, the most frequent first. */
function counted(all: readonly Ran[]): string[] {
  const bad = all.filter(({ outcome }) => outcome !== 'right');
  const by = Map.groupBy(bad, ({ outcome, why }) =>
    `${outcome}: ${why.replaceAll(/\b(?:cp|worker)-\d+\b/g, 'NODE')}`.slice(0, 200),
  );
  return [...by].sort(([, a], [, b]) => b.length - a.length).map(([why, these]) => `    ${these.length} × ${why}`);
}

if (values.worker) {
  const grounds = new Grounds();
  await serve(
    (task: Task) => attempt(task, grounds),
    () => grounds.close(),
  );
} else {
  const scope = one(SCOPES, values.scope);
  console.log(
    `${scope === 'whole' ? 'the whole way' : 'phase −1'}, 3 control planes and 2 workers, up to ${values.starts} starts, from seed ${values.seed}; times in virtual minutes. The shell gives all nodes their configs at once and waits for one; coldstart goes node by node (--parallel 1) and waits for all.\n`,
  );
  console.log(
    '| p | who | runs | right at once | right | told that it failed | silently wrong | hung | median, 95 % of the right ones | from the first failure to right, median, 95 % | later than without failures, median, 95 % |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|---|---|');
  let cpu = 0;
  /** When it was right in the world of this seed without failures, by who and seed. */
  const calm = new Map<string, number>();
  for (const p of values.p.split(',').map(Number))
    for (const who of values.who.split(',').map((name) => one(WHO, name))) {
      const runs = Number(p === 0.05 ? values['runs-at-5'] : values.runs);
      const tasks = Array.from({ length: runs }, (_, i): Task => ({
        who,
        scope,
        p,
        seed: Number(values.seed) + i,
        starts: Number(values.starts),
      }));
      const all: Ran[] = [];
      const later: number[] = [];
      cpu += await pool<Task, Ran>(import.meta.filename, [], tasks, Number(values.jobs), ({ seed }, ran) => {
        if (ran.outcome === 'right' && p === 0) calm.set(`${who} ${seed}`, ran.virtual);
        const was = calm.get(`${who} ${seed}`);
        if (ran.outcome === 'right' && p > 0 && was !== undefined) later.push(ran.virtual - was);
        return all.push(ran) > 0;
      });
      console.log(row(p, who, all, later));
      if (values.why) for (const line of counted(all)) console.log(line);
      if (who === 'coldstart' && all.some(({ outcome }) => outcome === 'silently wrong' || outcome === 'hung'))
        process.exitCode = 1;
    }
  console.log(`\n${(cpu / 1000).toFixed(0)} s of processor time`);
}
