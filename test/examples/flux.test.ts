import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { overlaps } from './cidr.ts';
import { graphProblems } from './graph.ts';
import { clusters, document, documents, example, filesBelow, nodesOf } from './repository.ts';
import type { Cluster, Tree } from './repository.ts';

const root = (cluster: Cluster) => `clusters/${cluster}/flux`;
const vars = (cluster: Cluster): Tree => document(`${root(cluster)}/cluster-vars.yaml`).data;

/** Every file that kustomize would read below a folder, the kustomization.yaml files included. */
function readByKustomize(folder: string): string[] {
  const own = join(folder, 'kustomization.yaml');
  const named = document(own).resources as string[];
  const found = named.flatMap((name) => {
    const path = normalize(join(folder, name));
    return existsSync(join(example, path, 'kustomization.yaml')) ? readByKustomize(path) : [path];
  });
  return [own, ...found];
}

const objects = (folder: string): Tree[] =>
  readByKustomize(folder)
    .filter((path) => !path.endsWith('kustomization.yaml'))
    .flatMap(documents);

const branch = { infra: 'main', apps: 'release' };

describe.each(clusters)('%s', (cluster) => {
  const sync = () => documents(`bootstrap/${cluster}/resources/flux-sync.yaml`);
  const all = () => [...sync(), ...objects(root(cluster))];
  const named = (kind: string) => all().flatMap((each) => (each.kind === kind ? [each.metadata.name as string] : []));
  const kustomizations = () => all().filter((each) => each.kind === 'Kustomization');
  /** Kustomizations of this repository, the first one left out. */
  const own = () =>
    kustomizations().filter(
      (each) => each.spec.sourceRef.name === 'flux-system' && each.metadata.name !== 'flux-system',
    );

  test('no file is missing below the entry, and none is forgotten', () => {
    const there = filesBelow(join(example, root(cluster))).map((path) => join(root(cluster), path));
    expect(readByKustomize(root(cluster)).sort()).toEqual(there);
  });

  test('source and first Kustomization: branch, deploy key, entry', () => {
    const [source, first] = sync();
    expect(sync()).toHaveLength(2);
    expect(source).toMatchObject({
      kind: 'GitRepository',
      metadata: { name: 'flux-system', namespace: 'flux-system' },
      spec: {
        url: 'ssh://git@git.example.com/k8s-ops.git',
        ref: { branch: branch[cluster] },
        secretRef: { name: 'flux-system' },
      },
    });
    expect(first).toMatchObject({
      kind: 'Kustomization',
      metadata: { name: 'flux-system', namespace: 'flux-system' },
      spec: { path: `./${root(cluster)}`, sourceRef: { kind: 'GitRepository', name: 'flux-system' } },
    });
    expect(vars(cluster).GIT_BRANCH).toBe(branch[cluster]);
  });

  test('each Kustomization has a source, and a folder where the source is this repository', () => {
    for (const each of kustomizations()) expect(named('GitRepository')).toContain(each.spec.sourceRef.name);
    for (const each of own()) expect(existsSync(join(example, each.spec.path, 'kustomization.yaml'))).toBe(true);
    const used = own().map((each) => normalize(each.spec.path));
    const there = filesBelow(join(example, 'kubernetes')).map((path) => join('kubernetes', dirname(path)));
    expect(new Set(used)).toEqual(new Set(there));
  });

  test('dependsOn leads to Kustomizations of this cluster and in no circle', () => {
    const edges = kustomizations().map((each): [string, string[]] => [
      each.metadata.name,
      (each.spec.dependsOn ?? []).map((before: Tree) => before.name),
    ]);
    expect(new Set(edges.map(([name]) => name)).size).toBe(edges.length);
    expect(graphProblems(new Map(edges))).toEqual([]);
  });

  test('each chart has its source, each source is used', () => {
    const releases = own()
      .flatMap((each) => objects(each.spec.path))
      .filter((each) => each.kind === 'HelmRelease');
    const sources = releases.map((each) => each.spec.chartRef ?? each.spec.chart.spec.sourceRef);
    const of = (kind: string) => sources.flatMap((each) => (each.kind === kind ? [each.name] : [])).sort();
    expect(of('OCIRepository')).toEqual(named('OCIRepository').sort());
    expect(of('HelmRepository')).toEqual(named('HelmRepository').sort());
    const git = new Set(kustomizations().map((each) => each.spec.sourceRef.name));
    expect(git).toEqual(new Set(named('GitRepository')));
  });

  test('every variable below kubernetes/ comes from cluster-vars or cluster-secrets', () => {
    const secrets = documents(`bootstrap/${cluster}/secrets.yaml.tpl`).find(
      (e) => e.metadata.name === 'cluster-secrets',
    );
    const given = new Set([...Object.keys(vars(cluster)), ...Object.keys(secrets!.stringData)]);
    const texts = filesBelow(join(example, 'kubernetes')).map((path) =>
      readFileSync(join(example, 'kubernetes', path)),
    );
    const used = new Set(texts.flatMap((text) => [...text.toString().matchAll(/\$\{(\w+)\}/g)].map((m) => m[1]!)));
    expect(used.size).toBeGreaterThan(8);
    expect([...used].filter((name) => !given.has(name))).toEqual([]);
  });

  test('cluster-vars agrees with Talos', () => {
    const talconfig = document(`clusters/${cluster}/talos/talconfig.yaml`);
    const node = nodesOf(cluster)[0]!.config;
    const bond = node.machine.network.interfaces[0];
    const { data } = document(`${root(cluster)}/cluster-vars.yaml`);
    expect(data).toMatchObject({
      CLUSTER_NAME: talconfig.clusterName,
      POD_CIDR: talconfig.clusterPodNets[0],
      SERVICE_CIDR: talconfig.clusterSvcNets[0],
      API_VIP: bond.vip.ip,
      NODE_MTU: String(bond.mtu),
      BGP_PEER_ADDRESS: bond.routes[0].gateway,
      // KubePrism, as the rendered config has it
      API_HOST: '127.0.0.1',
      API_PORT: String(node.machine.features.kubePrism.port),
    });
    expect(node.machine.features.kubePrism.enabled).toBe(true);
    for (const value of Object.values(data)) expect(value).toBeTypeOf('string');
    const inside = (range: string, address: string) => overlaps([range, `${address}/32`]).length === 1;
    for (const each of nodesOf(cluster)) expect(inside(data.NODE_CIDR, each.address)).toBe(true);
    expect(inside(data.SERVICE_CIDR, data.DNS_SERVICE_IP)).toBe(true);
  });
});

