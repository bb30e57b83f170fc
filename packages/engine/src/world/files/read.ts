import { constants } from 'node:fs';
import { lstat, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, Problem, type Files } from '@coldstart/contract';
import { codeOf, fileProblem } from '../errno.ts';

/** Where no bound is given: larger than any file that an operator keeps by hand. */
const MAX = 16 * 1024 * 1024;
const MOST_FILES = 100_000;

const isAbsent = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';

/** The read-only half of the file system. `at` makes an operator's path absolute. */
export function reader(at: (path: string) => string): Files {
  return {
    async read(path, max = MAX) {
      const file = at(path);
      // O_NONBLOCK: a named pipe must not hold us up.
      const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
        if (isAbsent(error)) return undefined;
        throw fileProblem(error, 'read', path);
      });
      if (!handle) return undefined;
      try {
        const found = await handle.stat();
        if (found.isDirectory()) throw Object.assign(new Error('folder'), { code: 'EISDIR' });
        if (!found.isFile())
          throw new Problem(`${path} is not a file.`, { exit: EXIT.failed, remedy: 'Name a regular file.' });
        const buffer = Buffer.allocUnsafe(Math.min(found.size, max) + 1);
        let length = 0;
        let whole = buffer;
        // Files in /proc tell no size, and a file may grow while it is read.
        for (;;) {
          const { bytesRead } = await handle.read(whole, length, whole.length - length, null);
          length += bytesRead;
          if (length > max) throw tooLarge(path, max);
          if (bytesRead === 0) return new Uint8Array(whole.subarray(0, length));
          if (length === whole.length) whole = Buffer.concat([whole, Buffer.allocUnsafe(whole.length + 4096)]);
        }
      } catch (error) {
        throw error instanceof Problem ? error : fileProblem(error, 'read', path);
      } finally {
        await handle.close();
      }
    },

    async list(folder) {
      const top = at(folder);
      const names: string[] = [];
      const walk = async (below: string): Promise<void> => {
        const entries = await readdir(join(top, below), { withFileTypes: true }).catch((error: unknown) => {
          if (isAbsent(error)) return [];
          throw fileProblem(error, 'listed', join(folder, below));
        });
        for (const entry of entries) {
          const name = below === '' ? entry.name : `${below}/${entry.name}`;
          if (entry.isDirectory()) await walk(name);
          else if (entry.isFile() || (entry.isSymbolicLink() && (await leadsToFile(join(top, name))))) names.push(name);
          if (names.length > MOST_FILES)
            throw new Problem(`${folder} holds more than ${MOST_FILES} files.`, {
              exit: EXIT.usage,
              remedy: 'Name a smaller folder.',
            });
        }
      };
      await walk('');
      return names.sort();
    },

    async stat(path) {
      try {
        const { mode, size, ...found } = await lstat(at(path)).then((s) => ({
          mode: s.mode & 0o7777,
          size: s.size,
          kind: s.isFile()
            ? ('file' as const)
            : s.isDirectory()
              ? ('folder' as const)
              : s.isSymbolicLink()
                ? ('link' as const)
                : ('other' as const),
        }));
        return { ...found, mode, size };
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw fileProblem(error, 'looked at', path);
      }
    },
  };
}

const leadsToFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

const tooLarge = (path: string, max: number): Problem =>
  new Problem(`${path} is larger than ${max} bytes.`, {
    exit: EXIT.failed,
    remedy: 'Look at this file: it should be much smaller.',
  });
