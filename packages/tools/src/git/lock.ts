import { createHash } from 'node:crypto';
import { parseLockHolder, type Exec, type Facts, type Reader, type SharedLock, succeeded } from '@coldstart/contract';
import { askAgain } from '../again.ts';
import { str } from '../json.ts';
import { textOf } from '../text/decode.ts';
import { firstWords, parseLsRemote, SSH_AS_OPERATOR, unasked, withoutLogins } from './remote.ts';

const EVERY = 60_000;
/** A remote is far away; each call has this long. */
const DEADLINE = 30_000;

/**
 * A lock that machines share which share a Git remote: the ref `refs/coldstart/lock/<cluster>` there, whose blob tells the
 * holder and its last sign of life. It stands before any API does. A push with `--force-with-lease` is the compare-and-swap:
 * the remote moves the ref only where it still stands at what was seen.
 *
 * git runs in the operator's repository, since its configuration says where the remote is and how one logs in; but new
 * objects go to scratch, no hook and no question comes in, and no ref of it moves.
 * Source: git-push(1) on `--force-with-lease` and `--porcelain`, gitrepository-layout(5) on GIT_OBJECT_DIRECTORY.
 */
export const gitRef: SharedLock = {
  id: 'git-ref',
  needs: ['lock/git'],
  every: EVERY,
  where: ({ cluster, facts }) => `the ref ${refOf(cluster)} of ${withoutLogins(remoteOf(facts))}`,
  look: async ({ cluster, facts, scratch, world }) => {
    const [remote, ref] = [remoteOf(facts), refOf(cluster)];
    const unfit = await unfitFor(world, remote);
    if (unfit !== undefined) return { is: 'untold', why: unfit };
    const listed = await askAgain(world, probe(['ls-remote', '--refs', '--', remote, ref]));
    if (!succeeded(listed)) return { is: 'untold', why: firstWords(listed) };
    const token = parseLsRemote(textOf(listed.stdout))[ref];
    if (token === undefined) return { is: 'free' };
    const text = await contentOf(world, { remote, ref, id: token, scratch });
    return { is: 'held', holder: (text !== undefined && parseLockHolder(text)) || null, token };
  },
  hold: ({ cluster, facts, scratch, holder, now, before }) => {
    const text = `${JSON.stringify({ ...holder, alive: now })}\n`;
    const token = blobId(text);
    const write: Exec = {
      ...exec(['hash-object', '-w', '--stdin'], { GIT_OBJECT_DIRECTORY: scratch }),
      stdin: { text },
    };
    return { calls: [write, push(facts, cluster, scratch, before, token)], token };
  },
  free: ({ cluster, facts, scratch, before }) => [
    { ...push(facts, cluster, scratch, before, ''), deadline: DEADLINE / 3 },
  ],
  failed: (done) => {
    const [, reason] = /^!\t\S+\t(\[(?:remote )?rejected\] \(.*\))$/m.exec(textOf(done.stdout)) ?? [];
    if (reason === undefined) return { held: false, why: firstWords(done) };
    const moved = /\(stale info\)|failed to update ref|cannot lock ref|reference already exists/;
    const remote = withoutLogins(/^remote: (.*\S)/m.exec(done.stderr)?.[1] ?? '').slice(0, 300);
    return { held: moved.test(reason), why: remote === '' ? reason : `${reason}: ${remote}` };
  },
};

const refOf = (cluster: string): string => `refs/coldstart/lock/${cluster}`;
const remoteOf = (facts: Facts): string => str(facts['lock/git'], 'remote') ?? '';

/** No hook is run by the way, and nobody is asked. */
const QUIET = ['-c', 'core.hooksPath=/dev/null', '-c', 'credential.interactive=false'];
const argvOf = (args: readonly string[]): string[] => [...QUIET, ...args];

const exec = (args: readonly string[], env: Record<string, string>): Exec => ({
  do: 'exec',
  tool: 'git',
  argv: argvOf(args),
  env: { ...unasked(SSH_AS_OPERATOR), ...env },
  deadline: DEADLINE,
  stop: { signal: 'SIGTERM', grace: 5000, kill: true },
});

const probe = (args: readonly string[], env: Record<string, string> = {}) => ({
  tool: 'git',
  argv: argvOf(args),
  env: { ...unasked(SSH_AS_OPERATOR), ...env },
  deadline: DEADLINE,
});

/** Moves the ref from `before` (null: absent) to an object, or away (`''`). */
const push = (facts: Facts, cluster: string, scratch: string, before: string | null, to: string): Exec =>
  exec(
    [
      'push',
      '--porcelain',
      '--no-signed',
      '--no-follow-tags',
      '--no-recurse-submodules',
      `--force-with-lease=${refOf(cluster)}:${before ?? ''}`,
      '--',
      remoteOf(facts),
      `${to}:${refOf(cluster)}`,
    ],
    { GIT_OBJECT_DIRECTORY: scratch },
  );

/** The id that git gives to a blob with this text. */
const blobId = (text: string): string => {
  const bytes = new TextEncoder().encode(text);
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
};

/** Why this repository and this remote cannot hold the lock; undefined where they can. */
async function unfitFor(world: Reader, remote: string): Promise<string | undefined> {
  // git takes a name that is no remote for a folder, which would be one of this repository.
  if (/^[\w.-]+$/.test(remote)) {
    const told = await world.probe(probe(['remote', 'get-url', remote]));
    if (!succeeded(told)) return firstWords(told);
  }
  const format = await world.probe(probe(['rev-parse', '--show-object-format']));
  if (!succeeded(format)) return firstWords(format);
  const name = textOf(format.stdout).trim();
  return name === 'sha1' ? undefined : `its objects are named by ${name}, and only sha1 is supported`;
}

/** What stands in the blob; undefined where it cannot be had, e.g. since the ref has moved on meanwhile. */
async function contentOf(
  world: Reader,
  of: { remote: string; ref: string; id: string; scratch: string },
): Promise<string | undefined> {
  const store = { GIT_OBJECT_DIRECTORY: of.scratch };
  const read = async (): Promise<string | undefined> => {
    const done = await world.probe(probe(['cat-file', 'blob', of.id], store));
    return !succeeded(done) ? undefined : textOf(done.stdout);
  };
  const known = await read();
  if (known !== undefined) return known;
  // git looks whether it has all that its refs name, and those objects are the repository's own.
  const own = await world.probe(probe(['rev-parse', '--git-path', 'objects']));
  if (!succeeded(own)) return undefined;
  const env = { ...store, GIT_ALTERNATE_OBJECT_DIRECTORIES: textOf(own.stdout).trim() };
  const flags = ['--quiet', '--no-write-fetch-head', '--refmap=', '--no-tags', '--no-prune', '--no-auto-maintenance'];
  await askAgain(world, probe(['fetch', ...flags, '--no-recurse-submodules', '--', of.remote, of.ref], env));
  return read();
}
