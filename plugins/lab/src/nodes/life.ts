import type { Change, Model } from '../model.ts';
import { joinEtcd, restartEtcd } from '../etcd/life.ts';
import { apiReachable, trustdReachable } from '../world/network.ts';
import { LabBug } from '../tools/tool.ts';
import type { ReceivedConfig } from './config.ts';
import { clockInStep, diskErrs, hasBooted, isCutOff } from './masked.ts';
import type { NodeModel, Stage } from './node.ts';
import { chosen } from './selector.ts';

/** What an install leaves on the disk, by partition label. */
const PARTITIONS = ['EFI', 'META', 'STATE', 'EPHEMERAL'] as const;

/**
 * A node's life, from maintenance to running, as events:
 * config taken → installing → (failed → reboots after 10 s → maintenance) → rebooting → booting → certified → etcd → kubelet → running.
 */
export function nodeEvents(model: Model): void {
  const on = (kind: string, handle: (node: NodeModel) => void): void =>
    model.events.on(kind, (data: { node: string }) => handle(nodeNamed(model, data.node)));

  on('node/install-failed', (node) => later(model, 'node/falls-back', node, 'node/install-failed-reboots'));
  on('node/falls-back', (node) => {
    node.config = null;
    goesFrom(model, node, 'rebooting');
    later(model, 'node/in-maintenance', node, 'node/reboot');
  });
  on('node/in-maintenance', (node) => enter(model, node, 'maintenance'));
  on('node/installed', (node) => {
    const config = configOf(node);
    node.installed = chosen(node.disks, config.disk, config.diskSelector)?.device ?? null;
    node.partitions = [...PARTITIONS];
    enter(model, node, 'rebooting');
    later(model, 'node/booted', node, 'node/reboot');
  });
  on('node/booted', (node) => {
    // Halted: no API, and a look at the boot order now and then is all that helps.
    if (model.faults.strike('other-media', node.name)) return again(model, 'node/booted', node);
    const config = configOf(node);
    node.version = config.installs ?? node.version;
    shapeLinks(node, config);
    node.certified = config.role === 'controlplane';
    node.kubelet.running = node.certified;
    node.bootstrapFrom = model.clock.now + model.durations.draw('node/bootstrap-available', node.name);
    node.etcd.service = config.role === 'controlplane' ? 'waiting' : 'absent';
    node.etcd.changed = model.clock.now;
    enter(model, node, 'booting');
    restartEtcd(model, node);
    if (model.faults.strike('reboots', node.name)) goesDown(model, node, 30_000);
    proceed(model);
  });
  on('node/goes-down', (node) => {
    // It is down already, and boots once.
    if (!hasBooted(node)) return;
    goesFrom(model, node, 'rebooting');
    later(model, 'node/booted', node, 'node/reboot');
  });
  on('node/again', (node) => {
    over(node, 'again');
    proceed(model);
  });
  on('node/certificate', (node) => {
    over(node, 'certificate');
    node.certified = trustdReachable(model, node);
    node.kubelet.running = node.certified;
    proceed(model);
  });
  on('node/apiserver', (node) => {
    over(node, 'apiserver');
    node.apiserver = true;
    model.apiOf(clusterOf(node)).controlPlaneUp(configOf(node).hostname);
    settle(model, node);
    proceed(model);
  });
  on('node/kubelet', (node) => {
    over(node, 'kubelet');
    const config = configOf(node);
    const api = apiReachable(model, node);
    if (api) {
      node.kubelet.registered = true;
      api.register({
        name: config.hostname,
        address: node.address,
        role: config.role,
        kubeletVersion: config.kubeletVersion,
        talosVersion: node.version,
        cni: config.cni,
      });
    }
    settle(model, node);
    proceed(model);
  });
}

/** A node in maintenance takes its first config and begins to install. */
export function install(model: Model, node: NodeModel, config: ReceivedConfig, change: Change): void {
  change.made(`${node.name}: machine config`);
  node.config = config;
  enter(model, node, 'installing');
  const fails = model.faults.strike('image-pull', node.name);
  const breaksOff = !fails && model.faults.strike('back-to-maintenance', node.name);
  if (breaksOff) node.partitions = ['EFI', 'META'];
  if (fails || breaksOff) later(model, 'node/install-failed', node, 'node/install-fails');
  else later(model, 'node/installed', node, 'node/install');
}

/** A configured node takes another config. It is in force at once; what would need a reboot is beyond this lab. */
export function reconfigure(model: Model, node: NodeModel, config: ReceivedConfig, change: Change): void {
  if (node.config?.digest === config.digest) return;
  change.made(`${node.name}: machine config`);
  node.config = config;
  shapeLinks(node, config);
  proceed(model);
}