test('shared manifests hold nothing that belongs to one cluster', () => {
  const own = /192\.0\.2\.|198\.51\.100\.|10\.4[2-5]\.|\binfra\b|\bapps\b(?!\/v1)/;
  const shared = filesBelow(join(example, 'kubernetes'));
  expect(shared.filter((path) => own.test(readFileSync(join(example, 'kubernetes', path), 'utf8')))).toEqual([]);
});

test('the clusters have different ids, names, branches, AS numbers, and ranges that do not overlap', () => {
  const both = clusters.map(vars);
  const names = ['CLUSTER_NAME', 'CLUSTER_ID', 'CLUSTER_DOMAIN', 'GIT_BRANCH', 'BGP_LOCAL_ASN', 'API_VIP'];
  expect(names.filter((name) => new Set(both.map((each) => each[name])).size < 2)).toEqual([]);
  for (const each of both) expect(Number(each.CLUSTER_ID)).toSatisfy((id: number) => id >= 1 && id <= 255);
  const ranges = both.flatMap((each) => [each.NODE_CIDR, each.POD_CIDR, each.SERVICE_CIDR]);
  expect(overlaps(ranges)).toEqual([]);
});

test.each([
  ['10.0.0.0/8', '10.255.255.255/32', 1],
  ['10.42.0.0/16', '10.43.0.0/16', 0],
  ['192.0.2.128/26', '192.0.2.0/24', 1],
  ['0.0.0.0/0', '198.51.100.7/32', 1],
])('overlap of %s and %s', (one, other, count) => {
  expect(overlaps([one, other])).toHaveLength(count);
  expect(overlaps([other, one])).toHaveLength(count);
});
