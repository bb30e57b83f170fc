import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EXIT, Problem } from '@coldstart/contract';
import { codeOf, fileProblem } from '../errno.ts';
import { isRunning } from '../process/child.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_APPEND } = constants;

/** Writes a file whole: whoever reads it sees the old bytes or the new ones, also after a power loss. `path` is absolute. */
export function replaceFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  return asProblem('written', path, async () => {
    await refuseLink(path);
    const temporary = await temporaryFile(path, bytes, mode);
    await rename(temporary, path).catch(async (error: unknown) => {
      await unlink(temporary).catch(() => {});
      throw error;
    });
    await syncFolder(dirname(path));
  });
}

/** Writes a new file whole; false where anything, also a link, stands there. */
export function createFile(path: string, bytes: Uint8Array, mode: number): Promise<boolean> {
  return asProblem('created', path, async () => {
    const temporary = await temporaryFile(path, bytes, mode);
    try {
      await link(temporary, path);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      // File systems without hard links (exFAT, shared folders): exclusive all the same, though not whole after a crash.
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error) ?? '')) throw error;
      if (!(await createPlainly(path, bytes, mode))) return false;
    } finally {
      await unlink(temporary).catch(() => {});
    }
    await syncFolder(dirname(path));
    return true;
  });
}

async function createPlainly(path: string, bytes: Uint8Array, mode: number): Promise<boolean> {
  try {
    await fill(await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode), bytes, mode);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    await unlink(path).catch(() => {});
    throw error;
  }
}

export function removeFile(path: string): Promise<void> {
  return asProblem('removed', path, async () => {
    try {
      await unlink(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return;
      throw error;
    }
    await syncFolder(dirname(path));
  });
}

/** Adds a line to a log (0600); it is on disk when this answers. A line that does not fit is taken back whole. */
export function appendLine(path: string, line: string): Promise<void> {
  return asProblem('written', path, async () => {
    await makeFolder(dirname(path), 0o600);
    const isNew = (await lstat(path).catch(() => undefined)) === undefined;
    const log = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      const { size } = await log.stat();
      try {
        await log.writeFile(`${line}\n`);
        await log.datasync();
      } catch (error) {
        await log.truncate(size).catch(() => {});
        throw error;
      }
    } finally {
      await log.close();
    }
    if (isNew) await syncFolder(dirname(path));
  });
}

/** The bytes in a new file beside `path`, on disk. Its name tells whose it is, so that what a killed process left can be swept. */
async function temporaryFile(path: string, bytes: Uint8Array, mode: number): Promise<string> {
  const folder = dirname(path);
  await makeFolder(folder, mode);
  await sweepTemporaries(folder, basename(path));
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  try {
    await fill(await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600), bytes, mode);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  return temporary;
}

async function fill(file: FileHandle, bytes: Uint8Array, mode: number): Promise<void> {
  try {
    await file.writeFile(bytes);
    // The mode that was asked for, whatever the umask.
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function sweepTemporaries(folder: string, name: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(`.${name}.`)) continue;
    const pid = /^(\d+)-[0-9a-f]{12}\.tmp$/.exec(entry.slice(name.length + 2))?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await unlink(join(folder, entry)).catch(() => {});
  }
}

/** Missing folders are private where the file is. */
async function makeFolder(folder: string, mode: number): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: (mode & 0o077) === 0 ? 0o700 : 0o755 });
  if (made !== undefined) await syncFolder(dirname(made));
}

async function refuseLink(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.isSymbolicLink())
    throw new Problem(`${path} is a link, and coldstart does not write through links.`, {
      exit: EXIT.refused,
      remedy: `Replace the link ${path} by the file itself, or name that file.`,
    });
}

/** A rename is only there for good once its folder is on disk. Some file systems cannot sync a folder; then it is not needed or not possible. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EISDIR'].includes(codeOf(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

async function asProblem<T>(verb: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Problem ? error : fileProblem(error, verb, path);
  }
}
