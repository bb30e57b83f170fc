/** How the repository's own credentials are named in a call. */
export type Credentials = { talosconfig: string; context: string };

const DEFAULT_PORT = 50_000;

/** An address as talosctl takes it; the port only where it is not Talos' own. */
export function endpoint(address: string, port: number): string {
  if (port === DEFAULT_PORT) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * Flags of a call with the repository's certificate. The node is its own endpoint: a call through another control plane
 * would say nothing about this one's certificate, and a worker forwards nothing.
 */
export function secure(credentials: Credentials, address: string): string[] {
  return [...client(credentials), '-e', address, '-n', address];
}

/** File and context, named in every call: the file's own current context decides nothing. */
export const client = (credentials: Credentials): string[] => [
  '--talosconfig',
  credentials.talosconfig,
  '--context',
  credentials.context,
];

/** Flags of a call to a node in maintenance. One node per call: several would be asked in turn (talos#11773). */
export const insecure = (address: string): string[] => ['--insecure', '-n', address];

/** What can be asked of a node, and how. */
export const ask = {
  stage: ['get', 'machinestatus', '-o', 'json'],
  disks: ['get', 'disks', '-o', 'json'],
  version: ['get', 'version', '-o', 'json'],
  links: ['get', 'links', '-o', 'json'],
  system: ['get', 'systeminformation', '-o', 'json'],
  config: ['get', 'machineconfig', 'v1alpha1', '-o', 'jsonpath={.spec}'],
  platform: ['get', 'platformmetadata', '-o', 'json'],
  services: ['services'],
  dmesg: ['dmesg'],
  clock: ['get', 'timestatus', '-o', 'json'],
  volumes: ['get', 'discoveredvolumes', '-o', 'json'],
  etcdMembers: ['etcd', 'members'],
  etcdStatus: ['etcd', 'status'],
} as const satisfies Record<string, readonly string[]>;
