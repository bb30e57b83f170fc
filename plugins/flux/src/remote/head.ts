import { succeeded, type Ms, type Reader } from '@coldstart/contract';
import { askAgain, firstWords, parseLsRemote, SSH_AS_OPERATOR, textOf, unasked } from '@coldstart/tools';

/** Where a branch of the remote stands; `unknown`: the remote was not seen from here. */
export type Head = { is: 'at'; commit: string } | { is: 'absent' } | { is: 'unknown'; why: string };

/**
 * Asks the remote where a branch stands, with the operator's own access. Outside of any repository and without the
 * operator's git configuration: no credential helper, address rewriting or other program of it takes part.
 */
export async function branchHead(world: Reader, of: { url: string; branch: string; deadline: Ms }): Promise<Head> {
  const done = await askAgain(world, {
    tool: 'git',
    argv: ['ls-remote', '--exit-code', '--heads', '--', of.url, of.branch],
    env: {
      GIT_DIR: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      ...unasked(SSH_AS_OPERATOR),
    },
    deadline: of.deadline,
  });
  if (done.how === 'exit' && done.exit === 2) return { is: 'absent' };
  if (!succeeded(done)) return { is: 'unknown', why: firstWords(done) };
  // A name fits every branch that ends in it: `main` also lists `feature/main`.
  const commit = parseLsRemote(textOf(done.stdout))[`refs/heads/${of.branch}`];
  return commit === undefined ? { is: 'absent' } : { is: 'at', commit };
}
