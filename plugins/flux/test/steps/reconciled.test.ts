import { describe, expect, it } from 'vitest';
import { asList, fakeReader, lookWith, unnamed } from '../../../../packages/tools/test/fakes.ts';
import { fluxResource, inOrder, roots } from '../../src/flux/resources.ts';
import { reconciled } from '../../src/steps/reconciled.ts';
import { facts, ready, git, ks, CLONE } from './common.ts';

describe('flux/reconciled', () => {
  const look = async (objects: object[]) => {
    const world = fakeReader({ 'get gitrepositories.source': { stdout: asList(objects) } });
    const seen = await reconciled.observe(lookWith(world, facts, undefined));
    expect(unnamed(world.asked)).toEqual([]);
    return seen;
  };
  const failing = ready('False', 'ArtifactFailed', 'kustomization path not found');
  const waiting = ready('False', 'DependencyNotReady', "dependency 'flux-system/crds' is not ready");
  it('is done when all are Ready, and tells them in the order of dependsOn', async () => {
    const seen = await look([
      ks('apps', ready(), { dependsOn: [{ name: 'core' }] }),
      ks('core', ready(), { dependsOn: [{ name: 'crds' }] }),
      ks('crds'),
      git(),
    ]);
    expect(seen.state).toBe('done');
    expect(seen.signals.map((s) => s.subject)).toEqual([
      'flux-system/crds',
      'flux-system/flux-system',
      'flux-system/core',
      'flux-system/apps',
    ]);
  });
  it("tells the cause with Flux' own reason, and how many only wait for it", async () => {
    const seen = await look([
      git(),
      ks('apps', waiting, { dependsOn: [{ name: 'core' }] }),
      ks('core', waiting, { dependsOn: [{ name: 'crds' }] }),
      ks('crds', failing),
    ]);
    expect(seen).toMatchObject({
      state: 'converging',
      cause: 'Kustomization flux-system/crds: ArtifactFailed: kustomization path not found; 2 more wait for them',
    });
  });
  it('tells cluster DNS where names are not answered, and how many only wait for it', async () => {
    const lookup = ready(
      'False',
      'GitOperationFailed',
      `${CLONE}lookup git.example.com on 10.96.0.10:53: no such host`,
    );
    const seen = await look([git({}, lookup), ks('b', waiting, { dependsOn: [{ name: 'a' }] }), ks('a')]);
    expect(seen).toMatchObject({
      cause: expect.stringMatching(/^cluster DNS does not know git\.example\.com: GitRepository .*: no such host/),
      page: 'dns',
    });
  });
  it('tells suspended ones and HelmReleases as deviations', async () => {
    const release = {
      kind: 'HelmRelease',
      metadata: { name: 'x', namespace: 'y' },
      status: ready('False', 'InstallFailed', 'timed out'),
    };
    expect(await look([git(), ks('a'), ks('b', failing, { suspend: true }), release])).toMatchObject({
      state: 'done',
      deviations: [
        'Kustomization flux-system/b is suspended',
        'HelmRelease y/x is not Ready: InstallFailed: timed out',
      ],
    });
  });
  it('takes an OCI HelmRepository for an address, which has no conditions', async () => {
    expect(
      (
        await look([
          git(),
          ks('a'),
          { kind: 'HelmRepository', metadata: { name: 'x', namespace: 'y' }, spec: { type: 'oci' } },
        ])
      ).state,
    ).toBe('done');
    expect(
      (await look([git(), ks('a'), { kind: 'HelmRepository', metadata: { name: 'x', namespace: 'y' }, spec: {} }]))
        .state,
    ).toBe('converging');
  });
  it('is not done where there is nothing', async () => {
    expect(await look([])).toMatchObject({ state: 'converging', cause: 'there is no Kustomization at all' });
  });
  it('finds a cause even in a circle', () => {
    const circle = [
      fluxResource(ks('a', waiting, { dependsOn: [{ name: 'b' }] })),
      fluxResource(ks('b', waiting, { dependsOn: [{ name: 'a' }] })),
    ];
    expect(roots(circle)).toHaveLength(2);
    expect(inOrder(circle)).toHaveLength(2);
  });
});
