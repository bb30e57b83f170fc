import type { Finding, Json } from '@coldstart/contract';
import type { Role } from '../facts.ts';
import { certificateOf, fingerprintOf } from './certificates.ts';
import { nodeAddress } from './addresses.ts';
import { dig, isRecord, listAt, textAt, textsAt, type Plain, type YamlFile } from './yaml-file.ts';

/** What a rendered machine config tells of its node and cluster. */
export type Rendered = {
  file: YamlFile;
  role: Role | null;
  hostname: string | null;
  /** Addresses that can be the node's own, in the file's order. */
  addresses: string[];
  dhcp: boolean;
  vip: string | null;
  endpoint: string | null;
  clusterName: string | null;
  caFingerprint: string | null;
  kubernetesCaFingerprint: string | null;
  /** Hardware addresses by which links are selected. */
  macs: string[];
  disk: string | null;
  diskSelector: { [key: string]: Json } | null;
  talosVersion: string | null;
  kubernetesVersion: string | null;
  podSubnets: string[];
  serviceSubnets: string[];
  cni: string;
  proxyDisabled: boolean;
  schedulable: boolean;
};

/** Reads a machine config. Null with a finding where it is encrypted, or none at all. */
export function readRendered(file: YamlFile): { config: Rendered } | { problem: Finding } {
  if (file.get('sops') !== undefined)
    return {
      problem: file.finding(['sops'], 'a config that is encrypted', 'a plain rendered config (talhelper genconfig)'),
    };
  const main = file.documents.findIndex((document) => dig(document, ['machine']) !== undefined);
  const config = file.documents[main];
  if (main !== 0 || config === undefined)
    return { problem: file.finding([], 'no machine config', 'a first document with `machine:` and `cluster:`') };

  const role = textAt(config, 'machine', 'type');
  const links = linksOf(file.documents);
  return {
    config: {
      file,
      role: role === 'controlplane' || role === 'worker' ? role : null,
      hostname:
        textAt(config, 'machine', 'network', 'hostname') ??
        ofKind(file.documents, 'HostnameConfig').map((d) => textAt(d, 'hostname'))[0] ??
        null,
      addresses: links
        .flatMap((link) => link.addresses)
        .map(nodeAddress)
        .filter((a) => a !== null),
      dhcp: links.length === 0 || links.some((link) => link.dhcp),
      vip:
        links.find((link) => link.vip !== null)?.vip ??
        ofKind(file.documents, 'Layer2VIPConfig').map((d) => textAt(d, 'name'))[0] ??
        null,
      endpoint: textAt(config, 'cluster', 'controlPlane', 'endpoint'),
      clusterName: textAt(config, 'cluster', 'clusterName'),
      caFingerprint: fingerprintAt(config, 'machine'),
      kubernetesCaFingerprint: fingerprintAt(config, 'cluster'),
      macs: macsOf(file.documents),
      disk: textAt(config, 'machine', 'install', 'disk'),
      diskSelector:
        (asRecord(dig(config, ['machine', 'install', 'diskSelector'])) as { [key: string]: Json } | null) ?? null,
      talosVersion: tagOf(textAt(config, 'machine', 'install', 'image')),
      kubernetesVersion: tagOf(textAt(config, 'machine', 'kubelet', 'image')),
      podSubnets: textsAt(config, 'cluster', 'network', 'podSubnets'),
      serviceSubnets: textsAt(config, 'cluster', 'network', 'serviceSubnets'),
      cni: textAt(config, 'cluster', 'network', 'cni', 'name') ?? 'flannel',
      proxyDisabled: dig(config, ['cluster', 'proxy', 'disabled']) === true,
      schedulable: dig(config, ['cluster', 'allowSchedulingOnControlPlanes']) === true,
    },
  };
}

/** The link that carries an address: its MTU, and the physical links under it. */
export function carrierOf(config: Rendered, address: string): { mtu: number | null; links: string[] } {
  const links = linksOf(config.file.documents);
  const carrier =
    links.find((link) => link.addresses.some((entry) => entry.split('/')[0] === address)) ??
    links.find((link) => link.vip !== null) ??
    (links.length === 1 ? links[0] : undefined);
  return { mtu: carrier?.mtu ?? null, links: carrier?.physical ?? [] };
}

type ConfiguredLink = {
  addresses: string[];
  dhcp: boolean;
  vip: string | null;
  mtu: number | null;
  physical: string[];
};

