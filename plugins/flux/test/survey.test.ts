import type { Files } from '@coldstart/contract';
import { describe, expect, it } from 'vitest';
import { example, inMemory } from '../../../packages/tools/test/fakes.ts';
import { section } from '../src/config.ts';
import { survey } from '../src/survey/index.ts';

const run = (files: Files, config: object = {}, cluster = 'infra') => {
  const checked = section.validate(config);
  if (!('value' in checked)) throw new Error(JSON.stringify(checked.issues));
  return survey.run({ cluster, files, config: checked.value, facts: {} });
};

describe('the example', () => {
  it.each([
    ['infra', 'main'],
    ['apps', 'release'],
  ])('%s is read from branch %s', async (cluster, branch) => {
    const found = await run(example(), {}, cluster);
    expect(found.problems).toEqual([]);
    expect(found.facts['flux/source']).toMatchObject({
      namespace: 'flux-system',
      name: 'flux-system',
      url: 'ssh://git@git.example.com/k8s-ops.git',
      branch,
      path: `clusters/${cluster}/flux`,
      secret: 'flux-system',
      kustomization: 'flux-system',
      instance: null,
      manifest: `bootstrap/${cluster}/resources/flux-sync.yaml`,
      deployKey: `bootstrap/${cluster}/deploy-key.yaml.tpl`,
    });
  });

  it('takes the deploy key from the template of all Secrets where it has none of its own', async () => {
    const key = new TextDecoder().decode(await example().read('bootstrap/infra/deploy-key.yaml.tpl'));
    const found = await run(
      example({ 'bootstrap/infra/deploy-key.yaml.tpl': null, 'bootstrap/infra/secrets.yaml.tpl': key }),
    );
    expect(found.facts['flux/source']).toMatchObject({ deployKey: 'bootstrap/infra/secrets.yaml.tpl' });
  });

  it('says where a key comes by other means', async () => {
    const found = await run(example({ 'bootstrap/infra/deploy-key.yaml.tpl': null }));
    expect(found.facts['flux/source']).toMatchObject({ deployKey: null, digest: null });
    expect(found.assumed).toEqual([
      expect.stringContaining('flux-system/flux-system was found: it must be there by other means'),
    ]);
  });
});

const SYNC = 'clusters/infra/flux-system/gotk-sync.yaml';
const gotk = (over: Record<string, string> = {}): string => {
  const v = {
    url: 'https://git.example.com/k8s-ops',
    branch: 'branch: main',
    secret: '',
    path: './clusters/infra',
    ref: 'k8s-ops',
    ...over,
  };
  return `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: k8s-ops
  namespace: flux-system
spec:
  url: ${v.url}
  ref:
    ${v.branch}
${v.secret}---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: cluster
  namespace: flux-system
spec:
  path: ${v.path}
  sourceRef:
    kind: GitRepository
    name: ${v.ref}
`;
};
const with_ = (text: string): Files =>
  inMemory({ [SYNC]: text, 'clusters/infra/kustomization.yaml': 'kind: Kustomization' });

describe('other shapes', () => {
  it("flux bootstrap's own", async () => {
    const found = await run(with_(gotk()));
    expect(found.problems).toEqual([]);
    expect(found.facts['flux/source']).toMatchObject({
      name: 'k8s-ops',
      kustomization: 'cluster',
      path: 'clusters/infra',
      secret: null,
      manifest: SYNC,
    });
  });

  it('a FluxInstance with sync', async () => {
    const instance = `apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata:
  name: flux
  namespace: flux-system
spec:
  sync:
    kind: GitRepository
    url: ssh://git@git.example.com/k8s-ops.git
    ref: refs/heads/release
    path: kubernetes/flux/cluster
    pullSecret: deploy-key
`;
    const found = await run(
      inMemory({ 'bootstrap/infra/resources/flux-instance.yaml': instance, 'kubernetes/flux/cluster/ks.yaml': 'x: 1' }),
    );
    expect(found.problems).toEqual([]);
    expect(found.facts['flux/source']).toMatchObject({
      instance: 'flux',
      branch: 'release',
      path: 'kubernetes/flux/cluster',
      secret: 'deploy-key',
      name: 'flux-system',
      kustomization: 'flux-system',
    });
  });

  it('a path from the configuration', async () => {
    const files = inMemory({ 'deploy/infra/sync.yaml': gotk(), 'clusters/infra/x.yaml': '' });
    expect((await run(files, { manifest: 'deploy/{cluster}/sync.yaml' })).problems).toEqual([]);
  });
});

describe('what is wrong is told with file, line and column', () => {
  it.each([
    [
      'a path that is not there',
      with_(gotk({ path: './clusters/nothere' })),
      17,
      9,
      /the path clusters\/nothere, which is not there/,
    ],
    ['a path outside', with_(gotk({ path: '../other' })), 17, 9, /the path "\.\.\/other"/],
    [
      'an scp address, which Flux does not take',
      with_(gotk({ url: 'git@git.example.com:k8s-ops.git' })),
      7,
      8,
      /the url "git@git/,
    ],
    ['an address like a flag', with_(gotk({ url: '--upload-pack=x' })), 7, 8, /--upload-pack/],
    ['a branch like a flag', with_(gotk({ branch: 'branch: --exec=x' })), 9, 13, /the branch "--exec=x"/],
    ['a tag', with_(gotk({ branch: 'tag: v1' })), 9, 5, /no branch/],
    ['ssh without a key', with_(gotk({ url: 'ssh://git@git.example.com/x.git' })), 7, 3, /without `secretRef`/],
    ['a key twice', with_(gotk({ branch: 'branch: main\n    branch: other' })), 10, 5, /Map keys must be unique/],
  ])('%s', async (_, files, line, column, found) => {
    expect((await run(files)).problems[0]).toMatchObject({
      file: SYNC,
      line,
      column,
      found: expect.stringMatching(found),
    });
  });

  it('no entry at all', async () => {
    const found = await run(inMemory({}));
    expect(found.problems).toEqual([
      {
        file: 'bootstrap/infra/resources/flux-sync.yaml',
        found: expect.stringContaining('no GitRepository'),
        expected: expect.stringContaining('flux.manifest'),
      },
    ]);
    expect(found.facts['flux/source']).toBeUndefined();
  });

  it('a Kustomization that reads another source is no entry', async () => {
    expect((await run(with_(gotk({ ref: 'other' })))).problems[0]?.found).toContain('no GitRepository');
  });

  it('a deploy key without pinned host keys', async () => {
    const key = new TextDecoder()
      .decode(await example().read('bootstrap/infra/deploy-key.yaml.tpl'))
      .replace(/^ {2}known_hosts:.*\n/m, '');
    expect((await run(example({ 'bootstrap/infra/deploy-key.yaml.tpl': key }))).problems).toEqual([
      {
        file: 'bootstrap/infra/deploy-key.yaml.tpl',
        found: expect.stringContaining('without known_hosts'),
        expected: expect.stringContaining('pinned host keys'),
      },
    ]);
  });
});

it("does not take another cluster's entry for its own", async () => {
  const found = await run(example({ 'bootstrap/infra/resources/flux-sync.yaml': null }));
  expect(found.facts['flux/source']).toBeUndefined();
});
