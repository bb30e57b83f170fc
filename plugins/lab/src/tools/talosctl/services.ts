import type { Model } from '../../model.ts';
import type { NodeModel } from '../../nodes/node.ts';

export type Service = {
  id: string;
  state: 'Running' | 'Waiting' | 'Preparing';
  health: 'OK' | '?';
  changed: number;
  event: string;
};

const HEALTHY = 'Health check successful';

/** The services of a node that a bring-up asks about. */
export function servicesOf(_model: Model, node: NodeModel): Service[] {
  const services: Service[] = [{ id: 'apid', state: 'Running', health: 'OK', changed: node.since, event: HEALTHY }];
  if (node.stage === 'maintenance') return services;
  const { service, changed } = node.etcd;
  if (service === 'waiting')
    services.push({
      id: 'etcd',
      state: 'Waiting',
      health: '?',
      changed,
      event: 'Waiting for service "etcd" to be bootstrapped',
    });
  if (service === 'preparing')
    services.push({ id: 'etcd', state: 'Preparing', health: '?', changed, event: 'Running pre state' });
  if (service === 'running') services.push({ id: 'etcd', state: 'Running', health: 'OK', changed, event: HEALTHY });
  services.push(
    node.kubelet.running
      ? { id: 'kubelet', state: 'Running', health: 'OK', changed: node.since, event: HEALTHY }
      : { id: 'kubelet', state: 'Waiting', health: '?', changed: node.since, event: 'Waiting for network to be ready' },
  );
  return services;
}

/** A time ago as Go prints a duration, to the second. */
export function ago(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const head = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : '';
  return `${head}${seconds % 60}s ago`;
}
