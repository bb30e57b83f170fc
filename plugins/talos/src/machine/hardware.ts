import type { Json, Reader } from '@coldstart/contract';
import { askNode, read, type Reach } from '../node/ask.ts';
import { ask } from '../talosctl/argv.ts';
import type { Fault } from '../talosctl/failure.ts';
import { parseDisks, type Disk } from '../talosctl/disks.ts';
import { parseLinks } from '../talosctl/links.ts';
import { parseSystemInformation } from '../talosctl/system-information.ts';

/** What a machine shows of itself in maintenance. What was not told is null, or empty. */
export type Hardware = {
  uuid: string | null;
  serial: string | null;
  /** Of physical links, lower case. */
  macs: string[];
  /** Null where disks were not told. */
  disks: Disk[] | null;
  /** Why something was not told, where it is the way to the machine and not the machine: it gave no answer in time. */
  late?: Fault;
};

/**
 * Asks a node in maintenance who it is. A reader may list these resources without a certificate (Talos v1.13,
 * internal/app/resources/access.go: all that is not sensitive); a version that has one of them not tells the others.
 */
export async function askHardware(world: Reader, reach: Reach, address: string): Promise<Hardware> {
  const [system, links, disks] = await Promise.all([
    askNode(world, reach, address, 'insecure', ask.system).then((answer) => read(answer, parseSystemInformation)),
    askNode(world, reach, address, 'insecure', ask.links).then((answer) => read(answer, parseLinks)),
    askNode(world, reach, address, 'insecure', ask.disks).then((answer) => read(answer, parseDisks)),
  ]);
  const late = [system, links, disks]
    .map((one) => (one.ok ? null : one.fault))
    .find((fault) => fault?.cause === 'deadline');
  return {
    ...(late && { late }),
    uuid: system.ok ? system.value.uuid : null,
    serial: system.ok ? system.value.serial : null,
    macs: links.ok ? links.value.flatMap((link) => (link.kind === '' ? (link.mac ?? []) : [])) : [],
    disks: disks.ok ? disks.value : null,
  };
}

/** Serials and WWIDs of a machine's own disks: what is plugged in by USB may be elsewhere tomorrow. */
export const diskNames = (disks: readonly Disk[] | null): string[] =>
  (disks ?? [])
    .filter((disk) => !disk.cdrom && disk.transport !== '' && disk.transport !== 'usb')
    .flatMap((disk) => [disk.serial, disk.wwid].filter((name) => name !== '').slice(0, 1));

/** What is kept of it in `identity.json`; undefined where it told nothing that tells machines apart. */
export function hardwarePin({ uuid, serial, macs, disks }: Hardware): { [key: string]: Json } | undefined {
  const names = diskNames(disks);
  const pin = {
    ...(uuid !== null && { uuid }),
    ...(serial !== null && { serial }),
    ...(macs.length > 0 && { macs: [...macs].sort() }),
    ...(names.length > 0 && { disks: [...names].sort() }),
  };
  return Object.keys(pin).length > 0 ? pin : undefined;
}

/** A machine for the eye. */
export function showHardware(hardware: Hardware): string {
  const names = diskNames(hardware.disks);
  const parts = [
    hardware.serial !== null && `serial ${hardware.serial}`,
    hardware.uuid !== null && `UUID ${hardware.uuid}`,
    hardware.macs.length > 0 && `MAC ${hardware.macs.join(' ')}`,
    names.length > 0 && `disk ${names.join(' ')}`,
  ].filter((part) => part !== false);
  return parts.join(', ') || 'nothing that tells machines apart';
}
