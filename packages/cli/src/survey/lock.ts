import { resolve, sep } from 'node:path';
import { type Contribution, type Finding, type Survey } from '@coldstart/contract';
import { CONFIG_FILE } from '../config/read.ts';

/** The lock that is taken at the remote which the configuration names. */
const LOCK = 'git-ref';

/**
 * The remote at which machines that share it keep one another out. No fact where none is configured: that lock is then not
 * taken.
 */
export function lockSurvey(root: string, brought: readonly Contribution[]): Survey {
  return {
    id: 'lock/git',
    needs: [],
    provides: ['lock/git'],
    run: async ({ config }) => {
      const { git: remote } = config as { git?: string };
      const nothing = { read: [], assumed: [], problems: [], secrets: [] };
      if (remote === undefined) return { facts: {}, ...nothing };
      const problem = problemWith(remote, root, brought);
      return problem
        ? { facts: {}, ...nothing, problems: [{ file: CONFIG_FILE, ...problem }] }
        : { facts: { 'lock/git': { remote } }, ...nothing };
    },
  };
}

function problemWith(
  remote: string,
  root: string,
  brought: readonly Contribution[],
): Omit<Finding, 'file'> | undefined {
  if (!brought.some(({ locks }) => locks.some(({ id }) => id === LOCK)))
    return { found: `lock.git: ${remote}`, expected: 'a plugin that takes that lock, and none installed does' };
  // What is pushed to a folder runs the hooks that lie in it.
  if (
    remote.startsWith('file:') &&
    `${resolve(remote.slice('file://'.length))}${sep}`.startsWith(`${resolve(root)}${sep}`)
  )
    return { found: `lock.git: ${remote}`, expected: 'a remote outside of this repository' };
  return undefined;
}
