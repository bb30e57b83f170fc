import { flagOf, numberOf, parseResources, textOf } from './documents.ts';

/** One block device, as `get disks` tells of it. An absent text is empty, as Talos' own matching has it. */
export type Disk = {
  id: string;
  devPath: string;
  /** Bytes. */
  size: number;
  prettySize: string;
  model: string;
  serial: string;
  wwid: string;
  uuid: string;
  modalias: string;
  busPath: string;
  transport: string;
  rotational: boolean;
  readonly: boolean;
  cdrom: boolean;
};

/** Reads `get disks -o json` of one node. */
export function parseDisks(stdout: string): Disk[] {
  return parseResources(stdout).map(({ metadata, spec }) => ({
    id: metadata.id,
    devPath: textOf(spec['dev_path']) ?? '',
    size: numberOf(spec['size']) ?? 0,
    prettySize: textOf(spec['pretty_size']) ?? '',
    model: textOf(spec['model']) ?? '',
    serial: textOf(spec['serial']) ?? '',
    wwid: textOf(spec['wwid']) ?? '',
    uuid: textOf(spec['uuid']) ?? '',
    modalias: textOf(spec['modalias']) ?? '',
    busPath: textOf(spec['bus_path']) ?? '',
    transport: textOf(spec['transport']) ?? '',
    rotational: flagOf(spec['rotational']) ?? false,
    readonly: flagOf(spec['readonly']) ?? false,
    cdrom: flagOf(spec['cdrom']) ?? false,
  }));
}

/** A disk for the eye: `/dev/sda 107 GB SIM DISK serial S1`. */
export function showDisk(disk: Disk): string {
  const parts = [
    disk.devPath || disk.id,
    disk.prettySize,
    disk.transport,
    disk.model,
    disk.serial && `serial ${disk.serial}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}
