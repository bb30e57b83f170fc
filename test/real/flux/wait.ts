import { connect } from 'node:net';

import type { Supervisor } from '../controlplane/supervised.ts';
import { untilServed } from '../controlplane/until-served.ts';

const WITHIN = 60_000;

/** Waits until an address answers, with whatever status. */
export const untilAnswers = (supervisor: Supervisor, name: string, url: string, log: string): Promise<void> =>
  untilServed(supervisor, { name, what: url, log, within: WITHIN }, async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    await response?.body?.cancel();
    return response !== undefined && response.status < 500;
  });

/** Waits until a port of this machine takes connections. */
export const untilOpen = (supervisor: Supervisor, name: string, port: number, log: string): Promise<void> =>
  untilServed(supervisor, { name, what: `127.0.0.1:${port}`, log, within: WITHIN }, () => {
    const socket = connect(port, '127.0.0.1');
    return new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    }).finally(() => socket.destroy());
  });
