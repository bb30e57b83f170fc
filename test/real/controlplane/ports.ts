import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import type { Server } from 'node:net';

/**
 * Blocks of ports below the range from which the kernel gives out ports by itself (32768 on Linux), so that no
 * outgoing connection takes one.
 */
const first = 20_000;
const size = 16;
const blocks = 750;

const listen = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/** Ports on 127.0.0.1 that are ours until `release`. */
export type Block = { ports: number[]; release: () => Promise<void> };

/**
 * Reserves a block. Its first port is listened on for as long as the block is held: that is what keeps a second run
 * out, and the kernel gives it back when the holder dies. The others are tried once and left to their users.
 */
export const reservePorts = async (): Promise<Block> => {
  for (let tries = 0; tries < 50; tries++) {
    const base = first + randomInt(blocks) * size;
    const holder = await listen(base);
    if (!holder) continue;
    const ports = Array.from({ length: size - 1 }, (_, index) => base + 1 + index);
    const free = await Promise.all(ports.map(listen));
    await Promise.all(free.map((server) => server && close(server)));
    if (free.every(Boolean)) return { ports, release: () => close(holder) };
    await close(holder);
  }
  throw new Error(`no block of ${size} free ports on 127.0.0.1 from ${first} on`);
};
