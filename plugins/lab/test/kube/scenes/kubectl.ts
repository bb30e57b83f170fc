import { expect } from 'vitest';
import { CILIUM } from '../../../src/kubernetes/charts/definitions.ts';
import { crds } from '../../../src/kubernetes/charts/parts.ts';
import { toStream } from '../../../src/kubernetes/manifests/yaml.ts';
import type { KubeWorld } from '../world.ts';
import { type Scene, helmfiles, installed, fluxScene } from './scene.ts';

const manifest = (name: string): string =>
  toStream(crds('cilium', CILIUM).filter((each) => each.metadata.name === name));

const NODES = 'github.com/cilium/cilium@v1.20.2/pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnodes.yaml';

const POLICIES = 'github.com/cilium/cilium@v1.20.2/pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnetworkpolicies.yaml';

const CRD_FILES = {
  [NODES]: manifest('ciliumnodes.cilium.io'),
  [POLICIES]: manifest('ciliumnetworkpolicies.cilium.io'),
};

const established = async (world: KubeWorld): Promise<void> => {
  await world.apply(Object.values(CRD_FILES).join(''));
  await world.pass(5000);
};

/** Recordings of kubectl. */
export const ofKubectl: Record<string, Scene> = {
  'kubectl/apply-server-side-crd': {
    files: CRD_FILES,
    same: [[/^Warning: unrecognized format "idn-hostname"\n/m, '']],
  },
  'kubectl/apply-server-side-crd-again': { files: CRD_FILES, given: established },
  'kubectl/cluster-info': {},
  'kubectl/conflict-ssa': {
    files: helmfiles,
    given: installed,
    argv: ['--context', 'infra', 'apply', '--server-side', '--field-manager=other', '-f', '-'],
    stdin:
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: coredns, namespace: kube-system}\nspec: {replicas: 3}\n',
  },
  'kubectl/diff-same': { files: CRD_FILES, given: established },
  'kubectl/get-missing': {},
  'kubectl/invalid-yaml': { argv: ['--context', 'infra', 'apply', '-f', '-'], stdin: 'kind: ConfigMap\n' },
  'kubectl/no-such-context': {},
  'kubectl/not-found-crd-kind': {
    argv: ['--context', 'infra', 'apply', '-f', '-'],
    stdin: 'apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: x}\n',
  },
  'kubectl/readyz-verbose': {},
  'kubectl/refused': { same: [[/^E\d{4} [\d:.]+ +\d+ /gm, 'E ']] },
  'kubectl/rollout-status': {
    files: helmfiles,
    given: installed,
  },
  'kubectl/version-json': {},
  'kubectl/wait-established': { given: established },
  'kubectl/wait-established-missing': { given: established },
  'kubectl/wait-timeout': fluxScene(),
  'kubectl/get-nodes': {
    given: (world) => world.nodes(3, 'flannel', 'controlplane').pass(60_000),
    judge: (told, recorded) => {
      const rows = (text: string) =>
        text
          .trimEnd()
          .split('\n')
          .map((line) => line.split(/ {2,}/));
      const [lab, real] = [rows(told.stdout), rows(recorded.stdout)];
      expect(lab[0]).toEqual(real[0]);
      expect(lab.slice(1).map((row) => row.slice(0, 3))).toEqual(real.slice(1).map((row) => row.slice(0, 3)));
      expect(lab.map((row) => row.length)).toEqual(real.map((row) => row.length));
      expect(lab[1]?.[3]).toMatch(/^\d+[smhd]/);
    },
  },
};
