import type { OpenLab } from '@coldstart/plugin-lab';
import { etcdClusters, missingVoters } from '../../plugins/lab/src/verdict/etcd.ts';
import { silentApis } from '../../plugins/lab/src/verdict/kubernetes.ts';
import { foreignCas, missingNodes } from '../../plugins/lab/src/verdict/nodes.ts';
import type { Case } from './case.ts';
import type { Ground } from './topology.ts';

export function hasOneCluster({ model }: OpenLab): string[] {
  return model.etcd.size > 1 ? etcdClusters(model) : [];
}

/** What is wrong with the world after phase −1, or after everything. */
export function phaseFindings(lab: OpenLab, scope: Case['scope'], ground: Ground): string[] {
  if (scope === 'whole') return lab.verdict().findings;
  const { model } = lab;
  return [
    ...[missingNodes, foreignCas, etcdClusters, missingVoters, silentApis].flatMap((predicate) => predicate(model)),
    ...[...model.nodes.values()]
      .filter((node) => !node.kubelet.registered)
      .map((node) => `${node.name}: not registered`),
    ...(model.files.read(`${ground.root}/kubernetes/kubeconfig`) ? [] : ['there is no kubeconfig']),
    ...model.findings,
  ];
}
