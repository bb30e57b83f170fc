import type { ExpectedNode, Random } from '../model.ts';
import { drawSystem, macOf, spkiOf } from './impostor.ts';
import type { Disk, Link, NodeModel, System } from './node.ts';
import { chosen, condition } from './selector.ts';

/** Talos of the boot medium where the repository tells no version. */
const TALOS = 'v1.13.0';

/**
 * The machine that stands there before anyone touched it: booted from a medium into maintenance, with a disk that the
 * repository's selector finds. All of that is assumed, and said.
 */
export function machine(expected: ExpectedNode, random: Random, assume: (what: string) => void): NodeModel {
  const version = expected.talosVersion === null ? TALOS : withV(expected.talosVersion);
  assume('every machine is powered on and booted into maintenance mode, with its links up and its clock in step');
  assume(`boot media are of the version that the repository installs (${version})`);
  return {
    name: expected.name,
    address: expected.address,
    stage: 'maintenance',
    version,
    since: 0,
    system: system(expected, random),
    fingerprint: spkiOf(random.hex(32, 'spki', expected.name)),
    leaked: 0,
    disks: disks(expected, random, assume),
    links: links(expected, random, assume),
    config: null,
    installed: null,
    partitions: [],
    certified: false,
    timeInSync: true,
    bootstrapFrom: 0,
    under: [],
    etcd: { data: false, cluster: null, service: 'absent', changed: 0 },
    kubelet: { running: false, registered: false },
    apiserver: false,
  };
}

/** What is recorded of the machine is what it shows. */
function system({ name, known }: ExpectedNode, random: Random): System {
  const drawn = drawSystem(random.hex(16, 'system', name));
  return { ...drawn, serial: known.serial ?? drawn.serial, uuid: known.uuid ?? drawn.uuid };
}

function disks(expected: ExpectedNode, random: Random, assume: (what: string) => void): Disk[] {
  const selector = expected.diskSelector;
  const told = (key: string): string | null => {
    const value = selector?.[key];
    return typeof value === 'string' ? value.replaceAll('*', '') : null;
  };
  const type = told('type');
  const transport = type === 'sd' ? 'mmc' : type === 'hdd' ? 'sata' : type === 'ssd' || type === null ? 'nvme' : type;
  const wanted = told('size');
  const device =
    expected.disk ??
    told('name') ??
    (transport === 'nvme' ? '/dev/nvme0n1' : transport === 'virtio' ? '/dev/vda' : '/dev/sda');
  const disk: Disk = {
    device: device.startsWith('/dev/') ? device : `/dev/${device}`,
    size: wanted === null ? 960_197_124_096 : fitting(wanted),
    model: told('model') ?? 'LAB DISK 960',
    serial: told('serial') ?? `LAB${random.hex(5, 'serial', expected.name).toUpperCase()}`,
    wwid: told('wwid') ?? told('uuid') ?? `eui.${random.hex(8, 'wwid', expected.name)}`,
    busPath: told('busPath') ?? '/pci0000:00/0000:00:1d.0/0000:03:00.0/nvme/nvme0',
    transport,
    rotational: type === 'hdd',
    readonly: false,
    cdrom: false,
  };
  const medium: Disk = {
    device: '/dev/sr0',
    size: 0,
    model: '',
    serial: '',
    wwid: '',
    busPath: '',
    transport: '',
    rotational: false,
    readonly: true,
    cdrom: true,
  };
  const all = [disk, medium];
  if (chosen(all, expected.disk, selector) !== undefined)
    assume('every machine has one disk, and it is the one that the repository names or selects');
  return all;
}

/** A size that a condition accepts. */
function fitting(wanted: string): number {
  const { operator, bytes } = condition(wanted);
  if (Number.isNaN(bytes)) return 960_197_124_096;
  if (operator === '>=' || operator === '>') return Math.max(960_197_124_096, bytes * 2);
  if (operator === '<' || operator === '<=') return Math.floor(bytes / 2);
  return bytes;
}

function links(expected: ExpectedNode, random: Random, assume: (what: string) => void): Link[] {
  const named = expected.links.filter((name) => !/^(bond|br|vlan|lo|dummy|wg)/.test(name));
  const names = named.length > 0 ? named : ['enp1s0f0', 'enp1s0f1'];
  assume('every link carries the MTU of the config once it is applied; in maintenance it is 1500');
  const known = [...expected.macs, ...expected.known.macs].map((mac) => mac.replaceAll('*', '00'));
  return names.map((name, at) => ({
    name,
    mac: known[at] ?? macOf(random.hex(5, 'mac', expected.name, name)),
    up: true,
    mtu: 1500,
    kind: 'physical',
  }));
}

function withV(version: string): string {
  return version.startsWith('v') ? version : `v${version}`;
}
