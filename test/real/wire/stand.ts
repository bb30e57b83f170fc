import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { OpenLab } from '../../../plugins/lab/src/index.ts';
import { understand } from '../../../plugins/lab/src/nodes/config.ts';
import { configOf } from './repository.ts';

export type Standing = 'maintenance' | 'installing' | 'booting' | 'running';

/**
 * Puts nodes straight into a state, without the events that would lead there: nothing is due then, so the state stays for
 * as long as a test asks questions. The first running control plane is given an etcd cluster, the others join it.
 */
export const stand = async (lab: OpenLab, root: string, nodes: Readonly<Record<string, Standing>>): Promise<void> => {
  const { model } = lab;
  for (const [name, stage] of Object.entries(nodes)) {
    const node = model.nodes.get(name);
    if (!node) throw new Error(`no node ${name}`);
    node.stage = stage;
    if (stage === 'maintenance') continue;
    const config = understand(readFileSync(join(root, configOf(name))));
    node.config = config;
    if (stage === 'installing') continue;
    node.certified = true;
    node.kubelet.running = true;
    node.etcd.service = config.role === 'controlplane' ? 'waiting' : 'absent';
    if (stage !== 'running') continue;
    if (config.role === 'controlplane') {
      const member = {
        id: model.random.hex(8, 'stand', name),
        node: name,
        hostname: config.hostname,
        address: node.address,
        learner: false,
      };
      const [first] = model.etcd.values();
      const cluster = first ?? { id: 'c1', members: [], leader: name, term: 2, index: 42, since: 0, vip: name };
      cluster.members.push(member);
      model.etcd.set(cluster.id, cluster);
      Object.assign(node.etcd, { cluster: cluster.id, data: true, service: 'running' });
      node.apiserver = true;
      model.apiOf(cluster.id).controlPlaneUp(config.hostname);
    }
    node.kubelet.registered = true;
    const [api] = model.apis.values();
    api?.register({
      name: config.hostname,
      address: node.address,
      role: config.role,
      kubeletVersion: config.kubeletVersion,
      talosVersion: node.version,
      cni: 'flannel',
    });
  }
  // A CNI that Talos brings itself makes nodes Ready after a while; ages are those of the recordings.
  await lab.world.sleep(65_000);
  for (const cluster of model.etcd.values()) cluster.since = lab.elapsed();
};
