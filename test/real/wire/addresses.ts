import { randomInt } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { parse } from 'yaml';

type Table = {
  from: string;
  to: string;
  second: [number, number];
  third: [number, number];
  port: number;
  held: number;
};

/** A /24 of loopback that is this run's until `release`. */
export type Block = {
  /** Its first three numbers, e.g. `127.123.45`. */
  prefix: string;
  port: number;
  /** The address here that stands for one of the example's. */
  of: (address: string) => string;
  /** Puts this run's addresses into a text. */
  map: (text: string) => string;
  release: () => Promise<void>;
};

const readTable = async (): Promise<Table> =>
  parse(await readFile(new URL('addresses.yaml', import.meta.url), 'utf8')) as Table;

/** Takes a /24 that no other run has: one of its addresses is listened on, and the kernel gives it back when we die. */
export const reserveBlock = async (): Promise<Block> => {
  const table = await readTable();
  const between = ([from, to]: [number, number]): number => randomInt(from, to + 1);
  for (let tries = 0; tries < 50; tries++) {
    const prefix = `${table.to}.${between(table.second)}.${between(table.third)}`;
    const holder = createServer((socket) => socket.destroy());
    const held = await new Promise<boolean>((resolve) => {
      holder.once('error', () => resolve(false));
      holder.listen({ host: `${prefix}.${table.held}`, port: table.port, exclusive: true }, () => resolve(true));
    });
    if (!held) continue;
    const map = (text: string): string => text.replaceAll(`${table.from}.`, `${prefix}.`);
    const release = (): Promise<void> => new Promise((resolve) => holder.close(() => resolve()));
    return { prefix, port: table.port, of: map, map, release };
  }
  throw new Error('no free /24 of loopback after 50 tries');
};

/** Maps every file of a repository's copy in place; returns the files that changed. */
export const mapRepository = async (root: string, block: Block): Promise<string[]> => {
  const changed: string[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || path.startsWith(join(root, '.git/')) || path.startsWith(join(root, '.coldstart/'))) continue;
    const before = await readFile(path, 'utf8');
    const after = block.map(before);
    if (after === before) continue;
    await writeFile(path, after);
    changed.push(path);
  }
  return changed.sort();
};
