import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Facts, Observation, Reader, World } from '@coldstart/contract';
import { openRealWorld } from '@coldstart/engine';
import { bareWorld, EXAMPLE, survey, type Ground } from './support/bring-up.ts';
import { gitAt, gitEnv } from './support/real-git.ts';

/** The same look through the real git, over a bare repository on this disk, and through the lab's. */
let folder: string;
let ground: Ground;
const git = gitAt(() => folder);
const at = (name: string): string => join(folder, name);
const url = (name = 'remote.git'): string => `file://${at(name)}`;
const CILIUM = 'clusters/infra/flux/repositories/oci/cilium.yaml';
const edit = (file: string, change: (text: string) => string): void =>
  writeFileSync(join(at('clone'), file), change(readFileSync(join(at('clone'), file), 'utf8')));
const push = (message: string): void => {
  git(at('clone'), 'add', '-A');
  git(at('clone'), 'commit', '-qm', message);
  git(at('clone'), 'push', '-q', '--force', url(), 'HEAD:refs/heads/main');
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'coldstart-remote-head-'));
  cpSync(EXAMPLE, at('clone'), {
    recursive: true,
    filter: (path) => !['.git', '.coldstart'].includes(basename(path)),
  });
  git(folder, 'init', '-q', '--bare', at('remote.git'));
  git(at('clone'), 'init', '-q', '-b', 'work');
  push('first');
  ground = await survey({ root: at('clone') });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const real = (root = at('clone')): Promise<World> =>
  openRealWorld({ root, env: gitEnv(folder), tools: [...ground.kit.tools.values()] });

async function look(world: Reader, more: { url?: string; branch?: string } = {}): Promise<Observation> {
  const facts: Facts = {
    ...ground.facts,
    'flux/source': { ...(ground.facts['flux/source'] as object), ...more },
  };
  const step = ground.kit.steps.get('flux/remote-head');
  if (!step) throw new Error('no such step');
  return step.observe({
    cluster: 'infra',
    key: 'cluster',
    item: undefined,
    facts,
    world,
    artefacts: {},
    attempt: 0,
    past: [],
  });
}

const lookReal = async (more: { url?: string; branch?: string } = {}, root?: string): Promise<Observation> => {
  const world = await real(root);
  try {
    return await look(world, { url: url(), ...more });
  } finally {
    await world.close();
  }
};
const lookLab = async (faults: string[] = []): Promise<Observation> =>
  look((await bareWorld(ground, { faults })).world);
/** Without what no two remotes have in common. */
const steady = (seen: Observation): unknown =>
  JSON.parse(
    JSON.stringify(seen)
      .replaceAll(/\b[0-9a-f]{12}\b/g, 'COMMIT')
      .replaceAll(url(), 'URL')
      .replaceAll('ssh://git@git.example.com/k8s-ops.git', 'URL'),
  );