/** Begins whatever can begin now: workers' certificates, control planes that join etcd, kubelets that register. */
export function proceed(model: Model): void {
  for (const node of model.nodes.values()) {
    if (!hasBooted(node)) continue;
    if (isCutOff(model, node)) {
      retryLater(model, node);
      continue;
    }
    if (!node.certified && !node.under.includes('certificate') && trustdReachable(model, node)) {
      node.under.push('certificate');
      later(model, 'node/certificate', node, 'node/certificate');
    }
    joinEtcd(model, node);
    if (
      node.kubelet.running &&
      !node.kubelet.registered &&
      !node.under.includes('kubelet') &&
      apiReachable(model, node)
    ) {
      if (!clockInStep(model, node) || diskErrs(model, node)) {
        retryLater(model, node);
        continue;
      }
      node.under.push('kubelet');
      later(model, 'node/kubelet', node, 'node/kubelet');
    }
  }
}

/** The API server of a control plane starts once its etcd member runs. */
export function startApiserver(model: Model, node: NodeModel): void {
  if (node.apiserver || node.under.includes('apiserver')) return;
  node.under.push('apiserver');
  later(model, 'node/apiserver', node, 'node/apiserver');
}

/** Lets a node try again what something holds back, in a quarter of a minute. */
export function retryLater(model: Model, node: NodeModel): void {
  if (node.under.includes('again')) return;
  node.under.push('again');
  again(model, 'node/again', node);
}

/** The same event once more, in a quarter of a minute. */
export function again(model: Model, kind: string, node: NodeModel): void {
  model.events.in(15_000, kind, { node: node.name });
}

/** The node loses its power, or panics, in so many ms; it boots again by itself. */
export function goesDown(model: Model, node: NodeModel, ms: number): void {
  model.events.in(ms, 'node/goes-down', { node: node.name });
}

export function later(model: Model, kind: string, node: NodeModel, duration: string): void {
  model.events.in(model.durations.draw(duration, node.name), kind, { node: node.name });
}

export function nodeNamed(model: Model, name: string): NodeModel {
  const node = model.nodes.get(name);
  if (!node) throw new LabBug(`no node named ${name}`);
  return node;
}

export function configOf(node: NodeModel): ReceivedConfig {
  if (!node.config) throw new LabBug(`${node.name} has no config in stage ${node.stage}`);
  return node.config;
}

function clusterOf(node: NodeModel): string {
  if (node.etcd.cluster === null) throw new LabBug(`${node.name} is in no etcd cluster`);
  return node.etcd.cluster;
}

/** The boot sequence ends when the services run and the kubelet has reported. */
function settle(model: Model, node: NodeModel): void {
  if (node.stage !== 'booting' || !node.kubelet.registered) return;
  if (configOf(node).role === 'worker' || (node.apiserver && node.etcd.service === 'running'))
    enter(model, node, 'running');
}

/** What goes on in a node that is up, and is gone with it. Whether it joined etcd is etcd's to know. */
const ITS_OWN = new Set(['node/certificate', 'node/apiserver', 'node/kubelet', 'etcd/data', 'etcd/started']);

/** The node is up no more. */
export function goesFrom(model: Model, node: NodeModel, stage: 'rebooting' | 'off'): void {
  model.events.drop((kind, data) => ITS_OWN.has(kind) && (data as { node: string }).node === node.name);
  node.under = node.under.filter((what) => what === 'join' || what === 'again');
  node.apiserver = false;
  node.kubelet = { running: false, registered: false };
  enter(model, node, stage);
}

function enter(model: Model, node: NodeModel, stage: Stage): void {
  node.stage = stage;
  node.since = model.clock.now;
}

function over(node: NodeModel, what: NodeModel['under'][number]): void {
  node.under = node.under.filter((other) => other !== what);
}

/** Bonds of the config appear beside the physical links; each takes the config's MTU. */
function shapeLinks(node: NodeModel, config: ReceivedConfig): void {
  const physical = node.links.filter((link) => link.kind === 'physical');
  const bonds = config.links.filter((link) => link.members.length > 0);
  for (const link of physical) {
    const named = config.links.find((other) => other.name === link.name || other.members.includes(link.name));
    link.mtu = named?.mtu ?? 1500;
  }
  const first = physical[0];
  node.links = [
    ...physical,
    ...bonds.map((bond) => ({
      name: bond.name,
      mac: physical.find((link) => bond.members.includes(link.name))?.mac ?? first?.mac ?? '02:00:00:00:00:00',
      up: bond.members.some((member) => physical.some((link) => link.name === member && link.up)),
      mtu: bond.mtu ?? 1500,
      kind: 'bond' as const,
    })),
  ];
}
