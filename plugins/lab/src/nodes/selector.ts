import type { Disk } from './node.ts';

export type Selector = Readonly<Record<string, unknown>>;

/** The disk that an install goes to: the named one, or the first that the selector matches. Undefined where none does. */
export function chosen(disks: readonly Disk[], device: string | null, selector: Selector | null): Disk | undefined {
  const usable = disks.filter((disk) => !disk.readonly && !disk.cdrom);
  if (selector) return usable.find((disk) => matches(disk, selector));
  return usable.find((disk) => disk.device === device);
}

export function matches(disk: Disk, selector: Selector): boolean {
  return Object.entries(selector).every(([key, value]) => matchesOne(disk, key, String(value)));
}

/** The selector as the expression that Talos matches with, as its error shows it. */
export function expression(selector: Selector): string {
  const parts = Object.entries(selector).map(([key, value]) => expressionOf(key, String(value)));
  return parts.join(' && ');
}

function matchesOne(disk: Disk, key: string, value: string): boolean {
  switch (key) {
    case 'size':
      return sized(disk.size, value);
    case 'type':
      // Talos v1.12: `ssd` only says that the transport is not empty and the disk does not rotate (talos#12370).
      if (value === 'ssd') return disk.transport !== '' && !disk.rotational;
      if (value === 'hdd') return disk.rotational;
      if (value === 'sd') return disk.transport === 'mmc';
      return disk.transport === value;
    case 'model':
      return glob(disk.model, value);
    case 'serial':
      return glob(disk.serial, value);
    case 'wwid':
    case 'uuid':
      return glob(disk.wwid, value);
    case 'busPath':
      return glob(disk.busPath, value);
    case 'name':
      return glob(disk.device, value) || glob(disk.device.replace('/dev/', ''), value);
    case 'modalias':
      return true;
    default:
      return false;
  }
}

function expressionOf(key: string, value: string): string {
  switch (key) {
    case 'size': {
      const { operator, bytes } = condition(value);
      return `disk.size ${operator} ${bytes}u`;
    }
    case 'type':
      if (value === 'ssd') return `disk.transport != "" && !disk.rotational`;
      if (value === 'hdd') return 'disk.rotational';
      return `disk.transport == ${JSON.stringify(value)}`;
    case 'busPath':
      return `glob(${JSON.stringify(value)}, disk.bus_path)`;
    case 'name':
      return `glob(${JSON.stringify(value)}, disk.dev_path)`;
    default:
      return `glob(${JSON.stringify(value)}, disk.${key})`;
  }
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  p: 1e15,
  pb: 1e15,
  ki: 2 ** 10,
  kib: 2 ** 10,
  mi: 2 ** 20,
  mib: 2 ** 20,
  gi: 2 ** 30,
  gib: 2 ** 30,
  ti: 2 ** 40,
  tib: 2 ** 40,
};

/** A size condition such as `>= 400GB` or `1TiB`: operator and bytes. An unreadable one matches nothing. */
export function condition(value: string): { operator: string; bytes: number } {
  const match = /^\s*(<=|>=|==|<|>)?\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(value);
  const unit = UNITS[(match?.[3] ?? '').toLowerCase()];
  if (!match || unit === undefined) return { operator: '==', bytes: Number.NaN };
  return { operator: match[1] ?? '==', bytes: Math.round(Number(match[2]) * unit) };
}

function sized(size: number, value: string): boolean {
  const { operator, bytes } = condition(value);
  switch (operator) {
    case '<=':
      return size <= bytes;
    case '>=':
      return size >= bytes;
    case '<':
      return size < bytes;
    case '>':
      return size > bytes;
    default:
      return size === bytes;
  }
}

function glob(value: string, pattern: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll(/\*+/g, '.*').replaceAll('?', '.')}$`, 'i').test(value);
}
