import { gzipSync } from 'node:zlib';

import type { Change, Model } from '../../../plugins/lab/src/model.ts';
import { bootstrapEtcd, leaderNow, raftIndex } from '../../../plugins/lab/src/etcd/life.ts';
import { install, reconfigure } from '../../../plugins/lab/src/nodes/life.ts';
import { isImpostor } from '../../../plugins/lab/src/nodes/impostor.ts';
import { bootedVersion } from '../../../plugins/lab/src/nodes/masked.ts';
import type { NodeModel } from '../../../plugins/lab/src/nodes/node.ts';
import { checked, drySummary, swallow, takenBefore } from '../../../plugins/lab/src/tools/talosctl/apply.ts';
import { mayBootstrap } from '../../../plugins/lab/src/tools/talosctl/bootstrap.ts';
import { dmesgOf } from '../../../plugins/lab/src/tools/talosctl/dmesg.ts';
import { agreed, servingMember } from '../../../plugins/lab/src/tools/talosctl/etcd.ts';
import { checks } from '../../../plugins/lab/src/tools/talosctl/health.ts';
import { adminConfig } from '../../../plugins/lab/src/tools/talosctl/kubeconfig.ts';
import { servicesOf } from '../../../plugins/lab/src/tools/talosctl/services.ts';
import { below } from '../../../plugins/lab/src/tools/talosctl/versions.ts';
import { Failure } from './failure.ts';
import { logOf } from './logs.ts';
import { MEMORY } from './health.ts';
import { PLATFORM } from './platform.ts';
import type { Message } from './protocol.ts';
import { tar } from './tar.ts';

/** What a node's answers are made from. */
export type Ground = {
  model: Model;
  /** The kubeconfig of the cluster that stands behind the nodes; null for one that the lab makes up. */
  kubeconfig: ((node: NodeModel, model: Model) => Promise<string>) | null;
  /** A snapshot of the etcd that stands behind the nodes, with its checksum at the end; null where none does. */
  snapshot: (() => AsyncIterable<Uint8Array>) | null;
  /** Called once etcd was bootstrapped on a node, before its answer goes out. */
  bootstrapped: ((node: NodeModel) => void) | null;
};

/** A node's own answers: one reply, without the frame that a list of replies is. */
export type Unary = (ground: Ground, node: NodeModel, request: Message, change: Change) => Promise<Message> | Message;
export type Streamed = (
  ground: Ground,
  node: NodeModel,
  request: Message,
  stop: AbortSignal,
  change: Change,
) => AsyncIterable<Message>;

/** What anybody may ask of a node in maintenance, apart from resources. */
export const inMaintenance: ReadonlySet<string> = new Set(['Version', 'ApplyConfiguration', 'Disks']);

/** How long a node tries its own etcd before it gives up. */
const ETCD_CLIENT = 5000;

export const unary: Readonly<Record<string, Unary>> = {
  '/machine.MachineService/Version': (_ground, node) => {
    if (node.stage === 'maintenance' && below(node.version, '1.13.0'))
      throw new Failure('Unimplemented', 'API is not implemented in maintenance mode');
    return {
      version: { tag: node.version, sha: 'abcdef12', go_version: 'go1.26.0', os: 'linux', arch: 'amd64' },
      platform: { name: PLATFORM, mode: 'metal' },
      features: { rbac: true },
    };
  },
  '/machine.MachineService/ApplyConfiguration': ({ model }, node, request, change) => {
    const told = (details: string): Message => ({ mode: request['mode'], mode_details: details });
    if (isImpostor(model, node)) {
      swallow(node, request['data'] as Buffer, change);
      return told('Applied configuration without a reboot');
    }
    const legacy = below(bootedVersion(model, node), '1.13.0');
    if (request['mode'] !== 'AUTO' && !request['dry_run'])
      throw new Failure('Unimplemented', `a simulated node does not play the mode ${String(request['mode'])}`);
    const { stage } = node;
    if (model.faults.strike('apply-hangs', node.name)) return new Promise<Message>(() => {});
    const config = checked(model, node, request['data'] as Buffer, null);
    // In maintenance nobody has shown a certificate.
    if (stage === 'maintenance' && model.faults.strike('taken', node.name)) {
      install(model, node, config, change);
      throw takenBefore(model, node, node.address);
    }
    if (request['dry_run']) return told(drySummary(node, config, legacy).trimEnd());
    if (stage === 'maintenance') install(model, node, config, change);
    else reconfigure(model, node, config, change);
    return told(legacy && stage === 'maintenance' ? '' : 'Applied configuration without a reboot');
  },
  '/machine.MachineService/Bootstrap': (ground, node, request, change) => {
    if (request['recover_etcd']) throw new Failure('Unimplemented', 'a simulated node does not play recovery');
    mayBootstrap(ground.model, node, null);
    bootstrapEtcd(ground.model, node, change);
    ground.bootstrapped?.(node);
    return {};
  },
  '/machine.MachineService/ServiceList': ({ model }, node) => ({
    services: servicesOf(model, node).map(({ id, state, health, changed, event }) => {
      const at = ago(model, changed);
      const known = { unknown: health === '?', healthy: health === 'OK', last_message: event, last_change: at };
      return { id, state, health: known, events: { events: [{ msg: event, state, ts: at }] } };
    }),
  }),
  '/machine.MachineService/EtcdMemberList': async (ground, node) => {
    const down = 'failed to create etcd client: error building etcd client: context deadline exceeded';
    const { cluster } = agreed(ground.model, await etcdOf(ground, node, 'member list', down), null);
    return {
      members: cluster.members.map(({ id, hostname, address, learner }) => ({
        id: decimal(id),
        hostname,
        peer_urls: [`https://${address}:2380`],
        client_urls: [`https://${address}:2379`],
        is_learner: learner,
      })),
    };
  },
  '/machine.MachineService/EtcdStatus': async (ground, node) => {
    const { cluster, self } = await etcdOf(ground, node, 'etcd status', DOWN);
    const index = String(raftIndex(cluster, ground.model.clock.now));
    const leads = leaderNow(ground.model, cluster);
    return {
      member_status: {
        member_id: decimal(self.id),
        db_size: '2500000',
        db_size_in_use: '1250000',
        leader: decimal(cluster.members.find((member) => member.node === leads)?.id ?? '0'),
        raft_index: index,
        raft_applied_index: index,
        raft_term: String(cluster.term),
        is_learner: self.learner,
        errors: leads === null ? ['etcdserver: no leader'] : [],
        protocol_version: '3.6.4',
        storage_version: '3.6.0',
      },
    };
  },
  '/machine.MachineService/EtcdAlarmList': async (ground, node) => {
    await etcdOf(ground, node, 'etcd alarm', DOWN);
    return { member_alarms: [] };
  },
  '/machine.MachineService/Memory': () => ({ meminfo: { memtotal: String(MEMORY), memfree: String(MEMORY / 2) } }),
  '/machine.MachineService/Hostname': (_ground, node) => ({ hostname: node.config?.hostname ?? '' }),
};

