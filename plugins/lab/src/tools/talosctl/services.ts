import type { Model } from '../../model.ts';
import { leaderNow } from '../../etcd/life.ts';
import { clockInStep, holdsStaleEtcd } from '../../nodes/masked.ts';
import type { NodeModel } from '../../nodes/node.ts';

export type Service = {
  id: string;
  state: 'Running' | 'Waiting' | 'Preparing';
  health: 'OK' | 'Fail' | '?';
  changed: number;
  event: string;
};

const HEALTHY = 'Health check successful';

/** The services of a node that a bring-up asks about. */
export function servicesOf(model: Model, node: NodeModel): Service[] {
  const services: Service[] = [{ id: 'apid', state: 'Running', health: 'OK', changed: node.since, event: HEALTHY }];
  if (node.stage === 'maintenance') return services;
  const etcd = etcdOf(model, node);
  if (etcd) services.push({ id: 'etcd', changed: node.etcd.changed, ...etcd });
  services.push({ id: 'kubelet', changed: node.since, ...kubeletOf(model, node) });
  return services;
}

function kubeletOf(model: Model, node: NodeModel): Pick<Service, 'state' | 'health' | 'event'> {
  if (!node.kubelet.running) return { state: 'Waiting', health: '?', event: 'Waiting for network to be ready' };
  if (!node.kubelet.registered && !clockInStep(model, node))
    return { state: 'Waiting', health: '?', event: 'Waiting for time sync' };
  return { state: 'Running', health: 'OK', event: HEALTHY };
}

/** What Talos' supervisor says of etcd. */
function etcdOf(model: Model, node: NodeModel): Pick<Service, 'state' | 'health' | 'event'> | undefined {
  const { service, cluster } = node.etcd;
  if (service === 'absent') return undefined;
  if (holdsStaleEtcd(model, node))
    return { state: 'Running', health: 'Fail', event: 'Health check failed: context deadline exceeded' };
  if (service === 'waiting') {
    if (model.faults.strike('etcd-no-spec', node.name))
      return { state: 'Waiting', health: '?', event: 'Waiting for etcd spec' };
    if (!clockInStep(model, node)) return { state: 'Waiting', health: '?', event: 'Waiting for time sync' };
    return { state: 'Waiting', health: '?', event: 'Waiting for service "etcd" to be bootstrapped' };
  }
  if (service === 'preparing') return { state: 'Preparing', health: '?', event: 'Running pre state' };
  const all = cluster === null ? undefined : model.etcd.get(cluster);
  if (all && leaderNow(model, all) === null)
    return { state: 'Running', health: 'Fail', event: 'Health check failed: etcdserver: no leader' };
  return { state: 'Running', health: 'OK', event: HEALTHY };
}

/** A time ago as Go prints a duration, to the second. */
export function ago(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const head = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : '';
  return `${head}${seconds % 60}s ago`;
}
