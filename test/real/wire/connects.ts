import { createConnection } from 'node:net';

/** Whether a connection comes about there. Nothing within two seconds is no. */
export const connects = (door: { host: string; port: number }): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(door);
    const timer = setTimeout(() => socket.destroy(), 2_000);
    // What is destroyed on its way neither connects nor fails: it only closes.
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket
      .on('error', () => {})
      .once('close', () => {
        clearTimeout(timer);
        resolve(false);
      });
  });
