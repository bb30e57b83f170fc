import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Done, Facts, World } from '@coldstart/contract';
import { openRealWorld } from '@coldstart/engine';
import { git as tool, gitRef } from '@coldstart/tools';
import {
  bareWorld,
  carryOut,
  changesReceived,
  EXAMPLE,
  survey,
  type BroughtUp,
  type Ground,
} from './support/bring-up.ts';
import { through } from './support/killed.ts';
import { deviations, holderOn, notes } from './support/locks.ts';
import { gitAt, gitEnv } from './support/real-git.ts';

/**
 * The lock through the real git: a bare repository on this disk, and a clone for each of two machines. All that is not git
 * is the lab's, whose clock stands while git is at work.
 */
let folder: string;
let ground: Ground;
const REF = 'refs/coldstart/lock/infra';
const cluster = 'infra';
const git = gitAt(() => folder);
const at = (name: string): string => join(folder, name);
const remote = (): string => `file://${at('remote.git')}`;
const refs = (): string => git(at('remote.git'), 'for-each-ref', '--format=%(refname)', 'refs/coldstart');
const hook = (name: string, where: string, ...lines: string[]): void =>
  writeFileSync(at(`${where}/hooks/${name}`), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
const onceReceived = (...lines: string[]): void => hook('pre-receive', 'remote.git', ...lines);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'coldstart-lock-git-'));
  cpSync(EXAMPLE, at('a'), { recursive: true, filter: (path) => !['.git', '.coldstart'].includes(basename(path)) });
  git(folder, 'init', '-q', '--bare', '-b', 'main', at('remote.git'));
  git(at('a'), 'init', '-q', '-b', 'main');
  git(at('a'), 'add', '-A');
  git(at('a'), 'commit', '-qm', 'first');
  git(at('a'), 'remote', 'add', 'origin', remote());
  git(at('a'), 'push', '-q', 'origin', 'main');
  git(folder, 'clone', '-q', remote(), at('b'));
  ground = await survey({ root: at('a'), config: { lock: { git: 'origin' } } });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  for (const one of ['remote.git/hooks/pre-receive', 'a/.git/hooks/pre-push']) rmSync(at(one), { force: true });
  for (const ref of refs().split('\n').filter(Boolean)) git(at('remote.git'), 'update-ref', '-d', ref);
});

const opened: World[] = [];
const real = async (clone: string): Promise<World> => {
  const world = await openRealWorld({ root: at(clone), env: gitEnv(folder), tools: [tool] });
  opened.push(world);
  return world;
};
afterEach(() => Promise.all(opened.splice(0).map((world) => world.close())));

/** git as the real door calls it, but at once: the lab's clock must not go on meanwhile. */
function atOnce(clone: string): Pick<World, 'probe' | 'spawn'> {
  const call = ({
    argv,
    stdin,
    env: own,
  }: {
    argv: string[];
    stdin?: Uint8Array;
    env?: Record<string, string>;
  }): Done => {
    const { status, stdout, stderr } = spawnSync('git', argv, {
      cwd: at(clone),
      env: { ...gitEnv(folder), ...own },
      timeout: 120_000,
      ...(stdin && { input: stdin }),
    });
    return { exit: status, how: 'exit', stdout: new Uint8Array(stdout), stderr: stderr.toString() };
  };
  return {
    probe: async (probe) => {
      if (!tool.reads(probe.argv)) throw new Error(`a probe that does not only read: git ${probe.argv.join(' ')}`);
      return call(probe);
    },
    spawn: async (one) => call(one),
  };
}

/** The lab's world with the real git, as the machine of a clone has it. */
function machine(lab: Awaited<ReturnType<typeof bareWorld>>, clone: string): World {
  const here = atOnce(clone);
  const own: Partial<World> = {
    host: () => ({ ...lab.world.host(), host: clone, boot: `boot of ${clone}` }),
    probe: (probe) => (probe.tool === 'git' ? here.probe(probe) : lab.world.probe(probe)),
    spawn: (call, ...rest) => (call.tool === 'git' ? here.spawn(call, ...rest) : lab.world.spawn(call, ...rest)),
    scratch: async (name, bytes) =>
      name === 'locks' ? join(mkdtempSync(at('scratch-')), name) : lab.world.scratch(name, bytes),
  };
  return through(lab.world, own);
}

async function runOn(
  clone: string,
  more: Parameters<typeof carryOut>[2] = {},
  of: Ground = ground,
): Promise<BroughtUp> {
  const lab = await bareWorld(of);
  return carryOut(of, lab, { selection: { phases: ['talos'] }, world: machine(lab, clone), ...more });
}

