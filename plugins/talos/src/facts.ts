import type { Facts, Json } from '@coldstart/contract';
import { accessOf, type KubeAccess } from '@coldstart/tools';
import type { TalosPolicy } from './config.ts';

export type Role = 'controlplane' | 'worker';

/** One machine, as the repository describes it: an item of the fact `talos/nodes`. */
export type TalosNode = {
  /** Its hostname, which is its name in Kubernetes too. */
  name: string;
  /** Where it answers: an IP address, or a DNS name where the repository has none. */
  address: string;
  role: Role;
  /** Path of its rendered machine config. */
  config: string;
  /** `machine.install.diskSelector` as it stands in the config. */
  diskSelector: { [key: string]: Json } | null;
  /** Hardware addresses by which its config selects links; may hold `*`. */
  macs: string[];
  /** `machine.install.disk`. */
  disk: string | null;
  /** Version of the installer image, with its `v`; null where the image has no such tag. */
  talosVersion: string | null;
  /** MTU of the link that carries its address; null where the config leaves it to the system. */
  mtu: number | null;
  /** Physical links that the config names: the link of its address, or the members of its bond. */
  links: string[];
  /** SHA-256 (hex) of the DER of `machine.ca.crt`. */
  caFingerprint: string;
};

/** The fact `talos/cluster`. */
export type TalosCluster = {
  /** As the operator calls it: what is recorded of it goes by this name. */
  name: string;
  /** `cluster.controlPlane.endpoint`. */
  endpoint: string;
  /** The virtual address that Talos itself holds; null where there is none. */
  vip: string | null;
  talosconfig: string;
  context: string;
  caFingerprint: string;
  /** SHA-256 (hex) of the DER of `cluster.ca.crt`: the CA of the Kubernetes API. */
  kubernetesCaFingerprint: string;
  kubernetesVersion: string | null;
  talosVersion: string | null;
  podSubnets: string[];
  serviceSubnets: string[];
  cni: string;
  proxyDisabled: boolean;
  /** Name of the only node that etcd is bootstrapped on. */
  bootstrapNode: string;
  workersExpected: number;
  controlPlanesExpected: number;
  /** Whether workloads may run on control planes. */
  schedulable: boolean;
};

/** These facts are made by this plugin's own survey, so their shape is known. */
export const clusterOf = (facts: Facts): TalosCluster => facts['talos/cluster'] as unknown as TalosCluster;
export const nodesOf = (facts: Facts): TalosNode[] => facts['talos/nodes'] as unknown as TalosNode[];
export const policyOf = (facts: Facts): TalosPolicy => facts['talos/policy'] as unknown as TalosPolicy;
export const controlPlanesOf = (facts: Facts): TalosNode[] =>
  nodesOf(facts).filter((node) => node.role === 'controlplane');
export const workersOf = (facts: Facts): TalosNode[] => nodesOf(facts).filter((node) => node.role === 'worker');

/** The node that etcd is bootstrapped on, and no other. The survey refuses a cluster without it. */
export function bootstrapNodeOf(facts: Facts): TalosNode {
  const { bootstrapNode } = clusterOf(facts);
  const node = nodesOf(facts).find((n) => n.name === bootstrapNode);
  if (!node) throw new Error(`talos/nodes has no ${bootstrapNode}`);
  return node;
}

/** The operators' kubeconfig: the host's own survey provides it. */
export const kubeconfigOf = (facts: Facts): KubeAccess => accessOf(facts['kubernetes/kubeconfig']);
