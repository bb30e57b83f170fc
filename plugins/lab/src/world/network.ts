import { isIP } from 'node:net';
import type { Answering, ApiAnswering, KubernetesModel, Model } from '../model.ts';
import { leaderNow } from '../etcd/life.ts';
import { hasBooted } from '../nodes/masked.ts';
import type { NodeModel } from '../nodes/node.ts';

/** Talos' API, the Kubernetes API. */
const APID = 50_000;
const TRUSTD = 50_001;
const KUBERNETES = 6443;

/**
 * What a node's apid shows to a caller: its port's state and, where it is open, which TLS it speaks.
 * Installing and rebooting refuse; a worker without a certificate does not listen yet.
 */
export type ApidFace =
  | { how: 'refused' }
  | { how: 'timeout' }
  | { how: 'unreachable' }
  | { how: 'maintenance' }
  | { how: 'mtls'; /** PEM; null: another cluster's, which the lab only has by name. */ ca: string | null };

/** Asks once; a fault that strikes the connection strikes here. */
export function apidFace(model: Model, node: NodeModel): ApidFace {
  const way = wayTo(model, node);
  if (way) return { how: way };
  if (model.faults.strike('refused', node.name)) return { how: 'refused' };
  // Seven seconds here, seven seconds gone.
  if (Math.floor(model.clock.now / 7000) % 2 === 1 && model.faults.strike('flaps', node.name))
    return { how: 'refused' };
  if (model.faults.strike('impostor', node.name)) return { how: 'maintenance' };
  if (model.faults.strike('wrong-ca', node.name)) return { how: 'mtls', ca: null };
  if (node.stage === 'maintenance') return { how: 'maintenance' };
  if ((node.stage === 'booting' || node.stage === 'running') && node.certified && node.config)
    return { how: 'mtls', ca: node.config.ca };
  return { how: 'refused' };
}

/** Why no packet gets to a node; undefined where it does. */
function wayTo(model: Model, node: NodeModel): 'timeout' | 'unreachable' | undefined {
  if (model.faults.strike('unreachable', node.name)) return 'timeout';
  if (node.stage === 'off' || model.faults.strike('off', node.name)) return 'unreachable';
  return hasBooted(node) && model.faults.strike('bond', node.name) ? 'timeout' : undefined;
}

/** The node whose own address this is. */
export function nodeAt(model: Model, host: string): NodeModel | undefined {
  return [...model.nodes.values()].find((node) => node.address === host || node.config?.addresses.includes(host));
}

/** The node that answers for a host: the address's own, or the holder of the virtual address. */
export function answererAt(model: Model, host: string): NodeModel | undefined {
  const node = nodeAt(model, host);
  if (node) return node;
  for (const cluster of model.etcd.values()) {
    const holder = cluster.vip === null ? undefined : model.nodes.get(cluster.vip);
    if (holder?.config?.vip === host) return holder;
  }
  return undefined;
}

export function dial(model: Model, host: string, port: number): Answering {
  if (port === KUBERNETES) return apiAt(model, host, port).how;
  const node = answererAt(model, host);
  if (!node) return isIP(host) && isOurs(model, host) ? 'unreachable' : 'timeout';
  const face = apidFace(model, node);
  if (face.how !== 'maintenance' && face.how !== 'mtls') return face.how;
  if (port === APID) return 'open';
  return port === TRUSTD && face.how === 'mtls' && node.config?.role === 'controlplane' ? 'open' : 'refused';
}

export function apiAt(model: Model, host: string, port: number): ApiAnswering {
  const node = answererAt(model, host) ?? named(model, host);
  if (!node) return { how: isOurs(model, host) ? 'unreachable' : 'timeout' };
  const way = wayTo(model, node);
  if (way) return { how: way };
  if (port !== KUBERNETES || !node.apiserver || node.etcd.cluster === null) return { how: 'refused' };
  // An API server ends itself when its etcd takes no writes.
  const cluster = model.etcd.get(node.etcd.cluster);
  if (cluster && leaderNow(model, cluster) === null) return { how: 'refused' };
  if (model.faults.strike('api-flaps')) return { how: 'refused' };
  return { how: 'open', api: model.apiOf(node.etcd.cluster), node: node.name, ca: node.config?.kubernetesCa ?? null };
}

/** Whether a worker can have a certificate issued: some control plane of its CA is up, and it can find it. */
export function trustdReachable(model: Model, worker: NodeModel): boolean {
  const config = worker.config;
  if (!config) return false;
  const host = hostOf(config.endpoint);
  return controlPlanes(model).some(
    (node) =>
      node.config?.caFingerprint === config.caFingerprint &&
      (node.stage === 'booting' || node.stage === 'running') &&
      (config.discovery || node.address === host || answererAt(model, host) === node),
  );
}

/** The API that a node's own kubelet reaches, by the local balancer or the endpoint. */
export function apiReachable(model: Model, node: NodeModel): KubernetesModel | undefined {
  const own = node.etcd.cluster;
  const ready = controlPlanes(model).filter(
    (other) =>
      other.apiserver &&
      other.config?.caFingerprint === node.config?.caFingerprint &&
      (own === null || node.config?.role === 'worker' || other.etcd.cluster === own),
  );
  const through = ready.find((other) => other === node) ?? ready[0];
  return through?.etcd.cluster ? model.apiOf(through.etcd.cluster) : undefined;
}

function controlPlanes(model: Model): NodeModel[] {
  return [...model.nodes.values()].filter((node) => node.config?.role === 'controlplane');
}

/** An endpoint given by name resolves to the control planes. */
function named(model: Model, host: string): NodeModel | undefined {
  if (isIP(host)) return undefined;
  const theirs = controlPlanes(model).filter((node) => hostOf(node.config?.endpoint ?? '') === host);
  return theirs.find((node) => node.apiserver) ?? theirs[0];
}

function isOurs(model: Model, host: string): boolean {
  if (host === model.expected.vip) return true;
  return [...model.nodes.values()].some((node) => node.config?.vip === host);
}

/** The host of an `https://host:port` endpoint. */
export function hostOf(endpoint: string): string {
  return /^https?:\/\/(\[[^\]]+\]|[^:/]+)/.exec(endpoint)?.[1]?.replaceAll(/[[\]]/g, '') ?? '';
}
