import { connect } from 'node:net';
import type { Ms } from '@coldstart/contract';

export type Dialled = 'open' | 'refused' | 'timeout' | 'unreachable';

/** Tries a TCP connection and closes it at once. A name that does not resolve is unreachable. */
export function dial(host: string, port: number, deadline: Ms): Promise<Dialled> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => end('timeout'), deadline);
    const end = (result: Dialled): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end('open'));
    socket.on('error', (error: NodeJS.ErrnoException) => end(meaning(error)));
  });
}

function meaning(error: NodeJS.ErrnoException): Dialled {
  // Several addresses of one name: refused if one of them answered so.
  const codes = error instanceof AggregateError ? error.errors.map((e: NodeJS.ErrnoException) => e.code) : [error.code];
  if (codes.includes('ECONNREFUSED')) return 'refused';
  return codes.includes('ETIMEDOUT') ? 'timeout' : 'unreachable';
}