export const streamed: Readonly<Record<string, Streamed>> = {
  '/machine.MachineService/Kubeconfig': async function* ({ model, kubeconfig }, node) {
    if (node.config?.role !== 'controlplane')
      throw new Failure('Unimplemented', 'kubeconfig is only available on control plane nodes');
    const text = kubeconfig ? await kubeconfig(node, model) : adminConfig(model, node.config);
    yield { bytes: gzipSync(tar('kubeconfig', Buffer.from(text))) };
  },
  '/machine.MachineService/Dmesg': (ground, node, request, stop) =>
    linesOf(ground, () => dmesgOf(ground.model, node), request['tail'] ? 0 : null, request['follow'] === true, stop),
  '/machine.MachineService/Logs': (ground, node, request, stop) => {
    const tail = Number(request['tail_lines']);
    const lines = (): string[] => logOf(ground.model, node, String(request['id']));
    return linesOf(ground, lines, tail >= 0 ? tail : null, request['follow'] === true, stop);
  },
  '/machine.MachineService/EtcdSnapshot': async function* (ground, node) {
    await etcdOf(ground, node, 'etcd snapshot', DOWN);
    if (!ground.snapshot) throw new Failure('Unimplemented', 'no etcd stands behind this simulated node');
    for await (const bytes of ground.snapshot()) yield { bytes };
  },
  '/cluster.ClusterService/HealthCheck': async function* ({ model }, node, request) {
    const given = (request['cluster_info'] ?? {}) as { control_plane_nodes?: string[]; worker_nodes?: string[] };
    const at = (addresses: readonly string[] = []): NodeModel[] =>
      [...model.nodes.values()].filter((one) => addresses.includes(one.address));
    const controlPlanes = at(given.control_plane_nodes?.length ? given.control_plane_nodes : [node.address]);
    const look = { controlPlanes, all: [...controlPlanes, ...at(given.worker_nodes)] };
    const { seconds = '0' } = (request['wait_timeout'] ?? {}) as { seconds?: string };
    const until = model.clock.now + Number(seconds) * 1000;
    for (const { title, met } of checks) {
      yield { message: `waiting for ${title}: ...` };
      let amiss = met(model, look);
      for (let last: string | null = null; amiss !== null && amiss !== 'SKIP'; amiss = met(model, look)) {
        if (amiss !== last) yield { message: `waiting for ${title}: ${amiss}` };
        last = amiss;
        if (model.clock.now + 1000 > until) throw new Failure('DeadlineExceeded', 'context deadline exceeded');
        await model.clock.sleep(1000);
      }
      yield { message: `waiting for ${title}: ${amiss ?? 'OK'}` };
    }
  },
};

/** Lines that a node has, the last `tail` or all of them; followed, also those that come until the client has left. */
async function* linesOf(
  { model }: Ground,
  look: () => string[],
  tail: number | null,
  follow: boolean,
  stop: AbortSignal,
): AsyncIterable<Message> {
  const lines = look();
  const old = new Set(lines);
  for (const line of tail === null ? lines : lines.slice(lines.length - Math.min(tail, lines.length)))
    yield { bytes: Buffer.from(`${line}\n`) };
  if (!follow) return;
  while (!stop.aborted) {
    await model.clock.sleep(500, stop);
    if (stop.aborted) return;
    for (const line of look().filter((one) => !old.has(one))) {
      old.add(line);
      yield { bytes: Buffer.from(`${line}\n`) };
    }
  }
}

const DOWN = 'failed to create etcd client: context deadline exceeded';

const etcdOf = async (
  { model }: Ground,
  node: NodeModel,
  what: string,
  down: string,
): Promise<NonNullable<ReturnType<typeof servingMember>>> => {
  if (node.config?.role !== 'controlplane')
    throw new Failure('Unimplemented', `${what} is only available on control plane nodes`);
  const found = servingMember(model, node);
  if (found) return found;
  await model.clock.sleep(ETCD_CLIENT);
  throw new Failure('Unknown', down);
};

const decimal = (hex: string): string => BigInt(`0x${hex}`).toString();

/** A moment of the world as a real one that lies as far back: talosctl takes ages from the real clock. */
const ago = (model: Model, at: number): Message => {
  const ms = new Date().getTime() - (model.clock.now - at);
  return { seconds: String(Math.floor(ms / 1000)), nanos: (((ms % 1000) + 1000) % 1000) * 1_000_000 };
};
