import { createHash } from 'node:crypto';

import type { Json } from '@coldstart/contract';

import type { Change, Model } from '../../../plugins/lab/src/model.ts';
import { goesDown, goesFrom, nodeNamed } from '../../../plugins/lab/src/nodes/life.ts';
import type { NodeModel } from '../../../plugins/lab/src/nodes/node.ts';
import { Failure } from './failure.ts';
import type { Streamed, Unary } from './machine-api.ts';
import type { Message, Protocol } from './protocol.ts';

/** What a node reports of its own doings, as `Events` sends it. */
type Told = { id: string; actor: string; type: string; message: Message };

/** Types and contents of events, in their order. */
type Sequence = [string, { [field: string]: Json }][];

/** What of a node's life the lab's model does not keep: how often it booted, and what it reported since. */
type Life = { boots: number; told: Told[]; shown: string };

/** The node's answers for reset, reboot and upgrade, and for whoever follows them. */
export type Lifecycle = { unary: Readonly<Record<string, Unary>>; streamed: Readonly<Record<string, Streamed>> };

/**
 * In the nodes' own time, from the answer: when the sequence begins, and when the node is gone. talosctl begins to follow at
 * the same moment as it asks, so what is told at once may be told to nobody.
 */
const BEGINS = 120_000;
const GONE = 480_000;