describe('the real git and the lab tell the same', () => {
  test('of a branch that holds what is planned', async () => {
    const seen = await lookReal();
    expect(seen).toMatchObject({ state: 'done', deviations: [] });
    expect(seen.signals).toHaveLength(9);
    expect(steady(seen)).toEqual(steady(await lookLab()));
  });

  test('of an older chart: what was never pushed is what is planned', async () => {
    edit(CILIUM, (text) => text.replace('tag: 1.20.2', 'tag: 1.20.1'));
    push('older');
    edit(CILIUM, (text) => text.replace('tag: 1.20.1', 'tag: 1.20.2'));
    git(at('clone'), 'commit', '-qam', 'newer, and not pushed');
    const seen = await lookReal();
    expect(seen).toMatchObject({
      state: 'blocked',
      refuse: true,
      page: 'remote-head',
      cause: expect.stringContaining(`kube-system/cilium is cilium 1.20.1 there (${CILIUM}), planned is cilium 1.20.2`),
    });
    expect(steady(seen)).toEqual(steady(await lookLab(['remote-behind@cilium'])));
  });

  test('of a branch without the path', async () => {
    const before = git(at('clone'), 'rev-parse', 'HEAD');
    git(at('clone'), 'rm', '-rq', 'clusters/infra/flux');
    push('without the path');
    git(at('clone'), 'reset', '-q', '--hard', before);
    const seen = await lookReal();
    expect(seen).toMatchObject({
      state: 'blocked',
      refuse: true,
      cause: expect.stringContaining('has no clusters/infra/flux'),
    });
    expect(steady(seen)).toEqual(steady(await lookLab(['remote-behind'])));
  });

  test('of objects: the same ids, the same bytes, the same words for a commit that is not there', async () => {
    git(at('clone'), 'push', '-q', '--force', url(), 'HEAD:refs/heads/main');
    const [lab, world] = [(await bareWorld(ground)).world, await real()];
    try {
      const commits = async (reader: Reader, source: string): Promise<string> => {
        const told = await reader.probe({ tool: 'git', argv: ['ls-remote', '--', source, 'main'], deadline: 120_000 });
        return new TextDecoder().decode(told.stdout).slice(0, 40);
      };
      const list = async (reader: Reader, commit: string) => {
        const argv = ['ls-tree', '-r', '-z', '--full-tree', commit];
        const { exit, stdout, stderr } = await reader.probe({ tool: 'git', argv, deadline: 120_000 });
        return { exit, stdout: new TextDecoder().decode(stdout), stderr: stderr.trim() };
      };
      const [there, here] = [
        await list(world, await commits(world, url())),
        await list(lab, await commits(lab, 'ssh://git@git.example.com/k8s-ops.git')),
      ];
      expect(here).toEqual(there);
      const oids = [...there.stdout.matchAll(/blob ([0-9a-f]{40})/g)].map(([, oid]) => oid);
      expect(oids.length).toBeGreaterThan(100);
      const stdin = new TextEncoder().encode(`${[...oids.slice(0, 40), '1'.repeat(40)].join('\n')}\n`);
      const probe = { tool: 'git', argv: ['cat-file', '--batch'], stdin, deadline: 120_000 };
      expect((await lab.probe(probe)).stdout).toEqual(new Uint8Array((await world.probe(probe)).stdout));
      expect(await list(lab, '1'.repeat(40))).toEqual(await list(world, '1'.repeat(40)));
      expect(await list(lab, 'nonsense')).toEqual(await list(world, 'nonsense'));
    } finally {
      await world.close();
    }
  });
});

describe('with the real git alone', () => {
  test('a commit that this clone does not have is refused; fetched, it is compared', async () => {
    git(folder, 'clone', '-q', '-b', 'main', url(), at('other'));
    writeFileSync(join(at('other'), 'note.txt'), 'of somebody else\n');
    git(at('other'), 'add', '.');
    git(at('other'), 'commit', '-qm', 'somebody else');
    git(at('other'), 'push', '-q', 'origin', 'main');
    expect(await lookReal()).toMatchObject({
      state: 'blocked',
      refuse: true,
      cause: expect.stringContaining('which this clone does not have'),
      remedy: expect.stringContaining(`git fetch ${url()} main`),
    });
    git(at('clone'), 'fetch', '-q', url(), 'main');
    expect(await lookReal()).toMatchObject({ state: 'done' });
  });

  test('a branch that is not there is refused; one that only ends in its name is not it', async () => {
    git(at('clone'), 'push', '-q', url(), 'HEAD:refs/heads/feature/release');
    expect(await lookReal({ branch: 'release' })).toMatchObject({
      state: 'blocked',
      refuse: true,
      cause: expect.stringMatching(/has no branch release/),
    });
  });

  test('no remote, and no clone, are unknown and no difference', async () => {
    expect(await lookReal({ url: url('nowhere.git') })).toMatchObject({
      state: 'unknown',
      cause: expect.stringContaining('does not appear to be a git repository'),
    });
    const bare = at('bare');
    cpSync(at('clone'), bare, { recursive: true, filter: (path) => basename(path) !== '.git' });
    expect(await lookReal({}, bare)).toMatchObject({
      state: 'unknown',
      cause: expect.stringContaining('not a git repository'),
    });
  });

  test("nothing of the operator's configuration runs, and the clone stays as it was", async () => {
    const elsewhere = 'ssh://git@127.0.0.1:1/x.git';
    writeFileSync(
      at('.gitconfig'),
      `[core]\n\tsshCommand = touch ${at('ran')} #\n[url "${url()}"]\n\tinsteadOf = ${elsewhere}\n`,
    );
    git(at('clone'), 'config', `url.${url()}.insteadOf`, elsewhere);
    const before = git(at('clone'), 'count-objects', '-v');
    expect(await lookReal({ url: elsewhere })).toMatchObject({ state: 'unknown' });
    expect(() => readFileSync(at('ran'))).toThrow(/ENOENT/);
    expect(await lookReal()).toMatchObject({ state: 'done' });
    expect(git(at('clone'), 'count-objects', '-v')).toBe(before);
    expect(git(at('clone'), 'status', '--porcelain')).toBe('');
  });
});
