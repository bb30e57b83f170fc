import {
  closeSync,
  constants,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The real disk, synchronously: while a call of it lasts, no virtual time can pass. The operator's files are only read
 * here; what is written is a rehearsal's own state under `.coldstart/`. Whole or not at all, and without fsync: after a loss
 * of power a rehearsal is not gone on with.
 */
export type Stat = { kind: 'file' | 'folder' | 'link' | 'other'; mode: number; size: number };

export function readReal(path: string): Uint8Array | undefined {
  try {
    return absent(() => readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EISDIR') throw new Error(`${path} is a folder`, { cause: error });
    throw error;
  }
}

export function statReal(path: string): Stat | undefined {
  return absent(() => {
    const stat = lstatSync(path);
    const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'link' : 'other';
    return { kind, mode: stat.mode & 0o7777, size: stat.size };
  });
}

/** Names of the files below a folder, relative to it. Links to folders are not followed. */
export function listReal(folder: string): string[] {
  const found: string[] = [];
  const walk = (below: string): void => {
    for (const entry of absent(() => readdirSync(join(folder, below), { withFileTypes: true })) ?? []) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) walk(name);
      else if (!entry.isSymbolicLink() || statOrNothing(join(folder, name)) === 'file') found.push(name);
    }
  };
  walk('');
  return found;
}

/** Writes a file whole: temporary file beside it, rename. */
export function writeReal(path: string, bytes: Uint8Array, mode: number): void {
  const temporary = `${path}.lab-${process.pid}.tmp`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (statReal(path)?.kind === 'link') throw new Error(`${path} is a link`);
  put(temporary, bytes, mode, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW);
  renameSync(temporary, path);
}

/** Writes a new file; false where there is one. */
export function createReal(path: string, bytes: Uint8Array, mode: number): boolean {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    put(path, bytes, mode, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  return true;
}

export function removeReal(path: string): void {
  rmSync(path, { force: true });
}

export function appendReal(path: string, line: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  put(
    path,
    Buffer.from(`${line}\n`),
    0o600,
    constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW,
  );
}

function put(path: string, bytes: Uint8Array, mode: number, flags: number): void {
  const file = openSync(path, flags, mode);
  try {
    let done = 0;
    while (done < bytes.length) done += writeSync(file, bytes, done);
    if ((flags & constants.O_APPEND) === 0) fchmodSync(file, mode);
  } finally {
    closeSync(file);
  }
}

function statOrNothing(path: string): 'file' | 'folder' | undefined {
  return absent(() => (statSync(path).isDirectory() ? 'folder' : 'file'));
}

/** The result, or undefined where the file is not there. */
function absent<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
