import type { Json } from '@coldstart/contract';
import type { Disk } from '../talosctl/disks.ts';
import type { TalosNode } from '../facts.ts';

const UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  pb: 1e15,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  pib: 2 ** 50,
};
const GLOBBED = {
  model: 'model',
  serial: 'serial',
  wwid: 'wwid',
  uuid: 'uuid',
  modalias: 'modalias',
  busPath: 'busPath',
} as const;

/** Which disks a config would install on; `odd` names what in its selector Talos itself refuses. */
export type Match = { disks: Disk[]; odd: string | null };

/**
 * The disks that `machine.install.disk` or `diskSelector` fits, as Talos v1.12 chooses: CD-ROMs, read-only disks and
 * devices without a transport never count, texts are globs, `type: ssd` means not rotational (talos#12370).
 */
export function matchDisks(node: Pick<TalosNode, 'disk' | 'diskSelector'>, disks: readonly Disk[]): Match {
  if (node.diskSelector && Object.keys(node.diskSelector).length > 0) return bySelector(node.diskSelector, disks);
  if (node.disk) {
    // A path may be a link such as /dev/disk/by-id/…, which the list of disks does not tell.
    const known = disks.filter((disk) => disk.devPath === node.disk);
    return known.length > 0 || /^\/dev\/[^/]+$/.test(node.disk)
      ? { disks: known, odd: null }
      : { disks: disks.filter(installable), odd: null };
  }
  return { disks: [], odd: 'neither disk nor diskSelector is set' };
}

function bySelector(selector: { [key: string]: Json }, disks: readonly Disk[]): Match {
  const tests: ((disk: Disk) => boolean)[] = [installable];
  for (const [key, value] of Object.entries(selector)) {
    const text = String(value);
    if (key === 'size') {
      const size = sizeTest(text);
      if (!size) return { disks: [], odd: `size is ${text}` };
      tests.push((disk) => size(disk.size));
    } else if (key === 'type') {
      const type = typeTest(text);
      if (!type) return { disks: [], odd: `type is ${text}` };
      tests.push(type);
    } else if (key in GLOBBED) {
      const field = GLOBBED[key as keyof typeof GLOBBED];
      tests.push((disk) => glob(text, disk[field]));
    } else return { disks: [], odd: `Talos does not select by ${key}` };
  }
  return { disks: disks.filter((disk) => tests.every((test) => test(disk))), odd: null };
}

const installable = (disk: Disk): boolean => disk.transport !== '' && !disk.readonly && !disk.cdrom;

function typeTest(type: string): ((disk: Disk) => boolean) | null {
  if (type === 'nvme') return (disk) => disk.transport === 'nvme';
  if (type === 'sd') return (disk) => disk.transport === 'mmc';
  if (type === 'hdd') return (disk) => disk.rotational;
  if (type === 'ssd') return (disk) => !disk.rotational;
  return null;
}

/** `>= 400GB`, `<= 2TiB`, `480GB`: decimal and binary units, as Talos reads them. */
function sizeTest(text: string): ((bytes: number) => boolean) | null {
  const match = /^\s*(<=|>=|==|<|>|)\s*(\d{1,15}(?:\.\d{1,6})?)\s*([kmgtp]?i?b?)\s*$/i.exec(text);
  if (!match) return null;
  const unit = (match[3] ?? '').toLowerCase();
  const factor = UNITS[unit] ?? UNITS[`${unit}b`];
  if (factor === undefined) return null;
  const wanted = Math.trunc(Number(match[2]) * factor);
  switch (match[1]) {
    case '<=':
      return (bytes) => bytes <= wanted;
    case '>=':
      return (bytes) => bytes >= wanted;
    case '<':
      return (bytes) => bytes < wanted;
    case '>':
      return (bytes) => bytes > wanted;
    default:
      return (bytes) => bytes === wanted;
  }
}

/** `*` is any run of characters, `?` any one. Linear: the last star is the only one gone back to. */
export function glob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let from = 0;
  while (t < text.length) {
    if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t]) && pattern[p] !== '*') {
      p++;
      t++;
    } else if (pattern[p] === '*') {
      star = p++;
      from = t;
    } else if (star >= 0) {
      p = star + 1;
      t = ++from;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
