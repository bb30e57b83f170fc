import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { graphProblems } from './graph.ts';
import { clusters, document, documents, example } from './repository.ts';
import type { Cluster, Tree } from './repository.ts';

const crds = (cluster: Cluster): Tree[] => document(`bootstrap/${cluster}/helmfile.d/00-crds.yaml`).releases;
const core = (cluster: Cluster): Tree[] => document(`bootstrap/${cluster}/helmfile.d/01-apps.yaml`).releases;
const key = (release: Tree) => `${release.namespace}/${release.name}`;
const text = (path: string) => readFileSync(join(example, path), 'utf8');
const variables = (path: string) => [...text(path).matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]!);
const vars = (cluster: Cluster): Tree => document(`clusters/${cluster}/flux/cluster-vars.yaml`).data;

describe.each(clusters)('%s', (cluster) => {
  test('helmfiles are plain YAML, readable without helmfile', () => {
    for (const name of ['00-crds', '01-apps']) {
      expect(text(`bootstrap/${cluster}/helmfile.d/${name}.yaml`)).not.toContain('{{');
    }
  });

  test('each release names namespace, chart and exact version', () => {
    for (const release of [...crds(cluster), ...core(cluster)]) {
      expect(release).toMatchObject({
        namespace: expect.any(String),
        chart: `oci://charts.example.com/${release.name}`,
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      });
    }
  });

  test('the core runs from Cilium to flux-instance, and every `needs` leads somewhere', () => {
    expect(core(cluster).map((release) => release.name)).toEqual([
      'cilium',
      'coredns',
      'spegel',
      'cert-manager',
      'external-secrets',
      'flux-operator',
      'flux-instance',
    ]);
    const edges = new Map(core(cluster).map((release) => [key(release), (release.needs ?? []) as string[]]));
    expect(graphProblems(edges)).toEqual([]);
    const roots = [...edges].filter(([, needs]) => needs.length === 0);
    expect(roots.map(([name]) => name)).toEqual(['kube-system/cilium']);
  });

  test('Spegel alone is not installed, and nothing needs it', () => {
    const off = core(cluster).filter((release) => release.installed === false);
    expect(off.map(key)).toEqual(['kube-system/spegel']);
    expect(core(cluster).flatMap((release) => release.needs ?? [])).not.toContain('kube-system/spegel');
  });

  test('every values file is there, and what it reads in turn', () => {
    const template = `bootstrap/${cluster}/templates/values.yaml.gotmpl`;
    const named = core(cluster).flatMap((release) => release.values as string[]);
    expect(new Set(named)).toEqual(new Set(['../templates/values.yaml.gotmpl']));
    const reads = [...text(template).matchAll(/readFile \(?(?:printf )?"([^"]+)"/g)].map((match) => match[1]!);
    expect(reads).toHaveLength(2);
    for (const read of reads) {
      for (const release of core(cluster)) {
        expect(existsSync(join(example, `bootstrap/${cluster}/templates`, read.replace('%s', release.name)))).toBe(
          true,
        );
      }
    }
    expect(reads[0]).toContain(`clusters/${cluster}/flux/cluster-vars.yaml`);
  });

  test('values use no variable that cluster-vars does not give', () => {
    for (const release of core(cluster)) {
      const used = variables(`kubernetes/core/${release.name}/helmrelease.yaml`);
      expect(Object.keys(vars(cluster))).toEqual(expect.arrayContaining(used));
    }
  });

  test('Flux will install the same chart and version', () => {
    for (const release of core(cluster)) {
      const source = document(`clusters/${cluster}/flux/repositories/oci/${release.name}.yaml`).spec;
      expect([source.url, source.ref.tag]).toEqual([release.chart, release.version]);
    }
  });

  test('controllers bring no definitions of their own: those come from the CRD helmfile, in the same version', () => {
    for (const [name, off] of [
      ['cert-manager', { crds: { enabled: false } }],
      ['external-secrets', { installCRDs: false }],
    ] as const) {
      expect(document(`kubernetes/core/${name}/helmrelease.yaml`).spec.values).toMatchObject(off);
      const pick = (releases: Tree[]) => releases.find((release) => release.name === name)?.version;
      expect(pick(crds(cluster))).toBe(pick(core(cluster)));
    }
  });

  test('every namespace that a release or a secret lives in is made first', () => {
    const made = documents(`bootstrap/${cluster}/resources/namespaces.yaml`).map((each) => each.metadata.name);
    const secrets = documents(`bootstrap/${cluster}/secrets.yaml.tpl`).map((each) => each.metadata.namespace);
    const used = [...crds(cluster), ...core(cluster)].map((release) => release.namespace as string);
    expect(new Set(made)).toEqual(new Set([...used, ...secrets].filter((name) => name !== 'kube-system')));
  });

  test.each([
    [
      'secrets.yaml.tpl',
      ['external-secrets/onepassword-connect', 'flux-system/cluster-secrets', 'flux-system/sops-age'],
    ],
    // Apart from the others: the Flux step applies it, once ls-remote has succeeded with it (E1).
    ['deploy-key.yaml.tpl', ['flux-system/flux-system']],
  ])('%s holds references into the vault, and no value', (template, names) => {
    const secrets = documents(`bootstrap/${cluster}/${template}`);
    expect(secrets.map((each) => `${each.metadata.namespace}/${each.metadata.name}`)).toEqual(names);
    for (const secret of secrets) {
      const values = Object.values<string>({ ...secret.data, ...secret.stringData });
      expect(values.length).toBeGreaterThan(0);
      for (const value of values) expect(value).toMatch(new RegExp(`^op://k8s-ops/${cluster}-[\\w-]+/\\w+$`));
    }
  });
});

test.each([
  ['an edge to nowhere', [['a', ['b']]], ['a needs b, which is not there']],
  [
    'a cycle',
    [
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ],
    ['cycle: b → c → b'],
  ],
  ['a release that needs itself', [['a', ['a']]], ['cycle: a → a']],
  [
    'a diamond is none',
    [
      ['a', []],
      ['b', ['a']],
      ['c', ['a']],
      ['d', ['b', 'c']],
    ],
    [],
  ],
] as [string, [string, string[]][], string[]][])('graph: %s', (_, edges, problems) => {
  expect(graphProblems(new Map(edges))).toEqual(problems);
});
