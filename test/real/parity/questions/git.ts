import { createHash } from 'node:crypto';
import { git, parseBatch, parseLsRemote, parseLsTree, SSH_AS_OPERATOR } from '@coldstart/tools';
import { type Question, said, file, content } from './common.ts';

/** As remote-head asks the operator's remote: outside of any repository, without the operator's configuration. */
const bare = {
  GIT_DIR: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_SSH_COMMAND: SSH_AS_OPERATOR,
};
const heads = (url: string, branch: string): string[] => ['ls-remote', '--exit-code', '--heads', '--', url, branch];
const refs = (stdout: string): string[] => Object.keys(parseLsRemote(stdout));
const bytes = (stdout: string): Uint8Array => new TextEncoder().encode(stdout);
const oid = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
const NOWHERE = '0'.repeat(39) + '1';

/** git. */
export const ofGit: readonly Question[] = [
  {
    name: 'git: own version',
    tool: 'git',
    argv: git.version.argv,
    read: (stdout) => /^2\.\d+\.\d+$/.test(git.version.parse(stdout, '') ?? ''),
    expected: { exit: 0, read: true },
  },
  {
    name: 'git: where a branch stands',
    tool: 'git',
    argv: heads('../remote.git', 'main'),
    env: bare,
    read: refs,
    expected: { exit: 0, read: ['refs/heads/main'] },
  },
  {
    name: 'git: a branch that is none',
    tool: 'git',
    argv: heads('../remote.git', 'nowhere'),
    env: bare,
    read: refs,
    expected: { exit: 2, read: [] },
  },
  {
    name: 'git: a remote that refuses the connection',
    tool: 'git',
    argv: heads('ssh://git@127.0.0.1:9/nowhere.git', 'main'),
    env: bare,
    read: said,
    expected: { exit: 128, read: 'Connection refused' },
  },
  {
    name: 'git: a commit',
    tool: 'git',
    argv: ['ls-tree', '-r', '-z', '--full-tree', '{head}'],
    read: (stdout) => parseLsTree(bytes(stdout)).get(file),
    expected: { exit: 0, read: oid },
  },
  {
    name: 'git: a commit that is none',
    tool: 'git',
    argv: ['ls-tree', '-r', '-z', '--full-tree', NOWHERE],
    read: said,
    expected: { exit: 128, read: 'fatal: not a tree object' },
  },
  {
    name: 'git: a name that is none',
    tool: 'git',
    argv: ['ls-tree', '-r', '-z', '--full-tree', 'nowhere'],
    read: said,
    expected: { exit: 128, read: 'fatal: Not a valid object name nowhere' },
  },
  {
    name: 'git: contents, and one that is none',
    tool: 'git',
    argv: ['cat-file', '--batch'],
    stdin: `${oid}\n${NOWHERE}\n`,
    read: (stdout) => [...(parseBatch(bytes(stdout)) ?? [])].map(([id, { length }]) => [id, length]),
    expected: { exit: 0, read: [[oid, content.length]] },
  },
];
