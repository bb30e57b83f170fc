import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** The port of one address: what comes in is handed on, and every connection can be cut. */
export type Door = {
  /** Opens it for a kind of visitor; `null` closes it, so that connections are refused. Connections of before end softly. */
  open: (take: ((socket: Socket) => void) | null) => Promise<void>;
  /** Cuts the connection with this peer (`address:port`): FIN, or RST. */
  cut: (peer: string, how: 'fin' | 'rst') => void;
  close: () => Promise<void>;
};

/** Time for answers that are on their way when the door closes, ms. */
const GRACE = 400;

export const doorAt = (host: string, port: number): Door => {
  const sockets = new Map<string, Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let server: Server | null = null;

  const shut = async (): Promise<void> => {
    const old = server;
    server = null;
    if (!old) return;
    // Stops listening at once; the callback would wait for the connections.
    old.close();
    const leaving = [...sockets.values()];
    const timer = setTimeout(() => {
      timers.delete(timer);
      for (const socket of leaving) socket.destroy();
    }, GRACE);
    timers.add(timer);
  };

  const listen = (take: (socket: Socket) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      const fresh = createServer((socket) => {
        const peer = `${socket.remoteAddress}:${socket.remotePort}`;
        sockets.set(peer, socket);
        socket.once('close', () => sockets.delete(peer));
        // A client that leaves in the middle is nothing to us.
        socket.on('error', () => {});
        take(socket);
      });
      fresh.once('error', reject);
      fresh.listen({ host, port }, () => {
        server = fresh;
        resolve();
      });
    });

  return {
    open: async (take) => {
      await shut();
      if (take) await listen(take);
    },
    cut: (peer, how) => {
      const socket = sockets.get(peer);
      if (how === 'rst') socket?.resetAndDestroy();
      else socket?.destroy();
    },
    close: async () => {
      await shut();
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets.values()) socket.destroy();
    },
  };
};
