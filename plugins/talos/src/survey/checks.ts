import type { Finding } from '@coldstart/contract';
import { isAddress } from './addresses.ts';
import type { Found } from './nodes.ts';
import type { TalosContext } from './talosconfig.ts';
import type { YamlFile } from './yaml-file.ts';

/** A node with the address that was settled on. */
export type Placed = Found & { address: string };

/** Everything that is wrong among the configs of one cluster, seen offline. */
export function checkCluster(at: {
  nodes: readonly Placed[];
  talconfig: YamlFile;
  talosconfig: TalosContext | null;
}): Finding[] {
  return [
    ...at.nodes.flatMap((node) => [
      ...checkRole(node, at.talconfig),
      ...checkNames(node),
      ...checkAddress(node, at.talconfig),
    ]),
    ...duplicates(at.nodes, at.talconfig),
    ...oneCa(at.nodes),
    ...oneEndpoint(at.nodes),
    ...schedulable(at.nodes),
    ...(at.talosconfig ? checkTalosconfig(at.talosconfig, at.nodes) : []),
  ];
}

function checkRole(node: Placed, talconfig: YamlFile): Finding[] {
  const { config } = node;
  const type = config.role;
  if (type === null)
    return [config.file.finding(['machine', 'type'], 'another machine type', 'controlplane or worker')];
  const listed = node.controlPlane ? 'controlplane' : 'worker';
  const problems: Finding[] = [];
  if (type !== listed)
    problems.push(
      config.file.finding(['machine', 'type'], type, `${listed}, as ${talconfig.file} says of ${node.hostname}`),
    );
  if (node.folder !== null && node.folder !== type)
    problems.push(config.file.finding(['machine', 'type'], type, `${node.folder}, as its folder says`));
  return problems;
}

function checkNames({ config, hostname }: Placed): Finding[] {
  if (config.hostname === null || config.hostname === hostname) return [];
  return [
    config.file.finding(
      ['machine', 'network', 'hostname'],
      config.hostname,
      `${hostname}, as talconfig.yaml names this node`,
    ),
  ];
}

/** A node whose static addresses do not hold the one at which it is looked for would never be seen again after the install. */
function checkAddress(node: Placed, talconfig: YamlFile): Finding[] {
  const { config, address } = node;
  const problems: Finding[] = [];
  const wanted = [address, ...node.addresses].filter(isAddress);
  const odd = wanted.find((a) => !config.addresses.includes(a));
  if (
    config.addresses.length > 0 &&
    !config.dhcp &&
    odd !== undefined &&
    (odd === address || wanted.every((a) => a === address || a === odd))
  )
    problems.push(
      talconfig.finding(
        [...node.at, 'ipAddress'],
        odd,
        `one of ${config.addresses.join(', ')}, the addresses in ${config.file.file}`,
      ),
    );
  if (config.vip !== null && config.vip === address)
    problems.push(
      talconfig.finding([...node.at, 'ipAddress'], `${address}, the virtual address`, "the node's own address"),
    );
  return problems;
}

function duplicates(nodes: readonly Placed[], talconfig: YamlFile): Finding[] {
  const problems: Finding[] = [];
  for (const [field, of] of [
    ['hostname', (n: Placed) => n.hostname],
    ['ipAddress', (n: Placed) => n.address],
  ] as const) {
    const seen = new Map<string, Placed>();
    for (const node of nodes) {
      const first = seen.get(of(node));
      if (first)
        problems.push(
          talconfig.finding(
            [...node.at, field],
            `${of(node)} a second time`,
            field === 'hostname' ? 'a name of its own' : `an address of its own (${first.hostname} has it)`,
          ),
        );
      else seen.set(of(node), node);
    }
  }
  return problems;
}

/** All machine configs of a cluster come from the same secrets; one that does not would never join, or join another cluster. */
function oneCa(nodes: readonly Placed[]): Finding[] {
  const problems: Finding[] = [];
  for (const [section, of] of [
    ['machine', (n: Placed) => n.config.caFingerprint],
    ['cluster', (n: Placed) => n.config.kubernetesCaFingerprint],
  ] as const) {
    const first = nodes.find((node) => of(node) !== null);
    for (const node of nodes) {
      const at = [section, 'ca', 'crt'];
      if (of(node) === null) problems.push(node.config.file.finding(at, 'no certificate', `the ${section} CA`));
      else if (first && of(node) !== of(first))
        problems.push(
          node.config.file.finding(
            at,
            `another CA (${short(of(node))})`,
            `the CA of ${first.config.file.file} (${short(of(first))})`,
          ),
        );
    }
  }
  return problems;
}

function oneEndpoint(nodes: readonly Placed[]): Finding[] {
  const first = nodes.find((node) => node.config.endpoint !== null)?.config;
  return nodes.flatMap(({ config }) => {
    const at = ['cluster', 'controlPlane', 'endpoint'];
    if (config.endpoint === null || !/^https:\/\/[^/]+$/.test(config.endpoint.replace(/\/$/, '')))
      return [config.file.finding(at, config.endpoint ?? 'no endpoint', 'https://ADDRESS:6443')];
    return first && config.endpoint !== first.endpoint
      ? [config.file.finding(at, config.endpoint, `${first.endpoint}, as in ${first.file.file}`)]
      : [];
  });
}

function schedulable(nodes: readonly Placed[]): Finding[] {
  const controlPlanes = nodes.filter((node) => node.config.role === 'controlplane');
  if (controlPlanes.length !== nodes.length) return [];
  return controlPlanes
    .filter((node) => !node.config.schedulable)
    .map(({ config }) =>
      config.file.finding(
        ['cluster', 'allowSchedulingOnControlPlanes'],
        'control planes that take no workloads, and no worker',
        'true',
      ),
    );
}

function checkTalosconfig(talosconfig: TalosContext, nodes: readonly Placed[]): Finding[] {
  const problems: Finding[] = [];
  const at = ['contexts', talosconfig.context];
  const ca = nodes.find((node) => node.config.caFingerprint !== null)?.config;
  if (talosconfig.caFingerprint === null)
    problems.push(talosconfig.file.finding([...at, 'ca'], 'no certificate', 'the CA of the machine configs'));
  else if (ca && talosconfig.caFingerprint !== ca.caFingerprint)
    problems.push(
      talosconfig.file.finding(
        [...at, 'ca'],
        `another CA (${short(talosconfig.caFingerprint)})`,
        `the CA of ${ca.file.file} (${short(ca.caFingerprint)})`,
      ),
    );
  const vips = new Set(nodes.map((node) => node.config.vip).filter((vip) => vip !== null));
  for (const [i, endpoint] of talosconfig.endpoints.entries())
    if (vips.has(endpoint))
      problems.push(
        talosconfig.file.finding(
          [...at, 'endpoints', i],
          `${endpoint}, the virtual address`,
          "control planes' own addresses: the virtual one answers only once etcd runs",
        ),
      );
  return problems;
}

const short = (fingerprint: string | null): string => (fingerprint ?? 'none').slice(0, 12);