export const lifecycleOf = (model: Model, protocol: Protocol): Lifecycle => {
  const lives = new Map<string, Life>();
  const lifeOf = (node: NodeModel): Life => {
    const life = lives.get(node.name) ?? { boots: 1, told: [], shown: '' };
    lives.set(node.name, life);
    return life;
  };
  let count = 0;
  const next = (what: string, node: NodeModel): string => uuid(`${what} ${node.name} ${count++}`);
  const tell = (node: NodeModel, actor: string, type: string, message: Message): void =>
    void lifeOf(node).told.push({ id: next('event', node), actor, type, message });
  /** A sequence that begins soon: its events, and what becomes of the node. */
  const begin = (node: NodeModel, told: Sequence, after: 'reboots' | 'maintenance' | 'off'): string => {
    const actor = next('actor', node);
    model.events.in(BEGINS, 'wire/begins', { node: node.name, actor, told });
    model.events.in(GONE, 'wire/gone', { node: node.name, after });
    return actor;
  };

  model.events.on('wire/begins', ({ node, actor, told }: { node: string; actor: string; told: Sequence }) => {
    for (const [type, message] of told) tell(nodeNamed(model, node), actor, type, message);
  });
  model.events.on('wire/gone', ({ node: name, after }: { node: string; after: 'reboots' | 'maintenance' | 'off' }) => {
    const node = nodeNamed(model, name);
    Object.assign(lifeOf(node), { boots: lifeOf(node).boots + 1, told: [], shown: '' });
    if (after === 'reboots') goesDown(model, node, 0);
    else if (after === 'maintenance') model.events.in(0, 'node/falls-back', { node: name });
    else goesFrom(model, node, 'off');
  });
  const reboot = (node: NodeModel, change: Change): string => {
    change.made(`${node.name}: reboot`);
    return begin(node, [['SequenceEvent', { sequence: 'reboot', action: 'START' }]], 'reboots');
  };
  /** A node tells of each new stage that it is in. */
  const noteStage = (node: NodeModel): void => {
    const life = lifeOf(node);
    const { stage } = node;
    if (life.shown === stage || (stage !== 'booting' && stage !== 'running')) return;
    life.shown = stage;
    const status = { ready: stage === 'running', unmet_conditions: [] };
    tell(node, '', 'MachineStatusEvent', { stage: stage.toUpperCase(), status });
  };
  const upgrade = (node: NodeModel, image: string, change: Change): void => {
    const tag = tagOf(image);
    if (!node.config || tag === null) throw new Failure('Unknown', 'failed to pull image');
    change.made(`${node.name}: upgraded to ${tag}`);
    node.config = { ...node.config, installs: tag };
  };

  return {
    unary: {
      '/machine.MachineService/Reset': (_ground, node, request, change) => {
        const labels = ((request['system_partitions_to_wipe'] ?? []) as { label: string }[]).map(({ label }) => label);
        const wipes = (label: string): boolean => labels.length === 0 || labels.includes(label);
        change.made(`${node.name}: reset${labels.length > 0 ? ` (${labels.join(', ')})` : ''}`);
        if (request['graceful'] && node.etcd.cluster !== null) leaveEtcd(model, node);
        if (wipes('EPHEMERAL')) node.etcd = { ...node.etcd, data: false, cluster: null, service: 'waiting' };
        node.kubelet = { running: false, registered: false };
        node.apiserver = false;
        const told: Sequence = [
          ['SequenceEvent', { sequence: 'reset', action: 'START' }],
          ['PhaseEvent', { phase: 'cleanup', action: 'START' }],
          ['TaskEvent', { task: 'stopAllServices', action: 'START' }],
        ];
        return {
          actor_id: begin(node, told, request['reboot'] ? (wipes('STATE') ? 'maintenance' : 'reboots') : 'off'),
        };
      },
      '/machine.MachineService/Reboot': (_ground, node, _request, change) => ({ actor_id: reboot(node, change) }),
      '/machine.MachineService/Upgrade': (_ground, node, request, change) => {
        upgrade(node, String(request['image']), change);
        return { ack: 'Upgrade request received', actor_id: reboot(node, change) };
      },
      '/storage.StorageService/Disks': () => ({ disks: [] }),
    },
    streamed: {
      '/machine.ImageService/Pull': async function* (_ground, _node, request) {
        const reference = String(request['image_ref']);
        if (tagOf(reference) === null) throw new Failure('Unknown', 'failed to pull image');
        yield { name: reference };
      },
      '/machine.LifecycleService/Upgrade': async function* (_ground, node, request, _stop, change) {
        yield { progress: { message: 'running installer' } };
        upgrade(node, String((request['source'] as Message | null)?.['image_name']), change);
        yield { progress: { exit_code: 0 } };
      },
      '/machine.MachineService/Read': async function* (_ground, node, request) {
        if (request['path'] !== '/proc/sys/kernel/random/boot_id')
          throw new Failure('Unknown', `stat ${String(request['path'])}: no such file or directory`);
        yield { bytes: Buffer.from(`${uuid(`boot ${node.name} ${lifeOf(node).boots}`)}\n`) };
      },
      '/machine.MachineService/Events': async function* (_ground, node, request, stop) {
        const life = lifeOf(node);
        const { boots } = life;
        noteStage(node);
        // -1: all that it has; 0: only what is new.
        let at = Number(request['tail_events']) === 0 ? life.told.length : 0;
        // The first one is empty, and talosctl drops it: it tells that the stream stands.
        yield {};
        while (!stop.aborted && life.boots === boots) {
          noteStage(node);
          for (; at < life.told.length; at += 1) yield eventOf(protocol, life.told[at]);
          await model.clock.sleep(500, stop);
        }
      },
    },
  };
};

const eventOf = (protocol: Protocol, told: Told | undefined): Message => {
  if (!told) return {};
  const { id, actor, type, message } = told;
  const data = { type_url: `talos/runtime/machine.${type}`, value: protocol.encode(`machine.${type}`, message) };
  return { id, actor_id: actor, data };
};

/** The version that an installer image's tag tells, with or without a digest behind it; null where there can be no such image. */
const tagOf = (image: string): string | null => /:(v\d+\.\d+\.\d+[\w.+-]*)(?:@|$)/.exec(image)?.[1] ?? null;

const leaveEtcd = (model: Model, node: NodeModel): void => {
  const cluster = model.etcd.get(node.etcd.cluster ?? '');
  if (!cluster) return;
  cluster.members = cluster.members.filter((member) => member.node !== node.name);
  if (cluster.leader === node.name) cluster.leader = cluster.members[0]?.node ?? null;
  if (cluster.vip === node.name) cluster.vip = cluster.members[0]?.node ?? null;
};

/** The same each time for the same text, in the form of a UUID. */
const uuid = (text: string): string =>
  createHash('sha256')
    .update(text)
    .digest('hex')
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
