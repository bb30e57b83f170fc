import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { EXIT, Problem } from '@coldstart/contract';
import { codeOf, fileProblem } from '../errno.ts';

/** An operator's path as an absolute one: relative to the root, `~` and `~/` are the home folder. */
export function absolute(path: string, root: string, home: string): string {
  if (path.includes('\0'))
    throw new Problem('A path holds a NUL character.', { exit: EXIT.usage, remedy: 'Correct the path.' });
  if (path === '~') return home;
  return path.startsWith('~/') ? resolve(home, path.slice(2)) : resolve(root, path);
}

export function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** The real path of a path whose last parts may not exist yet. */
export async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) throw fileProblem(error, 'reached', path);
    return resolve(await realOf(parent), relative(parent, path));
  }
}

/** Refuses (exit 5) a path outside the folders that may be written to; folders that are links count as what they lead to. */
export async function checkWritable(path: string, roots: readonly string[]): Promise<void> {
  const folder = await realOf(dirname(path));
  const real = resolve(folder, relative(dirname(path), path));
  for (const root of roots) if (isBelow(real, await realOf(root))) return;
  throw new Problem(`${path} lies outside the folders that coldstart writes to.`, {
    exit: EXIT.refused,
    remedy: `Choose a path below ${roots.join(' or ')}.`,
  });
}
