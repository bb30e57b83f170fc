import type { WorldVerdict } from '@coldstart/contract';
import type { Model } from '../model.ts';
import { etcdClusters, missingVoters } from './etcd.ts';
import { silentApis, unreadyObjects } from './kubernetes.ts';
import { foreignCas, leakedSecrets, missingNodes } from './nodes.ts';

/** Every predicate over the world. They look at the machines and objects themselves: at no step, no journal and no tool's output. */
const predicates: readonly ((model: Model) => string[])[] = [
  missingNodes,
  foreignCas,
  leakedSecrets,
  etcdClusters,
  missingVoters,
  silentApis,
  unreadyObjects,
  (model) => [...model.findings],
];

/** Whether the world is whole, and each thing that is wrong with it. */
export function verdictOf(model: Model): WorldVerdict {
  const findings = predicates.flatMap((predicate) => predicate(model));
  return { whole: findings.length === 0, findings, etcdClusters: model.etcd.size };
}