/** Links of both forms: `machine.network.interfaces`, and the documents of Talos 1.12 and later. */
function linksOf(documents: readonly Plain[]): ConfiguredLink[] {
  const classic = listAt(documents[0], 'machine', 'network', 'interfaces').flatMap((entry): ConfiguredLink[] => {
    const physical = physicalOf(entry);
    const own = {
      addresses: textsAt(entry, 'addresses'),
      dhcp: dig(entry, ['dhcp']) === true,
      vip: textAt(entry, 'vip', 'ip'),
      mtu: mtuOf(entry),
      physical,
    };
    const vlans = listAt(entry, 'vlans').map((vlan) => ({
      addresses: textsAt(vlan, 'addresses'),
      dhcp: dig(vlan, ['dhcp']) === true,
      vip: textAt(vlan, 'vip', 'ip'),
      mtu: mtuOf(vlan) ?? own.mtu,
      physical,
    }));
    return [own, ...vlans];
  });
  const dhcp = new Set(ofKind(documents, 'DHCPv4Config').map((d) => textAt(d, 'name')));
  const vips = new Map(ofKind(documents, 'Layer2VIPConfig').map((d) => [textAt(d, 'link'), textAt(d, 'name')]));
  const bonds = new Map(ofKind(documents, 'BondConfig').map((d) => [textAt(d, 'name'), textsAt(d, 'links')]));
  const modern = ['LinkConfig', 'BondConfig', 'VLANConfig'].flatMap((kind) =>
    ofKind(documents, kind).map((document): ConfiguredLink => {
      const name = textAt(document, 'name');
      const under = textAt(document, 'parent') ?? name;
      return {
        addresses: listAt(document, 'addresses').flatMap((entry) => textAt(entry, 'address') ?? []),
        dhcp: dhcp.has(name),
        vip: vips.get(name) ?? null,
        mtu: mtuOf(document),
        physical: bonds.get(under) ?? (under === null ? [] : [under]),
      };
    }),
  );
  return [...classic, ...modern];
}

/** Members of a bond by name, or the interface itself; none where the config selects by hardware. */
function physicalOf(entry: Plain): string[] {
  if (dig(entry, ['bond']) !== undefined) return textsAt(entry, 'bond', 'interfaces');
  const name = textAt(entry, 'interface');
  return name === null ? [] : [name];
}

/** `hardwareAddr` of device selectors (of an interface, of a bond's members), and of selectors of link aliases (Talos 1.12 and later). */
function macsOf(documents: readonly Plain[]): string[] {
  const classic = listAt(documents[0], 'machine', 'network', 'interfaces').flatMap((entry) => [
    dig(entry, ['deviceSelector']),
    ...listAt(entry, 'bond', 'deviceSelectors'),
  ]);
  const selected = classic.flatMap((selector) => {
    const of = asRecord(selector);
    return of ? (textAt(of, 'hardwareAddr') ?? textAt(of, 'permanentAddr') ?? []) : [];
  });
  const aliases = ofKind(documents, 'LinkAliasConfig').flatMap(
    (document) =>
      /mac\(link\.(?:permanent|hardware)_addr\) == "([0-9a-fA-F:]{17})"/.exec(
        textAt(document, 'selector', 'match') ?? '',
      )?.[1] ?? [],
  );
  return [...new Set([...selected, ...aliases].map((mac) => mac.toLowerCase()))];
}

function mtuOf(entry: Plain): number | null {
  const mtu = dig(entry, ['mtu']);
  return typeof mtu === 'number' && mtu > 0 ? mtu : null;
}

const ofKind = (documents: readonly Plain[], kind: string): Plain[] =>
  documents.filter((document) => textAt(document, 'kind') === kind);
const asRecord = (value: Plain | undefined): { [key: string]: Plain } | null => (isRecord(value) ? value : null);

function fingerprintAt(config: Plain, section: 'machine' | 'cluster'): string | null {
  const certificate = certificateOf(textAt(config, section, 'ca', 'crt'));
  return certificate && fingerprintOf(certificate);
}

/** `v1.13.0` of `ghcr.io/siderolabs/installer:v1.13.0@sha256:…`. */
function tagOf(image: string | null): string | null {
  return (image && /:(v\d+\.\d+\.\d+[^@/:]*)(?:@|$)/.exec(image)?.[1]) || null;
}
