import { createHash, X509Certificate } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Facts, Json } from '@coldstart/contract';
import { parse } from 'yaml';

import { mapRepository } from './addresses.ts';
import type { Block } from './addresses.ts';

export const example = fileURLToPath(new URL('../../../examples/k8s-ops', import.meta.url));
export const talosconfig = 'clusters/infra/talos/clusterconfig/talosconfig';
export const configOf = (node: string): string => `clusters/infra/talos/clusterconfig/infra-${node}.yaml`;

type Talconfig = {
  endpoint: string;
  talosVersion: string;
  kubernetesVersion: string;
  nodes: {
    hostname: string;
    ipAddress: string;
    controlPlane: boolean;
    installDiskSelector: { [key: string]: Json };
    networkInterfaces: { mtu: number; bond: { interfaces: string[] }; vip?: { ip: string } }[];
  }[];
};

/** A copy of the example with this run's addresses, and what a survey of it tells of its machines. */
export const wireRepository = async (target: string, block: Block): Promise<{ root: string; facts: Facts }> => {
  await cp(example, target, { recursive: true, filter: (path) => !['.git', '.coldstart'].includes(basename(path)) });
  await mapRepository(target, block);
  return { root: target, facts: await factsOf(target) };
};

const factsOf = async (root: string): Promise<Facts> => {
  const talconfig = parse(await readFile(join(root, 'clusters/infra/talos/talconfig.yaml'), 'utf8')) as Talconfig;
  const { machine } = parse(await readFile(join(root, configOf('infra-01')), 'utf8')) as {
    machine: { ca: { crt: string } };
  };
  const der = new X509Certificate(Buffer.from(machine.ca.crt, 'base64')).raw;
  return {
    'talos/cluster': {
      name: 'infra',
      endpoint: talconfig.endpoint,
      vip: talconfig.nodes[0]?.networkInterfaces[0]?.vip?.ip ?? null,
      caFingerprint: createHash('sha256').update(der).digest('hex'),
      talosVersion: talconfig.talosVersion,
      kubernetesVersion: talconfig.kubernetesVersion,
    },
    'talos/nodes': talconfig.nodes.map((node) => ({
      name: node.hostname,
      address: node.ipAddress,
      role: node.controlPlane ? 'controlplane' : 'worker',
      disk: null,
      diskSelector: node.installDiskSelector,
      mtu: node.networkInterfaces[0]?.mtu ?? null,
      links: node.networkInterfaces[0]?.bond.interfaces ?? [],
      talosVersion: talconfig.talosVersion,
      config: configOf(node.hostname),
    })),
  };
};

/**
 * Takes the addresses out of talconfig.yaml: what is listed there with nothing but 127.x is taken for a template, not for a
 * machine. The machine configs and the talosconfig hold them too, and there they count.
 */
export const listWithoutAddresses = async (root: string): Promise<void> => {
  const path = join(root, 'clusters/infra/talos/talconfig.yaml');
  await writeFile(path, (await readFile(path, 'utf8')).replaceAll(/^ +ipAddress: .*\n/gm, ''));
};
