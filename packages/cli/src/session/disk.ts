import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EXIT, Problem } from '@coldstart/contract';

/** A file of the operator's choosing, e.g. a plan or a saved world; undefined where there is none. */
export async function readWhole(file: string, max: number): Promise<Uint8Array | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (!found) return undefined;
  if (!found.isFile() || found.size > max) {
    throw new Problem(`${file} is ${found.isFile() ? `larger than ${max} bytes` : 'not a file'}`, {
      exit: EXIT.usage,
      remedy: 'name another file',
    });
  }
  return readFile(file);
}

/** The files below a folder, relative to it, sorted; undefined where it is no folder. */
export async function listFiles(folder: string): Promise<string[] | undefined> {
  const found = await stat(folder).catch(() => undefined);
  return found?.isDirectory() ? (await readdir(folder, { recursive: true })).sort() : undefined;
}

/** Writes a file of the operator's choosing whole or not at all: temporary file, fsync, rename. Mode 0600. */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new Problem(`${file} could not be written: ${(error as Error).message}`, {
      exit: EXIT.usage,
      remedy: 'name another file',
      cause: error,
    });
  }
}