/** One machine's own use of the lock, without a run. */
async function holderOf(clone: string, how: 'at once' | 'as it is' = 'as it is') {
  const facts: Facts = { 'lock/git': { remote: 'origin' } };
  const door = await real(clone);
  const world = how === 'as it is' ? door : through(door, atOnce(clone));
  const scratch = join(await world.scratch('locks', new Uint8Array()), '..');
  const holder = holderOn(world, clone, { run: `run-of-${clone}` });
  const carried = async (calls: ReturnType<typeof gitRef.free>): Promise<Done> => {
    let done: Done | undefined;
    for (const call of calls) {
      const stdin = call.stdin && 'text' in call.stdin ? new TextEncoder().encode(call.stdin.text) : undefined;
      done = await world.spawn(
        {
          ...call,
          argv: call.argv as string[],
          env: call.env as Record<string, string>,
          ...(stdin ? { stdin } : {}),
        } as never,
        call.stop,
        async () => {},
        new AbortController().signal,
      );
      if (done.exit !== 0) break;
    }
    return done as Done;
  };
  return {
    look: () => gitRef.look({ cluster, facts, scratch, world }),
    hold: async (before: string | null, now = world.now()) => {
      const { calls, token } = gitRef.hold({ cluster, facts, scratch, holder, now, before, over: false });
      return { token, done: await carried(calls) };
    },
    free: (before: string) => carried(gitRef.free({ cluster, facts, scratch, holder, before })),
  };
}

