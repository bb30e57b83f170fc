import { describe, expect, test } from 'vitest';
import { kubernetesFindings } from '../../src/kubernetes/index.ts';
import { KubeWorld } from './world.ts';

const URL_ = 'ssh://git@git.example.com/k8s-ops.git';
const source = (more = ''): string => `---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: "${URL_}", ref: {branch: main}, secretRef: {name: flux-system}${more}}
`;
const ks = (name: string, path: string, more = ''): string => `---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: ${name}, namespace: flux-system}
spec: {interval: 1m, path: "${path}", prune: true, sourceRef: {kind: GitRepository, name: flux-system}${more}}
`;
const KEY =
  '---\napiVersion: v1\nkind: Secret\nmetadata: {name: flux-system, namespace: flux-system}\nstringData: {identity: a, known_hosts: b}\n';

async function fluxWorld(options: ConstructorParameters<typeof KubeWorld>[0] = {}): Promise<KubeWorld> {
  const world = new KubeWorld({ facts: { 'flux/source': { url: URL_, branch: 'main' } } as never, ...options }).nodes(
    3,
  );
  world.files.set(
    '/repo/h.yaml',
    'helmDefaults: {wait: true}\nreleases:\n  - {name: flux-operator, namespace: flux-system, chart: oci://c.example.com/flux-operator, version: 0.38.1}\n  - {name: flux-instance, namespace: flux-system, chart: oci://c.example.com/flux-instance, version: 0.38.1, needs: [flux-system/flux-operator]}\n',
  );
  const done = await world.run('helmfile', [
    '--kubeconfig',
    '/home/op/kube',
    '--kube-context',
    'infra',
    '-f',
    'h.yaml',
    'sync',
  ]);
  expect(done).toMatchObject({ exit: 0 });
  world.files.set('/repo/root/kustomization.yaml', 'resources: [vars.yaml, one.yaml]\n');
  world.files.set(
    '/repo/root/vars.yaml',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata: {WHO: "${WHO:=nobody}"}\n',
  );
  world.files.set(
    '/repo/root/one.yaml',
    ks('one', './one', ', dependsOn: [{name: two}], postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}') +
      ks('two', './two', ', wait: true'),
  );
  world.files.set(
    '/repo/one/a.yaml',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\ndata: {who: "${WHO}", other: "${OTHER:=x}"}\n',
  );
  world.files.set('/repo/two/b.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: default}\n');
  return world;
}
const flux = (world: KubeWorld): Record<string, string> =>
  Object.fromEntries(
    world.plane.state().flux.map(({ kind, name, ready, reason }) => [`${kind}/${name}`, ready ? 'Ready' : reason]),
  );

