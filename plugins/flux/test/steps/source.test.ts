import { describe, expect, it } from 'vitest';
import { asList, fakeReader, lookWith, unnamed, type Answers } from '../../../../packages/tools/test/fakes.ts';
import { recording } from '../../../../packages/tools/test/recording.ts';
import { source } from '../../src/steps/source.ts';
import { facts, absent, ready, git, ks, deployment, CONTROLLERS, CLONE } from './common.ts';

const REFUSED = { exit: 1, stderr: recording('kubectl/refused').stderr };

describe('flux/source', () => {
  const look = async (repository: Answers[string], kustomization: Answers[string], more: Answers = {}) => {
    const world = fakeReader({
      'get gitrepositories': repository,
      'get kustomizations': kustomization,
      'get deployments': { stdout: asList(CONTROLLERS.map((c) => deployment(c, 0))) },
      ...more,
    });
    const seen = await source.observe(lookWith(world, facts, undefined));
    expect(unnamed(world.asked)).toEqual([]);
    return seen;
  };
  const one = (object: object) => ({ stdout: JSON.stringify(object) });
  it.each([
    ['is needed when they are missing', { stdout: '' }, { stdout: '' }, 'needed', /url is missing/],
    [
      'is needed when the branch is another',
      one(git({ ref: { branch: 'old' } })),
      one(ks('flux-system')),
      'needed',
      /branch is old/,
    ],
    [
      "waits with Flux' own reason",
      one(git({}, ready('False', 'GitOperationFailed', 'unable to clone'))),
      one(ks('flux-system', ready('False', 'ArtifactFailed', 'Source artifact not found'))),
      'converging',
      /GitOperationFailed: unable to clone; .*ArtifactFailed/,
    ],
    [
      'says that cluster DNS does not answer',
      one(
        git({}, ready('False', 'GitOperationFailed', `${CLONE}lookup git.example.com on 10.96.0.10:53: i/o timeout`)),
      ),
      one(ks('flux-system', ready('False', 'ArtifactFailed', 'Source artifact not found'))),
      'converging',
      /^cluster DNS does not answer for git\.example\.com: GitRepository .*i\/o timeout; Kustomization /,
    ],
    ["waits for Flux' kinds", absent('gitrepositories'), absent('kustomizations'), 'converging', /not served yet/],
    ['knows nothing where the API does not answer', REFUSED, REFUSED, 'unknown', /refused/],
  ])('%s', async (_, repository, kustomization, state, cause) => {
    const seen = await look(repository, kustomization);
    expect(seen.state).toBe(state);
    expect(seen.cause ?? '').toMatch(cause);
  });
  it('is done when both are Ready, and tells the revision', async () => {
    expect(await look(one(git()), one(ks('flux-system')))).toMatchObject({
      state: 'done',
      facts: { 'flux/synced': { revision: 'main@sha1:7c801a34' } },
    });
  });
  it('takes no stale condition for the newest', async () => {
    const stale = git({}, { conditions: [{ type: 'Ready', status: 'True', observedGeneration: 1 }] });
    (stale.metadata as { generation: number }).generation = 2;
    expect((await look(one(stale), one(ks('flux-system')))).state).toBe('converging');
  });
  it('applies the manifest as it is, without taking fields from others', () => {
    const [apply] = source.kind === 'change' ? source.plan({ key: 'cluster', item: undefined, facts }) : [];
    expect(apply?.do === 'exec' && apply.argv.slice(4)).toEqual([
      'apply',
      '--server-side',
      '--field-manager=coldstart',
      '-f',
      'bootstrap/infra/resources/flux-sync.yaml',
    ]);
    expect(source.settle?.(facts)).toMatchObject({ within: 300_000 });
  });
  it('waits for a FluxInstance to make them', async () => {
    const wanted = { ...(facts['flux/source'] as object), instance: 'flux' };
    const instance = {
      kind: 'FluxInstance',
      metadata: { name: 'flux', namespace: 'flux-system' },
      spec: {
        sync: { url: 'ssh://git@git.example.com/k8s-ops.git', ref: 'refs/heads/main', path: 'clusters/infra/flux' },
      },
      status: ready(),
    };
    const world = fakeReader({
      'get gitrepositories': absent('gitrepositories'),
      'get kustomizations': absent('kustomizations'),
      'get fluxinstances': one(instance),
    });
    expect(await source.observe(lookWith(world, { ...facts, 'flux/source': wanted }, undefined))).toMatchObject({
      state: 'converging',
      cause: expect.stringContaining('GitRepository flux-system/flux-system: not made yet'),
    });
  });
});
