import type { Tool } from '@coldstart/contract';
import { hasFlag, words } from '../argv.ts';

const VALUED = new Set(['-C', '-c', '--git-dir', '--work-tree']);
/** Flags by which a command that reads runs a program or writes a file. */
const ACTS = ['--upload-pack', '--exec', '--textconv', '--filters', '--ext-diff', '--output'];
const READS = new Set([
  'ls-remote',
  'status',
  'rev-parse',
  'rev-list',
  'cat-file',
  'log',
  'show',
  'ls-files',
  'ls-tree',
  'merge-base',
  'check-ignore',
  'diff',
  'version',
  'describe',
  'for-each-ref',
  'blame',
]);

/** With these, a fetch adds objects that nothing names: no ref, no FETCH_HEAD, nothing that is swept or run. */
const OBJECTS_ONLY = ['--no-write-fetch-head', '--refmap=', '--no-tags', '--no-prune', '--no-auto-maintenance'];

/** A refspec with a right side writes a ref. */
function bringsObjectsOnly(argv: readonly string[]): boolean {
  const [, remote, ...refs] = words(argv, VALUED);
  const flags = argv.slice(argv.indexOf('fetch') + 1).filter((word) => word.startsWith('-') && word !== '--');
  return (
    remote !== undefined &&
    OBJECTS_ONLY.every((flag) => flags.includes(flag)) &&
    flags.every((flag) => [...OBJECTS_ONLY, '--quiet', '--no-recurse-submodules'].includes(flag)) &&
    refs.length > 0 &&
    refs.every((ref) => ref.startsWith('refs/') && !ref.includes(':'))
  );
}

/** https://git-scm.com/docs */
export const git: Tool = {
  name: 'git',
  version: { argv: ['--version'], parse: parseGitVersion },
  known: { from: '2.30.0', below: '3.0.0' },
  reads: (argv) => {
    const [command, below] = words(argv, VALUED);
    if (command === undefined) return argv.includes('--version');
    if (hasFlag(argv, ...ACTS)) return false;
    return (
      READS.has(command) ||
      (command === 'fetch' && bringsObjectsOnly(argv)) ||
      (command === 'remote' && (below === 'get-url' || below === 'show')) ||
      (command === 'config' && argv.some((a) => /^--(get|list)/.test(a)))
    );
  },
  env: ['SSH_AUTH_SOCK', 'HTTPS_PROXY', 'NO_PROXY'],
};

/** `git version 2.47.1`, with whatever a distribution adds. */
export function parseGitVersion(stdout: string): string | null {
  return stdout.match(/git version (\d+\.\d+(?:\.\d+)?)/)?.[1] ?? null;
}
