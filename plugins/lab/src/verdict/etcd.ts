import { leaderNow } from '../etcd/life.ts';
import type { Model } from '../model.ts';

/** Whether there is exactly one etcd cluster; more than one is the disaster that nothing mends. */
export function etcdClusters(model: Model): string[] {
  const clusters = [...model.etcd.values()];
  if (clusters.length === 1) return [];
  if (clusters.length === 0) return ['etcd was never bootstrapped'];
  const shown = clusters.map(({ id, members }) => `${id} (${members.map((member) => member.node).join(', ')})`);
  return [`${clusters.length} etcd clusters instead of one: ${shown.join('; ')}`];
}

/** Expected control planes that are no voting member of the cluster that holds most of them. */
export function missingVoters(model: Model): string[] {
  const [cluster] = [...model.etcd.values()].sort((a, b) => b.members.length - a.members.length);
  if (!cluster) return [];
  const found: string[] = [];
  for (const { name } of model.expected.nodes.filter((node) => node.role === 'controlplane')) {
    const member = cluster.members.find((one) => one.node === name);
    if (!member) found.push(`${name}: not a member of etcd cluster ${cluster.id}`);
    else if (member.learner) found.push(`${name}: still a learner in etcd cluster ${cluster.id}`);
  }
  if (cluster.leader === null || leaderNow(model, cluster) === null)
    found.push(`etcd cluster ${cluster.id} has no leader`);
  return found;
}