describe('Flux in the lab', () => {
  test('is made by its operator, fetches, and applies in the order of dependsOn', async () => {
    const world = await fluxWorld();
    expect(flux(world)['FluxInstance/flux']).toBe('Ready');
    expect((await world.apply(KEY + source() + ks('root', './root', ', postBuild: {substitute: {X: y}}'))).exit).toBe(
      0,
    );
    await world.pass(90_000);
    expect(flux(world)).toEqual({
      'FluxInstance/flux': 'Ready',
      'GitRepository/flux-system': 'Ready',
      'Kustomization/root': 'Ready',
      'Kustomization/one': 'Ready',
      'Kustomization/two': 'Ready',
    });
    const list = JSON.parse(
      (await world.kubectl('get', 'kustomizations.kustomize.toolkit.fluxcd.io', '-n', 'flux-system', '-o', 'json'))
        .stdout,
    ) as {
      items: { metadata: { name: string }; status: { conditions: { type: string; lastTransitionTime: string }[] } }[];
    };
    const at = (name: string): number =>
      Date.parse(
        list.items
          .find(({ metadata }) => metadata.name === name)
          ?.status.conditions.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '',
      );
    expect(at('two')).toBeGreaterThanOrEqual(at('root'));
    expect(at('one')).toBeGreaterThanOrEqual(at('two'));
    expect((await world.kubectl('get', 'cm', 'a', '-o', 'jsonpath={.data}')).stdout).toBe(
      '{"other":"x","who":"nobody"}',
    );
    expect(kubernetesFindings(world.plane.state(), { nodes: ['infra-01', 'infra-02', 'infra-03'] })).toEqual([]);
  });

  test.each<[string, string, string, string]>([
    [
      'no Secret',
      source(),
      'GitRepository/flux-system',
      `failed to get secret 'flux-system/flux-system': failed to get secret 'flux-system/flux-system': secrets "flux-system" not found`,
    ],
    [
      'another branch',
      KEY + source().replace('branch: main', 'branch: release'),
      'GitRepository/flux-system',
      `failed to checkout and determine revision: unable to clone '${URL_}': couldn't find remote ref "refs/heads/release"`,
    ],
    [
      'a missing dependency',
      `${KEY}${source()}${ks('root', './two', ', dependsOn: [{name: nope}]')}`,
      'Kustomization/root',
      `dependency 'flux-system/nope' not found: kustomizations.kustomize.toolkit.fluxcd.io "nope" not found`,
    ],
    [
      'a missing ConfigMap',
      `${KEY}${source()}${ks('root', './two', ', postBuild: {substituteFrom: [{kind: ConfigMap, name: nope}]}')}`,
      'Kustomization/root',
      `post build failed for 'root': substitute from 'ConfigMap/nope' error: configmaps "nope" not found`,
    ],
  ])('with %s says so, and mends itself', async (_what, manifests, object, reason) => {
    const world = await fluxWorld();
    expect((await world.apply(manifests)).exit).toBe(0);
    await world.pass(60_000);
    expect(flux(world)[object]).toBe(reason);
    await world.apply(
      `${KEY}${source()}${ks('nope', './two')}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: nope, namespace: flux-system}\n`,
    );
    await world.pass(180_000);
    expect(flux(world)[object]).toBe('Ready');
  });

  test('a source that is tried again is Progressing, and tells beside that what failed, until it is fetched', async () => {
    const world = await fluxWorld();
    await world.apply(KEY + source().replace('branch: main', 'branch: release'));
    const conditions = async (): Promise<string[]> => {
      const { stdout } = await world.kubectl('get', 'gitrepository', 'flux-system', '-n', 'flux-system', '-o', 'json');
      const { status } = JSON.parse(stdout) as {
        status?: { conditions: { type: string; status: string; reason: string }[] };
      };
      return (status?.conditions ?? []).map(({ type, status: is, reason }) => `${type} ${is} ${reason}`);
    };
    const seen = new Set<string>();
    for (let second = 0; second < 120; second++) {
      await world.pass(1000);
      seen.add((await conditions()).join(', '));
    }
    const failed = 'FetchFailed True GitOperationFailed';
    expect([...seen]).toEqual([
      'Reconciling True Progressing, Ready Unknown Progressing',
      `Reconciling True ProgressingWithRetry, Ready False GitOperationFailed, ${failed}`,
      `Reconciling True Progressing, Ready Unknown Progressing, ${failed}`,
    ]);
    expect(flux(world)['GitRepository/flux-system']).toMatch(/^failed to checkout and determine revision: /);
    await world.apply(source());
    await world.pass(90_000);
    expect(await conditions()).toEqual(['Ready True Succeeded']);
  });

  test('flux-not-ready: the first Kustomization fails with a path that is not found, until the fault is lifted', async () => {
    const world = await fluxWorld({ faults: { 'flux-not-ready': 1 } });
    await world.apply(KEY + source() + ks('root', './root'));
    await world.pass(600_000);
    expect(flux(world)['Kustomization/root']).toMatch(
      /^kustomization path not found: stat \/tmp\/kustomization-\w+\/root: no such file or directory$/,
    );
    expect(world.strikes['flux-not-ready']).toBe(0);
    const mended = new KubeWorld({
      saved: world.plane.save(),
      facts: { 'flux/source': { url: URL_, branch: 'main' } } as never,
    });
    for (const [path, text] of world.files) mended.files.set(path, text);
    await mended.pass(world.clock.now + 120_000);
    expect(flux(mended)['Kustomization/root']).toBe('Ready');
  });

  test('dns-silent: the Git server has no address, until the fault is lifted', async () => {
    const world = await fluxWorld({ faults: { 'dns-silent': Infinity } });
    await world.apply(KEY + source() + ks('root', './root'));
    await world.pass(60_000);
    expect(flux(world)).toMatchObject({
      'GitRepository/flux-system': `failed to checkout and determine revision: unable to clone '${URL_}': dial tcp: lookup git.example.com on 10.96.0.10:53: i/o timeout`,
      'Kustomization/root': 'Source artifact not found, retrying in 30s',
    });
    world.strikes['dns-silent'] = 0;
    await world.pass(240_000);
    expect(flux(world)['Kustomization/root']).toBe('Ready');
  });

  test('a Kustomization that waits fails by its timeout, and names what is not Ready', async () => {
    const world = await fluxWorld();
    world.files.set(
      '/repo/two/d.yaml',
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: default}\nspec: {template: {spec: {hostNetwork: true, containers: []}}, replicas: 0}\n',
    );
    world.files.set('/repo/two/e.yaml', ks('late', './nothere'));
    await world.apply(KEY + source() + ks('root', './two', ', wait: true, timeout: 90s'));
    await world.pass(120_000);
    expect(flux(world)['Kustomization/root']).toBe(
      "health check failed after 90s: timeout waiting for: [Kustomization/flux-system/late status: 'InProgress']",
    );
  });

  test('a HelmRelease adopts the release of the bootstrap and writes a new revision of it', async () => {
    const world = await fluxWorld();
    world.files.set(
      '/repo/c.yaml',
      'helmDefaults: {wait: true}\nreleases:\n  - {name: coredns, namespace: kube-system, chart: oci://c.example.com/coredns, version: 1.45.0}\n',
    );
    await world.run('helmfile', ['--kubeconfig', '/home/op/kube', '--kube-context', 'infra', '-f', 'c.yaml', 'sync']);
    await world.apply(`apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: coredns, namespace: flux-system}
spec: {interval: 1h, url: "oci://c.example.com/coredns", ref: {tag: 1.45.0}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: coredns, namespace: kube-system}
spec: {interval: 1h, chartRef: {kind: OCIRepository, name: coredns, namespace: flux-system}}
`);
    await world.pass(60_000);
    expect(flux(world)['HelmRelease/coredns']).toBe('Ready');
    expect(world.plane.releases.last('kube-system', 'coredns')).toMatchObject({ revision: 2, status: 'deployed' });
  });
});

