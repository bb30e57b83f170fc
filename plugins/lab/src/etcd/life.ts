import type { Change, Model } from '../model.ts';
import { again, configOf, goesDown, later, nodeNamed, proceed, retryLater, startApiserver } from '../nodes/life.ts';
import { clockInStep, diskErrs, hasBooted, holdsStaleEtcd, isCutOff } from '../nodes/masked.ts';
import type { NodeModel } from '../nodes/node.ts';
import type { EtcdCluster, EtcdMember } from './cluster.ts';

/**
 * etcd's life as events. `bootstrap` makes a cluster of one on whatever control plane is asked, as Talos does: its guard is
 * the node's own data directory and nothing else (talos#5500). Further control planes join one at a time, as learners first.
 */
export function etcdEvents(model: Model): void {
  const on = (kind: string, handle: (node: NodeModel) => void): void =>
    model.events.on(kind, (data: { node: string }) => handle(nodeNamed(model, data.node)));

  on('etcd/data', (node) => {
    if (model.faults.strike('etcd-no-spec', node.name)) return again(model, 'etcd/data', node);
    node.etcd.data = true;
  });
  on('etcd/started', (node) => {
    if (model.faults.strike('etcd-no-spec', node.name) || diskErrs(model, node))
      return again(model, 'etcd/started', node);
    node.etcd.data = true;
    serve(model, node);
    const cluster = clusterOf(model, node);
    if (cluster?.members.some((one) => one.node === node.name && one.learner)) return;
    if (cluster && cluster.leader === null) lead(model, cluster, node);
    later(model, 'etcd/elected', node, 'etcd/elect');
    startApiserver(model, node);
    proceed(model);
  });
  on('etcd/elected', (node) => {
    const cluster = clusterOf(model, node);
    if (cluster && cluster.vip === null) cluster.vip = node.name;
    proceed(model);
  });
  on('etcd/joined', (node) => {
    const cluster = clusterOf(model, node);
    if (!cluster) return;
    if (!hasBooted(node) || isCutOff(model, node)) return again(model, 'etcd/joined', node);
    node.under = node.under.filter((what) => what !== 'join');
    node.etcd.data = true;
    cluster.members.push(member(model, cluster, node, true));
    commit(model, cluster, 3);
    serve(model, node);
    later(model, 'etcd/promoted', node, 'etcd/promote');
  });
  on('etcd/promoted', (node) => {
    const cluster = clusterOf(model, node);
    const learner = cluster?.members.find((other) => other.node === node.name);
    if (!cluster || !learner) return;
    // Small messages reach a peer behind a link of another MTU; what a learner has to be sent does not.
    const held =
      model.faults.strike('learner-stuck', node.name) || model.faults.strike('mtu', node.name) || !hasBooted(node);
    if (held || isCutOff(model, node)) return again(model, 'etcd/promoted', node);
    learner.learner = false;
    commit(model, cluster, 1);
    startApiserver(model, node);
    proceed(model);
  });
}

/** Makes an etcd cluster of one on this node. Asked again before its data directory is there, it changes nothing. */
export function bootstrapEtcd(model: Model, node: NodeModel, change: Change): void {
  if (node.etcd.cluster !== null) return;
  const waits = model.faults.pending('etcd-no-spec', node.name);
  change.made(`${node.name}: etcd bootstrapped`);
  const id = model.random.hex(8, 'etcd', node.name, model.etcd.size);
  const cluster: EtcdCluster = { id, members: [], leader: null, term: 1, index: 0, since: model.clock.now, vip: null };
  cluster.members.push(member(model, cluster, node, false));
  model.etcd.set(id, cluster);
  node.etcd.cluster = id;
  if (!waits) node.etcd.service = 'preparing';
  node.etcd.changed = model.clock.now;
  node.under = node.under.filter((what) => what !== 'join');
  later(model, 'etcd/data', node, 'etcd/data');
  later(model, 'etcd/started', node, 'etcd/start');
  if (model.faults.strike('crash', node.name)) goesDown(model, node, 500);
}

/** A member whose node has booted again: its etcd starts from its data. */
export function restartEtcd(model: Model, node: NodeModel): void {
  if (node.etcd.cluster === null || node.under.includes('join')) return;
  node.etcd.service = 'preparing';
  later(model, 'etcd/started', node, 'etcd/start');
}

/** Whether a voter runs and its peers hear of it. */
const isHeard = (model: Model, name: string): boolean => {
  const node = model.nodes.get(name);
  return node !== undefined && hasBooted(node) && node.etcd.service === 'running' && !isCutOff(model, node);
};

/** The member that leads now; null where no majority of the voters hear of each other. */
export function leaderNow(model: Model, cluster: EtcdCluster): string | null {
  const voters = cluster.members.filter((one) => !one.learner).map((one) => one.node);
  const heard = voters.filter((name) => isHeard(model, name));
  if (heard.length * 2 <= voters.length) return null;
  return cluster.leader !== null && heard.includes(cluster.leader) ? cluster.leader : (heard[0] ?? null);
}

/** An empty control plane looks for an etcd cluster of its own CA and joins, while no other one is joining or learning there. */
export function joinEtcd(model: Model, node: NodeModel): void {
  if (node.etcd.service !== 'waiting' || node.etcd.cluster !== null) return;
  const waits = !clockInStep(model, node) || model.faults.strike('etcd-no-spec', node.name) || diskErrs(model, node);
  if (waits || holdsStaleEtcd(model, node)) return retryLater(model, node);
  const config = configOf(node);
  for (const cluster of model.etcd.values()) {
    const first = cluster.members[0];
    const host = first && model.nodes.get(first.node);
    if (leaderNow(model, cluster) === null || host?.config?.caFingerprint !== config.caFingerprint) continue;
    const busy =
      cluster.members.some((other) => other.learner) ||
      [...model.nodes.values()].some((other) => other.etcd.cluster === cluster.id && other.under.includes('join'));
    if (busy) continue;
    node.under.push('join');
    node.etcd.cluster = cluster.id;
    node.etcd.service = 'preparing';
    node.etcd.changed = model.clock.now;
    later(model, 'etcd/joined', node, 'etcd/join');
    if (model.faults.strike('crash', node.name)) goesDown(model, node, 5_000);
    return;
  }
}

/** The raft index now: what was committed, and the apiservers' steady writes since. */
export function raftIndex(cluster: EtcdCluster, now: number): number {
  return cluster.index + Math.floor((now - cluster.since) / 1000) * cluster.members.length;
}

function serve(model: Model, node: NodeModel): void {
  node.etcd.service = 'running';
  node.etcd.changed = model.clock.now;
}

function lead(model: Model, cluster: EtcdCluster, node: NodeModel): void {
  cluster.leader = node.name;
  cluster.term = 2;
  commit(model, cluster, 4);
}

function commit(model: Model, cluster: EtcdCluster, entries: number): void {
  cluster.index = raftIndex(cluster, model.clock.now) + entries;
  cluster.since = model.clock.now;
}

function clusterOf(model: Model, node: NodeModel): EtcdCluster | undefined {
  return node.etcd.cluster === null ? undefined : model.etcd.get(node.etcd.cluster);
}

function member(model: Model, cluster: EtcdCluster, node: NodeModel, learner: boolean): EtcdMember {
  const { hostname } = configOf(node);
  return {
    id: model.random.hex(8, 'member', cluster.id, node.name),
    node: node.name,
    hostname,
    address: node.address,
    learner,
  };
}
