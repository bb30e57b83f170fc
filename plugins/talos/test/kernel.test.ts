import { describe, expect, test } from 'vitest';
import { explain } from '../src/diagnose/explain.ts';
import { kernelSignals } from '../src/node/kernel.ts';
import { parseDmesg } from '../src/talosctl/dmesg.ts';
import { talosctlTool } from '../src/tool.ts';

const at = (minute: number): string => `2026-11-21T08:${String(minute).padStart(2, '0')}:00.123456789Z`;
const line = (text: string, minute = 30, level = 'kern:     err'): string =>
  `192.0.2.12: ${level}: [${at(minute)}]: ${text}`;
const signals = (...lines: string[]) => kernelSignals('infra-02', parseDmesg(`${lines.join('\n')}\n`));
const bad = (...lines: string[]) => signals(...lines).filter(({ ok }) => !ok);

describe('the kernel log', () => {
  test('each line has its moment and its text; one of another form is kept', () => {
    expect(parseDmesg(`${line('a: b', 1, 'user: warning')}\n\nodd\n`)).toEqual([
      { at: Date.parse('2026-11-21T08:01:00.123Z'), text: 'a: b' },
      { at: null, text: 'odd' },
    ]);
    expect(parseDmesg('')).toEqual([]);
  });

  test('of a long one, the end is kept', () => {
    const long = Array.from({ length: 5000 }, (_, i) => line(`line ${i}`)).join('\n');
    const read = parseDmesg(long);
    expect(read).toHaveLength(2000);
    expect(read.at(-1)?.text).toBe('line 4999');
  });

  test('the last lines are shown, short; without any there is nothing', () => {
    const shown = signals(...Array.from({ length: 30 }, (_, i) => line(`${i} ${'x'.repeat(300)}`)));
    expect(shown).toMatchObject([{ name: 'kernel log', ok: true, source: 'talosctl dmesg' }]);
    const observed = shown[0]?.observed as string[];
    expect(observed).toHaveLength(10);
    expect(observed.every((text) => text.length <= 160)).toBe(true);
    expect(signals()).toEqual([]);
  });
});

describe('what keeps a node from getting on', () => {
  test.each([
    ['I/O error, dev sda, sector 2048 op 0x0:(READ) flags 0x0', 'disk sda', 'disk-errors'],
    ['blk_update_request: I/O error, dev sdb, sector 8', 'disk sdb', 'disk-errors'],
    ['critical medium error, dev nvme0n1, sector 4096 op 0x0:(READ)', 'disk nvme0n1', 'disk-errors'],
    ['Buffer I/O error on dev sda4, logical block 7, async page read', 'disk sda4', 'disk-errors'],
    ['nvme nvme1: I/O 12 QID 4 timeout, aborting', 'disk nvme1', 'disk-errors'],
    ['XFS (sda6): metadata I/O error in "xlog_bread"', 'disk sda6', 'disk-errors'],
    ['ixgbe 0000:01:00.0 eno1: NIC Link is Down', 'link eno1', 'link-down'],
    ['mlx5_core 0000:17:00.0 ens1f0np0: Link down', 'link ens1f0np0', 'link-down'],
    ['bond0: (slave enp1s0f1): link status definitely down, disabling slave', 'link enp1s0f1', 'link-down'],
    [
      '[talos] service[kubelet](Failed): failed to pull image "registry.example.com/kubelet:v1.36.3": i/o timeout',
      'image',
      'image-pull',
    ],
  ])('%s', (text, name, page) => {
    const found = bad(line('usb 1-1: new device'), line(text), line('[talos] stage: booting'));
    expect(found.map((signal) => signal.name)).toEqual([name]);
    expect(explain(found)?.page).toBe(page);
    expect(explain(found)?.cause).toContain('infra-02');
  });

  test('errors of one disk are counted, and the last is told', () => {
    const found = bad(line('I/O error, dev sda, sector 1'), line('I/O error, dev sda, sector 2'));
    expect(found).toMatchObject([{ observed: '2 errors, the last: I/O error, dev sda, sector 2' }]);
  });

  test.each([
    ['a link that is up again', [line('eno1: NIC Link is Down', 29), line('eno1: NIC Link is Up 10 Gbps', 30)]],
    ['an error of long ago', [line('I/O error, dev sda, sector 1', 1), line('[talos] stage: booting', 30)]],
    ['prose', [line('IPv6: ADDRCONF(NETDEV_CHANGE): eno1: link becomes ready'), line('pci 0000:00:1c.0: PCI bridge')]],
  ])('%s is none', (_, lines) => {
    expect(bad(...lines)).toEqual([]);
  });
});

test.each([
  [['dmesg', '-n', '192.0.2.11'], true],
  [['dmesg', '-f', '-n', '192.0.2.11'], false],
  [['dmesg', '--follow'], false],
])('%j only reads and ends: %s', (argv, reads) => {
  expect(talosctlTool.reads(argv)).toBe(reads);
});
