import { createHash } from 'node:crypto';
import { fingerprint } from '../pki/certificates.ts';
import { below, decode, isTree, Undecodable, type Tree } from './machine-config/document.ts';

/** What a node understood of the machine config that it received. */
export type ReceivedConfig = {
  /** The bytes as they came, base64: `get machineconfig` gives them back. */
  bytes: string;
  /** SHA-256 (hex) of the bytes. */
  digest: string;
  role: 'controlplane' | 'worker';
  hostname: string;
  clusterName: string;
  /** PEM of `machine.ca.crt`, the CA that signs this node's and its clients' certificates. */
  ca: string;
  /** SHA-256 (hex) of that certificate's DER. */
  caFingerprint: string;
  /** PEM of `cluster.ca.crt`. */
  kubernetesCa: string | null;
  endpoint: string;
  vip: string | null;
  addresses: string[];
  mtu: number | null;
  /** Links of the config: a bond, or the interfaces themselves. */
  links: { name: string; mtu: number | null; members: string[] }[];
  cni: string;
  /** Whether members find each other by discovery before the endpoint answers. */
  discovery: boolean;
  disk: string | null;
  diskSelector: { [key: string]: string | number | boolean } | null;
  kubeletVersion: string;
  /** Talos version of the installer image, with its `v`; null where the image tells none. */
  installs: string | null;
};

/** Reads a machine config as a node would. Throws `Undecodable` where it does not decode. */
export function understand(bytes: Uint8Array): ReceivedConfig {
  const { config, others } = decode(bytes);
  if (!config)
    throw new Undecodable(
      'empty',
      "the applied machine configuration doesn't contain v1alpha1 config, did you mean to patch the machine config instead?",
    );
  const machine = below(config, 'machine');
  const cluster = below(config, 'cluster');
  const ca = pem(below(machine, 'ca')['crt']) ?? '';
  const links = interfaces(machine);
  const hostnameDocument = others.find((tree) => tree['kind'] === 'HostnameConfig');
  return {
    bytes: Buffer.from(bytes).toString('base64'),
    digest: createHash('sha256').update(bytes).digest('hex'),
    role: machine['type'] === 'worker' ? 'worker' : 'controlplane',
    hostname: text(below(machine, 'network')['hostname']) ?? text(hostnameDocument?.['hostname']) ?? '',
    clusterName: text(cluster['clusterName']) ?? '',
    ca,
    caFingerprint: fingerprint(ca),
    kubernetesCa: pem(below(cluster, 'ca')['crt']),
    endpoint: text(below(cluster, 'controlPlane')['endpoint']) ?? '',
    vip: links.map((link) => link.vip).find((vip) => vip !== null) ?? null,
    addresses: links.flatMap((link) => link.addresses),
    mtu: links.map((link) => link.mtu).find((mtu) => mtu !== null) ?? null,
    links: links.map(({ name, mtu, members }) => ({ name, mtu, members })),
    cni: text(below(cluster, 'network.cni')['name']) ?? 'flannel',
    discovery: below(cluster, 'discovery')['enabled'] !== false,
    disk: text(below(machine, 'install')['disk']),
    diskSelector: selector(below(machine, 'install')['diskSelector']),
    kubeletVersion: tag(text(below(machine, 'kubelet')['image'])) ?? 'v1.36.3',
    installs: tag(text(below(machine, 'install')['image'])),
  };
}

function interfaces(
  machine: Tree,
): { name: string; mtu: number | null; members: string[]; addresses: string[]; vip: string | null }[] {
  const list = below(machine, 'network')['interfaces'];
  return (Array.isArray(list) ? list.filter(isTree) : []).map((link) => {
    const members = below(link, 'bond')['interfaces'];
    return {
      name: text(link['interface']) ?? '',
      mtu: typeof link['mtu'] === 'number' ? link['mtu'] : null,
      members: strings(members),
      addresses: strings(link['addresses']).map((address) => address.replace(/\/\d+$/, '')),
      vip: text(below(link, 'vip')['ip']),
    };
  });
}

function selector(value: unknown): ReceivedConfig['diskSelector'] {
  if (!isTree(value)) return null;
  const plain = Object.entries(value).filter(([, v]) => ['string', 'number', 'boolean'].includes(typeof v));
  return Object.fromEntries(plain) as ReceivedConfig['diskSelector'];
}

function pem(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? Buffer.from(value, 'base64').toString('utf8') : null;
}

function tag(image: string | null): string | null {
  return /:(v\d[\w.+-]*)(?:@|$)/.exec(image ?? '')?.[1] ?? null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((v) => typeof v === 'string') : [];
}
