import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Supervisor } from './supervised.ts';

/**
 * Looks until what a supervisor runs as `name` serves `what`; says the last lines of its log where it ends, or does not
 * serve within so many ms.
 */
export const untilServed = async (
  supervisor: Supervisor,
  { name, what, log, within }: { name: string; what: string; log: string; within: number },
  look: () => Promise<boolean>,
): Promise<void> => {
  const tail = async (): Promise<string> =>
    (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-12).join('\n');
  for (const end = performance.now() + within; !(await look().catch(() => false)); await sleep(100)) {
    const ended = supervisor.ended().find((one) => one.name === name);
    if (ended) throw new Error(`${name} ended (${ended.how}) before ${what} answered:\n${await tail()}`);
    if (performance.now() > end)
      throw new Error(`${name}: ${what} did not answer within ${within / 1000} s:\n${await tail()}`);
  }
};
