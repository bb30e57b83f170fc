import { createHash } from 'node:crypto';
import type { Done, Exec } from '@coldstart/contract';
import { git, gitRef, parseBatch, parseLsRemote, parseLsTree, SSH_AS_OPERATOR, unasked } from '@coldstart/tools';
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

/** Where both sides keep objects that are not the repository's: what is written, and what another machine would fetch. */
export const stores = { own: '.coldstart/objects', other: '.coldstart/other-objects' };
/** What `origin` is, on both sides. */
export const origin = '../remote.git';
const holder = {
  user: 'operator',
  host: 'here',
  pid: 1,
  started: '1',
  boot: 'boot',
  run: 'run',
  procedure: 'create',
  at: '2026-01-01T00:00:00Z',
};
const at = (remote = 'origin') => ({
  cluster: 'infra',
  facts: { 'lock/git': { remote } },
  scratch: stores.own,
  holder,
});
const REF = 'refs/coldstart/lock/infra';
/** The lock's own calls: it is taken, and given a sign of life twice. */
const holding = (minute: number, before: string | null, remote?: string) =>
  gitRef.hold({ ...at(remote), now: `2026-01-01T00:0${minute}:00Z`, before, over: false });
const taken = holding(0, null);
const alive = holding(1, taken.token);
/** Another machine, which has not seen the sign of life. */
const late = holding(2, taken.token);
const words = (texts: readonly unknown[]): string[] =>
  texts.map((text) => (typeof text === 'string' ? text : `a hole: ${JSON.stringify(text)}`));
const textOf = ({ stdin }: Exec): string => (stdin && 'text' in stdin ? stdin.text : '');
/** A question out of the lock's own call. */
const carriedOut = (name: string, call: Exec | undefined, rest: Pick<Question, 'read' | 'expected'>): Question => {
  if (!call) throw new Error(`the lock has no call for: ${name}`);
  const [names, values] = [Object.keys(call.env ?? {}), words(Object.values(call.env ?? {}))];
  return {
    name: `git: ${name}`,
    tool: 'git',
    argv: words(call.argv),
    env: Object.fromEntries(names.map((one, index) => [one, values[index] ?? ''])),
    ...(textOf(call) !== '' && { stdin: textOf(call) }),
    changes: true,
    ...rest,
  };
};
/** As the lock asks, with the same words before the command. */
const QUIET = words(taken.calls[0]?.argv ?? []).slice(0, -3);
const looking = (
  name: string,
  argv: readonly string[],
  rest: Pick<Question, 'read' | 'expected'>,
  env: Readonly<Record<string, string>> = {},
): Question => ({
  name: `git: ${name}`,
  tool: 'git',
  argv: [...QUIET, ...argv],
  env: { ...unasked(SSH_AS_OPERATOR), ...env },
  ...rest,
});
/** Into the store of a machine that has not written the object itself. */
const elsewhere = { GIT_OBJECT_DIRECTORY: stores.other };
const fetching = (ref: string, remote = 'origin'): string[] => [
  'fetch',
  '--quiet',
  '--no-write-fetch-head',
  '--refmap=',
  '--no-tags',
  '--no-prune',
  '--no-auto-maintenance',
  '--no-recurse-submodules',
  '--',
  remote,
  ref,
];
const beside = { ...elsewhere, GIT_ALTERNATE_OBJECT_DIRECTORIES: '.git/objects' };
const trimmed = (stdout: string): string => stdout.trim();
/** How a push went, by its mark, and what the lock makes of it where it failed. */
const pushed = (stdout: string, stderr: string): unknown => {
  const mark = /^([-+*=!])\t/m.exec(stdout)?.[1] ?? null;
  if (mark !== '!') return mark;
  const done: Done = { exit: 1, how: 'exit', stdout: bytes(stdout), stderr };
  return gitRef.failed(done);
};