describe('a run with the real git', () => {
  test('takes the ref, keeps it, gives it back, and leaves the clone as it was', async () => {
    hook('pre-push', 'a/.git', 'touch "$HOME/pushed"', 'exit 1');
    const state = (): string[] =>
      [['for-each-ref'], ['count-objects', '-v'], ['config', '--list', '--local']].map((argv) => git(at('a'), ...argv));
    const before = state();
    const ids = new Set<string>();
    const ran = await runOn('a', {
      on: ({ type }) => {
        if (type !== 'item-end') return;
        const told = git(at('remote.git'), 'for-each-ref', '--format=%(objectname)', REF);
        if (told !== '') ids.add(told);
      },
    });
    expect({ exit: ran.exit, failure: ran.failure }).toEqual({ exit: 0, failure: null });
    expect(notes(ran.records, gitRef)).toEqual(['asked', 'taken', 'released']);
    // Some four minutes: a sign of life each minute, each under another id.
    expect(ids.size).toBeGreaterThan(2);
    expect(refs()).toBe('');
    expect(state()).toEqual(before);
    expect(['.git/FETCH_HEAD', '../pushed'].filter((file) => existsSync(at(`a/${file}`)))).toEqual([]);
  });

  test('is refused while another machine is at work, and sends nothing', async () => {
    const other = await holderOf('b', 'at once');
    let { token } = await other.hold(null);
    const lab = await bareWorld(ground);
    const world = machine(lab, 'a');
    const over = new AbortController();
    const beats = (async () => {
      for (;;) {
        await lab.world.sleep(gitRef.every, over.signal);
        if (over.signal.aborted) return;
        ({ token } = await other.hold(token, lab.world.now()));
      }
    })();
    const ran = await carryOut(ground, lab, {
      selection: { phases: ['talos'] },
      world,
      consents: { takeover: cluster },
    });
    over.abort();
    await beats;
    expect(ran).toMatchObject({ exit: 5, failure: { page: 'locked' } });
    expect(ran.failure?.cause).toMatch(/holds the git-ref of this cluster, and is at work: .* on b \(pid/);
    expect(changesReceived(lab)).toBe(0);
    expect(await other.look()).toMatchObject({ is: 'held', holder: { run: 'run-of-b' } });
  });

  test('of a dead machine it is taken by consent alone', async () => {
    const other = await holderOf('b');
    const { token } = await other.hold(null);
    const refused = await runOn('a');
    expect(refused.failure?.cause).toMatch(/seems to be dead \(no sign of life for 1[89]\d s\): .* on b \(pid/);
    expect(await other.look()).toMatchObject({ is: 'held', token });
    const taken = await runOn('a', { consents: { takeover: cluster } });
    expect(taken.exit).toBe(0);
    expect(deviations(taken.records)).toMatch(/took the git-ref over: no sign of life .* on b \(pid/);
    expect(refs()).toBe('');
    // Whoever comes back from the dead finds that it is no longer its own.
    expect(gitRef.failed((await other.hold(token, 'later')).done)).toEqual({
      held: true,
      why: '[rejected] (stale info)',
    });
  });

  test('a remote that refuses such refs is a deviation with its words, and the run goes on', async () => {
    onceReceived('echo "only branches and tags here" >&2', 'exit 1');
    const ran = await runOn('a');
    expect(ran.exit).toBe(0);
    expect(deviations(ran.records)).toContain(
      'the git-ref was not taken ([remote rejected] (pre-receive hook declined): only branches and tags here)',
    );
    expect(notes(ran.records, gitRef)).toEqual(['asked', 'asked', 'asked']);
  });

  test.each([
    ['a name that is no remote', 'elsewhere', /No such remote 'elsewhere'/],
    [
      'a remote that is gone',
      'file:///nowhere/at-all.git',
      /'\/nowhere\/at-all.git' does not appear to be a git repository/,
    ],
  ])('%s is a deviation', async (_, told, why) => {
    const of = await survey({ root: at('a'), config: { lock: { git: told } } });
    const ran = await runOn('a', {}, of);
    expect(ran.exit).toBe(0);
    expect(deviations(ran.records)).toMatch(why);
    expect(notes(ran.records, gitRef)).toEqual([]);
  });
});

describe('git itself', () => {
  test('of two that take it at once, one has it', async () => {
    const [a, b] = [await holderOf('a'), await holderOf('b')];
    const both = await Promise.all([a.hold(null), b.hold(null)]);
    expect(both.map(({ done }) => done.exit).sort()).toEqual([0, 1]);
    const [winner, loser] = both[0].done.exit === 0 ? both : [both[1], both[0]];
    expect(gitRef.failed(loser.done).held).toBe(true);
    expect(await b.look()).toMatchObject({ is: 'held', token: winner.token });
  });

  test.each([
    ['where it was free', null],
    ['where it had another', 'a'],
  ])('one that is faster than a push on its way keeps it, %s', async (_, before) => {
    const [a, b] = [await holderOf('a'), await holderOf('b')];
    const had = before === null ? null : (await b.hold(null)).token;
    const faster = git(at('remote.git'), 'hash-object', '-w', '--stdin', '-t', 'blob', '--path', 'x');
    onceReceived('unset GIT_QUARANTINE_PATH', `git update-ref ${REF} ${faster}`);
    const { done } = await a.hold(had);
    expect(gitRef.failed(done)).toMatchObject({ held: true, why: expect.stringContaining('(failed to update ref)') });
    expect(await a.look()).toEqual({ is: 'held', holder: null, token: faster });
  });

  test('what stands at the ref and is no holder is held by nobody that is named', async () => {
    const a = await holderOf('a');
    git(at('a'), 'push', '-q', 'origin', `HEAD:${REF}`);
    expect(await a.look()).toMatchObject({ is: 'held', holder: null });
    expect(gitRef.failed((await a.hold(null)).done).held).toBe(true);
  });

  test('the root may be a folder of the work tree, and the clone shallow', async () => {
    git(folder, 'clone', '-q', '--depth=1', remote(), at('shallow'));
    const [other, a] = [await holderOf('a'), await holderOf('shallow/bootstrap')];
    const { token } = await other.hold(null);
    expect(await a.look()).toMatchObject({ is: 'held', token, holder: { run: 'run-of-a' } });
    const mine = await a.hold(token);
    expect(mine.done.exit).toBe(0);
    expect((await a.free(mine.token as string)).exit).toBe(0);
    expect(await other.look()).toEqual({ is: 'free' });
  });

  test('a repository whose objects have other ids tells so', async () => {
    git(folder, 'init', '-q', '--object-format=sha256', at('sha256'));
    git(at('sha256'), 'remote', 'add', 'origin', remote());
    const a = await holderOf('sha256');
    expect(await a.look()).toEqual({
      is: 'untold',
      why: 'its objects are named by sha256, and only sha1 is supported',
    });
  });

  describe('at a server that wants a login', () => {
    let server: Server;
    beforeEach(async () => {
      server = createServer((_, answer) => {
        answer.writeHead(401, { 'www-authenticate': 'Basic realm="git"' });
        answer.end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterEach(() => new Promise((resolve) => server.close(resolve)));

    test('nobody is asked, and the token in the URL is not told', async () => {
      const { port } = server.address() as AddressInfo;
      git(folder, 'init', '-q', at(`login-${port}`));
      git(at(`login-${port}`), 'remote', 'add', 'origin', `http://t0ps3cret@127.0.0.1:${port}/x.git`);
      const a = await holderOf(`login-${port}`);
      const seen = await a.look();
      expect(seen).toMatchObject({ is: 'untold', why: expect.stringContaining(`http://127.0.0.1:${port}`) });
      const { done } = await a.hold(null);
      expect(done.stderr).toContain('t0ps3cret');
      const failed = gitRef.failed(done);
      expect(failed).toMatchObject({ held: false, why: expect.stringContaining('terminal prompts disabled') });
      expect(JSON.stringify([seen, failed])).not.toContain('t0ps3cret');
    });
  });
});

describe('the lab and the real git answer alike', () => {
  const steady = (done: Done): unknown => ({
    exit: done.exit,
    stdout: new TextDecoder()
      .decode(done.stdout)
      .replaceAll(/^To .*$/gm, 'To URL')
      .replace(/^.*refs\/(?:heads|tags)\/.*\n/gm, ''),
    stderr: done.stderr.replaceAll(/'(?:file|ssh):[^']*'/g, "'URL'").replaceAll(/'\/[^']*'/g, "'URL'"),
  });
  const flags = ['--porcelain', '--no-signed', '--no-follow-tags', '--no-recurse-submodules'];
  const pushed = (lease: string, spec: string): string[] => [
    'push',
    ...flags,
    `--force-with-lease=${REF}:${lease}`,
    '--',
    'origin',
    `${spec}:${REF}`,
  ];
  const fetched = (ref: string): string[] => [
    'fetch',
    '--quiet',
    '--no-write-fetch-head',
    '--refmap=',
    '--no-tags',
    '--no-prune',
    '--no-auto-maintenance',
    '--no-recurse-submodules',
    '--',
    'origin',
    ref,
  ];

  test('to every call of the lock, in every state of the ref', async () => {
    const [one, two] = ['one\n', 'two\n'].map((text) =>
      execFileSync('git', ['hash-object', '--stdin'], { cwd: folder, env: gitEnv(folder), input: text })
        .toString()
        .trim(),
    ) as [string, string];
    const list = ['ls-remote', '--refs', '--', 'origin', REF];
    const write = ['hash-object', '-w', '--stdin'];
    const nothing = '1'.repeat(40);
    const calls: { argv: string[]; stdin?: string; probe?: true }[] = [
      { argv: ['rev-parse', '--show-object-format'], probe: true },
      { argv: ['rev-parse', '--git-path', 'objects'], probe: true },
      { argv: ['remote', 'get-url', 'elsewhere'], probe: true },
      { argv: ['ls-remote', '--refs', '--', 'elsewhere', REF], probe: true },
      { argv: list, probe: true },
      { argv: fetched(REF), probe: true },
      { argv: ['cat-file', 'blob', one], probe: true },
      { argv: write, stdin: 'one\n' },
      { argv: write, stdin: 'two\n' },
      { argv: ['cat-file', 'blob', one], probe: true },
      { argv: pushed(one, two) },
      { argv: pushed('', '') },
      { argv: pushed('', one) },
      { argv: list, probe: true },
      { argv: fetched(REF), probe: true },
      { argv: pushed('', one) },
      { argv: pushed('', two) },
      { argv: pushed(nothing, two) },
      { argv: pushed(one, two) },
      { argv: list, probe: true },
      { argv: pushed(one, '') },
      { argv: pushed(two, '') },
      { argv: pushed(two, '') },
      { argv: list, probe: true },
      { argv: ['push', ...flags, `--force-with-lease=${REF}:`, '--', 'elsewhere', `${one}:${REF}`] },
    ];
    const there = await real('a');
    const here = (await bareWorld(ground)).world;
    const store = { there: join(await there.scratch('x', new Uint8Array()), '..'), here: '/lab/scratch/x' };
    for (const { argv, stdin, probe } of calls) {
      const answers = await Promise.all(
        ([there, here] as const).map(async (world) => {
          const env: Record<string, string> = { LC_ALL: 'C' };
          // Where the repository's own objects are is asked without a store beside them.
          if (!argv.includes('--git-path')) env['GIT_OBJECT_DIRECTORY'] = world === there ? store.there : store.here;
          if (argv[0] === 'fetch') env['GIT_ALTERNATE_OBJECT_DIRECTORIES'] = '.git/objects';
          const call = { tool: 'git', argv, env, deadline: 120_000 };
          if (probe) return world.probe(call);
          return world.spawn(
            { ...call, ...(stdin !== undefined && { stdin: new TextEncoder().encode(stdin) }) },
            { signal: 'SIGTERM', grace: 1000, kill: true },
            async () => {},
            new AbortController().signal,
          );
        }),
      );
      expect({ argv, answer: steady(answers[1] as Done) }).toEqual({ argv, answer: steady(answers[0] as Done) });
    }
  });
});
