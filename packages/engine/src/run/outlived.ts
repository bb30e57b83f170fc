import type { Ms } from '@coldstart/contract';
import type { FormerRun } from '../journal/past.ts';
import { openChildren } from '../journal/past.ts';
import type { RunContext } from './context.ts';
import { orStopped } from './interrupt.ts';

const RULE = { signal: 'SIGTERM', grace: 10_000, kill: true } as const;
const WAIT: Ms = 60_000;
const EVERY: Ms = 500;

/**
 * Children that outlived a killed run still act on the cluster. Each is waited for (60 s at most), then ended, before
 * anything new is begun.
 */
export async function settleOutlived(run: RunContext, runs: readonly FormerRun[]): Promise<void> {
  for (const { child, ...name } of openChildren(runs)) {
    if (!(await run.world.alive(child))) continue;
    const until = run.world.mono() + WAIT;
    while (run.world.mono() < until && (await run.world.alive(child))) await orStopped(run.world.sleep(EVERY, run.stop), run.stop);
    const ended = (await run.world.alive(child)) ? await run.world.end(child, RULE) : false;
    await run.journal.write({ type: 'outlived', ...name, pid: child.pid, ended });
  }
}
