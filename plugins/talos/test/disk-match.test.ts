import { describe, expect, test } from 'vitest';
import type { Disk } from '../src/talosctl/disks.ts';
import { glob, matchDisks } from '../src/node/disk-match.ts';

const disk = (told: Partial<Disk>): Disk => ({
  id: 'x',
  devPath: '/dev/x',
  size: 500e9,
  prettySize: '',
  model: '',
  serial: '',
  wwid: '',
  uuid: '',
  modalias: '',
  busPath: '',
  transport: 'sata',
  rotational: false,
  readonly: false,
  cdrom: false,
  ...told,
});
const nvme = disk({
  id: 'nvme0n1',
  devPath: '/dev/nvme0n1',
  transport: 'nvme',
  model: 'Samsung SSD 980',
  serial: 'S64',
});
const hdd = disk({ id: 'sda', devPath: '/dev/sda', size: 4e12, rotational: true, serial: 'H1' });
const card = disk({ id: 'mmcblk0', devPath: '/dev/mmcblk0', transport: 'mmc', size: 32e9 });
const dm = disk({ id: 'dm-0', devPath: '/dev/dm-0', transport: '' });
const iso = disk({ id: 'sr0', devPath: '/dev/sr0', cdrom: true });
const locked = disk({ id: 'sdb', devPath: '/dev/sdb', readonly: true });
const all = [nvme, hdd, card, dm, iso, locked];
const match = (diskSelector: Record<string, string> | null, path: string | null = null) => {
  const found = matchDisks({ disk: path, diskSelector }, all);
  return found.odd ?? found.disks.map((d) => d.id);
};

describe('which disks a selector fits, as Talos chooses', () => {
  test.each([
    [{ type: 'nvme' }, ['nvme0n1']],
    [{ type: 'hdd' }, ['sda']],
    [{ type: 'sd' }, ['mmcblk0']],
    [{ type: 'ssd' }, ['nvme0n1', 'mmcblk0']],
    [{ serial: 'S64' }, ['nvme0n1']],
    [{ serial: 'S6' }, []],
    [{ model: 'Samsung*' }, ['nvme0n1']],
    [{ size: '>= 400GB', type: 'nvme' }, ['nvme0n1']],
    [{ size: '>= 1TB' }, ['sda']],
    [{ size: '< 100 GB' }, ['mmcblk0']],
    [{ size: '500GB' }, ['nvme0n1']],
    [{ size: '== 500GiB' }, []],
    [{ size: 'big' }, 'size is big'],
    [{ type: 'tape' }, 'type is tape'],
    [{ name: '/dev/sda' }, 'Talos does not select by name'],
  ] as [Record<string, string>, string[] | string][])('%j → %j', (selector, expected) =>
    expect(match(selector)).toEqual(expected),
  );

  test('a path that is there, one that is not, and a link that the list does not tell', () => {
    expect(match(null, '/dev/sda')).toEqual(['sda']);
    expect(match(null, '/dev/sdq')).toEqual([]);
    expect(match(null, '/dev/disk/by-id/wwn-0x5')).toEqual(['nvme0n1', 'sda', 'mmcblk0']);
  });
  test('neither', () => expect(match(null)).toBe('neither disk nor diskSelector is set'));
});

describe('globs', () => {
  test.each([
    ['*', 'anything'],
    ['a*c', 'abbbc'],
    ['a?c', 'abc'],
    ['*b*', 'abc'],
    ['a*b*c', 'axxbyyc'],
    ['', ''],
    ['**', ''],
  ])('%j fits %j', (pattern, text) => expect(glob(pattern, text)).toBe(true));
  test.each([
    ['a', 'ab'],
    ['a?', 'a'],
    ['*x', 'abc'],
    ['', 'a'],
  ])('%j does not fit %j', (pattern, text) => expect(glob(pattern, text)).toBe(false));
  test('stays linear where a backtracking matcher would not', () =>
    expect(glob('*a*a*a*a*a*a*a*b', 'a'.repeat(5000))).toBe(false));
});
