import type { Ms } from '@coldstart/contract';
import type { FormerRun } from '../journal/past.ts';
import { openChildren } from '../journal/past.ts';
import type { RunContext } from './context.ts';
import { orStopped } from './interrupt.ts';

const RULE = { signal: 'SIGTERM', grace: 10_000, kill: true } as const;
/** No action's deadline is longer. */
const LONGEST: Ms = 3_600_000;
const EVERY: Ms = 500;

/**
 * Children that outlived a killed run still act on the cluster. Each is waited for until its own deadline, then ended,
 * before anything new is begun. The wall clock is only a hint here: one that jumped makes the wait shorter or longer, and no more.
 */
export async function settleOutlived(run: RunContext, runs: readonly FormerRun[]): Promise<void> {
  for (const { child, until: due, ...name } of openChildren(runs)) {
    if (!(await run.world.alive(child))) continue;
    const left = Math.min(LONGEST, Math.max(0, due - Date.parse(run.world.now())));
    const until = run.world.mono() + left;
    const { run: of, ...action } = name;
    const by = new Date(Date.parse(run.world.now()) + left).toISOString();
    await run.journal.write({ type: 'outlives', run: of, of: action, pid: child.pid, until: by });
    while (run.world.mono() < until && (await run.world.alive(child)))
      await orStopped(run.world.sleep(EVERY, run.stop), run.stop);
    const ended = (await run.world.alive(child)) ? await run.world.end(child, RULE) : false;
    await run.journal.write({ type: 'outlived', ...name, pid: child.pid, ended });
  }
}