/** What the lock asks of git, and does with it, in its order. */
const ofLock: readonly Question[] = [
  looking('where a remote is', ['remote', 'get-url', 'origin'], { read: trimmed, expected: { exit: 0, read: origin } }),
  looking('a remote that is none', ['remote', 'get-url', 'nowhere'], {
    read: said,
    expected: { exit: 2, read: "error: No such remote 'nowhere'" },
  }),
  looking('how objects are named', ['rev-parse', '--show-object-format'], {
    read: trimmed,
    expected: { exit: 0, read: 'sha1' },
  }),
  looking("where the repository's own objects are", ['rev-parse', '--git-path', 'objects'], {
    read: trimmed,
    expected: { exit: 0, read: '.git/objects' },
  }),
  looking('a lock that is free', ['ls-remote', '--refs', '--', 'origin', REF], {
    read: parseLsRemote,
    expected: { exit: 0, read: {} },
  }),
  looking('a lock at a remote that is none', ['ls-remote', '--refs', '--', 'nowhere', REF], {
    read: said,
    expected: { exit: 128, read: "fatal: 'nowhere' does not appear to be a git repository" },
  }),
  carriedOut("write a lock's holder", taken.calls[0], {
    read: trimmed,
    expected: { exit: 0, read: taken.token },
  }),
  carriedOut('take a lock that is free', taken.calls[1], { read: pushed, expected: { exit: 0, read: '*' } }),
  carriedOut('take a lock, the same again', taken.calls[1], { read: pushed, expected: { exit: 0, read: '=' } }),
  looking('a lock that is held', ['ls-remote', '--refs', '--', 'origin', REF], {
    read: parseLsRemote,
    expected: { exit: 0, read: { [REF]: taken.token } },
  }),
  carriedOut('write a sign of life', alive.calls[0], { read: trimmed, expected: { exit: 0, read: alive.token } }),
  carriedOut('give a sign of life', alive.calls[1], { read: pushed, expected: { exit: 0, read: '+' } }),
  carriedOut("write another's sign of life", late.calls[0], { read: trimmed, expected: { exit: 0, read: late.token } }),
  carriedOut('give a sign of life where the lock has moved', late.calls[1], {
    read: pushed,
    expected: { exit: 1, read: { held: true, why: '[rejected] (stale info)' } },
  }),
  looking(
    'a holder that is not here',
    ['cat-file', 'blob', alive.token ?? ''],
    { read: said, expected: { exit: 128, read: `fatal: git cat-file ${alive.token}: bad file` } },
    elsewhere,
  ),
  looking(
    'fetch a ref that is none',
    fetching('refs/coldstart/lock/nowhere'),
    { read: said, expected: { exit: 128, read: "fatal: couldn't find remote ref refs/coldstart/lock/nowhere" } },
    beside,
  ),
  looking(
    'fetch a holder',
    fetching(REF),
    { read: (stdout, stderr) => [stdout, stderr], expected: { exit: 0, read: ['', ''] } },
    beside,
  ),
  looking(
    'a holder that was fetched',
    ['cat-file', 'blob', alive.token ?? ''],
    { read: (stdout) => stdout, expected: { exit: 0, read: textOf(alive.calls[0] as Exec) } },
    elsewhere,
  ),
  carriedOut('give a lock back that has moved', gitRef.free({ ...at(), before: taken.token })[0], {
    read: pushed,
    expected: { exit: 1, read: { held: true, why: '[rejected] (stale info)' } },
  }),
  carriedOut('give a lock back', gitRef.free({ ...at(), before: alive.token })[0], {
    read: pushed,
    expected: { exit: 0, read: '-' },
  }),
  looking('a lock that was given back', ['ls-remote', '--refs', '--', 'origin', REF], {
    read: parseLsRemote,
    expected: { exit: 0, read: {} },
  }),
  carriedOut('give a lock back that is gone', gitRef.free({ ...at(), before: alive.token })[0], {
    read: pushed,
    expected: { exit: 1, read: { held: true, why: '[rejected] (stale info)' } },
  }),
  ...[
    ['that is none', 'nowhere', "fatal: 'nowhere' does not appear to be a git repository"],
    ['that refuses the connection', 'ssh://git@127.0.0.1:9/nowhere.git', 'Connection refused'],
  ].map(([which, remote, why]) =>
    carriedOut(`take a lock at a remote ${which}`, holding(3, null, remote).calls[1], {
      read: said,
      expected: { exit: 128, read: why },
    }),
  ),
  looking(
    'fetch a holder from a remote that refuses the connection',
    fetching(REF, 'ssh://git@127.0.0.1:9/nowhere.git'),
    { read: said, expected: { exit: 128, read: 'Connection refused' } },
    beside,
  ),
];

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
  ...ofLock,
];
