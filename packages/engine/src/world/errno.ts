import { EXIT, Problem } from '@coldstart/contract';

const causes: Record<string, [what: string, remedy: (path: string) => string]> = {
  ENOSPC: ['the disk is full', (path) => `Make room on the file system of ${path}.`],
  EDQUOT: ['the disk quota is used up', (path) => `Make room, or raise the quota, on the file system of ${path}.`],
  EROFS: [
    'the file system is read-only',
    (path) => `Mount the file system of ${path} writable, or choose another path.`,
  ],
  EACCES: ['access is denied', (path) => `Give this user access to ${path} and its folders.`],
  EPERM: ['it is not permitted', (path) => `Give this user the right to change ${path}.`],
  EISDIR: ['it is a folder', (path) => `Choose a path that is a file, or move the folder ${path} away.`],
  EEXIST: ['a file stands where a folder is needed', (path) => `Look at the folders of ${path}.`],
  ENOTDIR: ['a part of its path is not a folder', (path) => `Look at the folders of ${path}.`],
  ELOOP: [
    'it is a link, and links are not followed here',
    (path) => `Replace the link ${path} by the file itself, or name that file.`,
  ],
  ENAMETOOLONG: ['the name is too long', (path) => `Choose a shorter path than ${path}.`],
  EMFILE: ['too many files are open', () => 'Raise the limit of open files (ulimit -n).'],
  ENFILE: ['too many files are open on this machine', () => 'Raise the limit of open files of this machine.'],
  EIO: ['the disk reports an error', (path) => `Look at the disk of ${path} (dmesg).`],
};

export const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

/** An error of the file system as a `Problem` with file, cause and remedy. `verb`: `read`, `written`, … */
export function fileProblem(error: unknown, verb: string, path: string): Problem {
  const code = codeOf(error) ?? 'unknown error';
  const [what, remedy] = causes[code] ?? [code, (at: string) => `Look at ${at} and its folders.`];
  return new Problem(`${path} cannot be ${verb}: ${what}.`, { exit: EXIT.failed, remedy: remedy(path), cause: error });
}
