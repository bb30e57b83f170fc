import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Supervisor } from '../controlplane/supervised.ts';

/** Waits until an address answers, with whatever status. */
export const untilAnswers = (supervisor: Supervisor, name: string, url: string, log: string): Promise<void> =>
  until(supervisor, name, url, log, async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    await response?.body?.cancel();
    return response !== undefined && response.status < 500;
  });

/** Waits until a port of this machine takes connections. */
export const untilOpen = (supervisor: Supervisor, name: string, port: number, log: string): Promise<void> =>
  until(supervisor, name, `127.0.0.1:${port}`, log, () => {
    const socket = connect(port, '127.0.0.1');
    return new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    }).finally(() => socket.destroy());
  });

const WITHIN = 60_000;

/** Says the last lines of what the supervisor runs where it ends or stays silent. */
const until = async (
  supervisor: Supervisor,
  name: string,
  where: string,
  log: string,
  isUp: () => Promise<boolean>,
): Promise<void> => {
  const tail = async (): Promise<string> =>
    (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-8).join('\n');
  for (const end = performance.now() + WITHIN; !(await isUp()); await sleep(100)) {
    const ended = supervisor.ended().find((one) => one.name === name);
    if (ended) throw new Error(`${name} ended (${ended.how}) before ${where} answered:\n${await tail()}`);
    if (performance.now() > end) throw new Error(`${where} did not answer within ${WITHIN / 1000} s:\n${await tail()}`);
  }
};
