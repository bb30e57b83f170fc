import { constants } from 'node:fs';
import { lstat, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Child } from '@coldstart/contract';
import { fileProblem } from '../errno.ts';
import { isAlive, isRunning } from '../process/child.ts';

const PREFIX = 'coldstart-scratch-';
const OWNER = '.owner';

export type Scratch = {
  /** A new private file (0600); its path. */
  put(name: string, bytes: Uint8Array): Promise<string>;
  sweep(): Promise<void>;
};

/** A private folder (0700) below `base`, made when the first file is put, gone after `sweep`. */
export function openScratch(base: string, self: Child): Scratch {
  let folder: Promise<string> | undefined;
  let count = 0;
  const make = async (): Promise<string> => {
    const made = await mkdtemp(join(base, `${PREFIX}${self.pid}-`));
    await writeNew(join(made, OWNER), Buffer.from(JSON.stringify(self)));
    return made;
  };
  return {
    async put(name, bytes) {
      try {
        folder ??= make();
        count += 1;
        const path = join(await folder, `${count}-${name.replace(/[^\w.-]/g, '_').slice(-80)}`);
        await writeNew(path, bytes);
        return path;
      } catch (error) {
        throw fileProblem(error, 'written', join(base, PREFIX));
      }
    },
    async sweep() {
      const made = await folder?.catch(() => undefined);
      folder = undefined;
      if (made !== undefined) await rm(made, { recursive: true, force: true });
    },
  };
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    await file.writeFile(bytes);
  } finally {
    await file.close();
  }
}

/** Removes what killed processes left below `base`: only real folders of this user whose owner is gone. */
export async function sweepStale(base: string): Promise<void> {
  for (const name of await readdir(base).catch(() => [])) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined) continue;
    const path = join(base, name);
    const found = await lstat(path).catch(() => undefined);
    if (!found?.isDirectory() || found.uid !== process.getuid?.()) continue;
    const owner = await readFile(join(path, OWNER), 'utf8')
      .then((text) => JSON.parse(text) as Child)
      .catch(() => undefined);
    const inUse = owner ? isAlive(owner) : isRunning(Number(pid));
    if (!inUse) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}
