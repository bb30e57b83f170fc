import { expect } from 'vitest';
import type { KubeWorld } from '../world.ts';
import { type Told } from '../world.ts';

export type Scene = {
  /** Brings the world there. */
  given?: (world: KubeWorld) => Promise<unknown> | void;
  /** Files of the world, by path; relative ones below the repository. */
  files?: Record<string, string>;
  stdin?: string;
  /** Replaces the recorded argv where the recording went through a shell. */
  argv?: string[];
  env?: Record<string, string>;
  faults?: Record<string, number>;
  facts?: Record<string, unknown>;
  world?: (world: KubeWorld) => void;
  /** What differs by nature (times, tokens, temporary files), made the same on both sides. */
  same?: [RegExp, string][];
  /** Compares what was said in another way than line by line; gives why it is wrong, or nothing. */
  judge?: (told: Told, recorded: { stdout: string; stderr: string }) => void;
};

export const CILIUM_CHART = 'github.com/cilium/cilium@v1.20.2/install/kubernetes/cilium';

export const charts = { './coredns/Chart.yaml': 'name: coredns', 'coredns/Chart.yaml': 'name: coredns' };

export const HELMFILE = `helmDefaults: {wait: true, timeout: 120}
releases:
  - {name: cilium, namespace: kube-system, chart: ${CILIUM_CHART}, values: [{a: 1}]}
  - {name: coredns, namespace: kube-system, chart: ./coredns, needs: [kube-system/cilium]}
`;

export const helmfiles = { 'helmfile.yaml': HELMFILE, ...charts };

export const installed = async (world: KubeWorld): Promise<void> => {
  world.nodes(3);
  await world.pass(60_000);
  await world.run('helmfile', [
    '--kubeconfig',
    '/home/op/kube',
    '--kube-context',
    'infra',
    '-f',
    'helmfile.yaml',
    'sync',
  ]);
};

export const TIMES: [RegExp, string][] = [
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \+0000 UTC/g, 'TIME'],
  [/(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}/g, 'TIME'],
];

export const REVISION: [RegExp, string][] = [[/@sha1:[0-9a-f]+/g, '@sha1:REVISION'], ...TIMES];

export const FLUX_FILES = {
  '/repo/clusters/infra/kustomization.yaml': 'resources: [vars.yaml]',
  '/repo/clusters/infra/vars.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cluster-vars, namespace: flux-system}\ndata: {A: b}\n',
};

export const URL_ = 'http://127.0.0.1:18080/repo.git';

export const git = (name: string, more = ''): string => `---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: ${name}, namespace: flux-system}
spec: {interval: 1m, url: "${URL_}", ${more || 'ref: {branch: main}'}}
`;

export const ks = (name: string, path = './clusters/infra', more = ''): string => `---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: ${name}, namespace: flux-system}
spec: {interval: 1m, path: ${path}, prune: true, sourceRef: {kind: GitRepository, name: k8s-ops}${more}}
`;

export const FACTS = { 'flux/source': { url: URL_, branch: 'main' } };

/** Flux by its own chart stand-in, and the recorded source and Kustomization. */
export const flux =
  (manifests: string = git('k8s-ops') + ks('cluster')) =>
  async (world: KubeWorld): Promise<void> => {
    world.nodes(3);
    world.files.set(
      '/repo/flux.yaml',
      'helmDefaults: {wait: true}\nreleases:\n  - {name: flux, namespace: flux-system, chart: oci://charts.example.com/flux2, version: 2.17.0}\n',
    );
    const done = await world.run('helmfile', [
      '--kubeconfig',
      '/home/op/kube',
      '--kube-context',
      'infra',
      '-f',
      'flux.yaml',
      'sync',
    ]);
    expect(done).toMatchObject({ exit: 0 });
    const applied = await world.apply(manifests);
    expect(applied).toMatchObject({ exit: 0 });
    await world.pass(120_000);
  };

export const fluxScene = (given = flux(), same: [RegExp, string][] = REVISION): Scene => ({
  given,
  files: FLUX_FILES,
  facts: FACTS,
  same,
});

/** A recording that `head` cut off, closed again so that it parses. */
export function complete(text: string): unknown {
  const open: string[] = [];
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index] as string;
    if (quoted) {
      if (char === '\\') index += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') open.push(char === '{' ? '}' : ']');
    else if (char === '}' || char === ']') open.pop();
  }
  return JSON.parse(text.replace(/,\s*$/, '') + open.toReversed().join(''));
}
