import { createHash } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where built tools are kept: `COLDSTART_TOOLCHAIN`, else the user's cache folder. */
export const cacheFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  env['COLDSTART_TOOLCHAIN'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'coldstart-toolchain');

/** One digest over parts, each with its length, so that no two lists run together to the same bytes. */
export const digestOf = (parts: (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
};

const running = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** When a process began, as the kernel counts: its pid may have been another's before, above all in a container. */
const beginOf = async (pid: string | number): Promise<string | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
};

/** Whether who wrote this into a lock still runs. */
const isHeld = async (lock: string): Promise<boolean> => {
  const [pid = '', began] = lock.split(' ');
  return running(Number(pid)) && (began === undefined || began === (await beginOf(pid)));
};

/**
 * Makes `folder` by filling a temporary one beside it and renaming it: whoever looks sees all of it or nothing.
 * Where two fill the same at once, the first rename wins and the other's work is dropped.
 */
export const fillAtomically = async (folder: string, fill: (temporary: string) => Promise<void>): Promise<void> => {
  const temporary = `${folder}.building-${process.pid}`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  try {
    await fill(temporary);
    await rename(temporary, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
};

/** Removes what builders left that were killed: temporary folders of processes that are gone. */
export const sweep = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = /\.building-(\d+)$/.exec(name)?.[1];
    if (pid && !running(Number(pid))) await rm(join(folder, name), { recursive: true, force: true });
  }
};

/**
 * Holds `path` while `work` runs; a second builder waits meanwhile and then finds the result in the cache. A lock
 * whose holder is gone is taken away. Two that take it away in the same instant both build, which costs time and
 * nothing else, because fillAtomically decides.
 */
export const whileLocked = async <T>(
  path: string,
  waiting: (holder: string) => void,
  work: () => Promise<T>,
): Promise<T> => {
  for (let said = false, empty = 0; ;) {
    const file = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (file) {
      await file.writeFile(`${process.pid} ${await beginOf('self')}`).finally(() => file.close());
      break;
    }
    const holder = (await readFile(path, 'utf8').catch(() => '')).trim();
    // An empty lock is being written just now, or its writer was killed in that instant.
    empty = holder === '' ? empty + 1 : 0;
    if (empty > 10 || (holder && !(await isHeld(holder)))) await rm(path, { force: true });
    else if (holder && !said) {
      waiting(holder.split(' ')[0] ?? '');
      said = true;
    }
    await sleep(300);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
};