describe('what is not whole', () => {
  const whole = {
    nodes: [{ name: 'a', ready: true }],
    crds: [{ name: 'c', established: true }],
    releases: [{ namespace: 'n', name: 'r', status: 'deployed', ready: true }],
    flux: [{ kind: 'Kustomization', namespace: 'f', name: 'k', ready: true, reason: '' }],
  };
  test('nothing, of a whole world', () => expect(kubernetesFindings(whole, { nodes: ['a'] })).toEqual([]));
  test.each([
    ['a node that is missing', { nodes: [] }, ['node a is not registered in Kubernetes']],
    ['a node that is not Ready', { nodes: [{ name: 'a', ready: false }] }, ['node a is not Ready']],
    [
      'a definition that is not established',
      { crds: [{ name: 'c', established: false }] },
      ['CRD c is not established'],
    ],
    [
      'a pending release',
      { releases: [{ namespace: 'n', name: 'r', status: 'pending-install', ready: false }] },
      ['release n/r is pending-install'],
    ],
    [
      'a release whose pods are not Ready',
      { releases: [{ namespace: 'n', name: 'r', status: 'deployed', ready: false }] },
      ['release n/r is deployed and not Ready'],
    ],
    ['no Flux', { flux: [] }, ['Flux has no Kustomization']],
    [
      'a Kustomization that is not Ready',
      { flux: [{ kind: 'Kustomization', namespace: 'f', name: 'k', ready: false, reason: 'why' }] },
      ['Flux Kustomization f/k is not Ready: why'],
    ],
  ])('%s', (_what, change, findings) =>
    expect(kubernetesFindings({ ...whole, ...change }, { nodes: ['a'] })).toEqual(findings),
  );
});
