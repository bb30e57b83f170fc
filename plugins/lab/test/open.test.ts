import { readFileSync } from 'node:fs';
import { BRAND, isProblem } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
import hook from '../src/hooks/lab.ts';
import type { labFactory } from '../src/index.ts';
import { fingerprint } from '../src/pki/certificates.ts';
import { understand } from '../src/nodes/config.ts';
import { Undecodable } from '../src/nodes/machine-config/document.ts';
import type { Disk } from '../src/nodes/node.ts';
import { chosen, condition, expression, matches } from '../src/nodes/selector.ts';
import { judged } from '../src/nodes/machine-config/validate.ts';
import { caFingerprint, configOf, facts, nodes, open, root } from './example.ts';

describe('the hook', () => {
  test('answers with a factory of this contract that lists its faults', async () => {
    const factory = await (hook as unknown as () => Promise<typeof labFactory>)();
    expect(factory[BRAND]).toBe(1);
    const names = factory.faults.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    expect(names).toEqual(expect.arrayContaining(['unreachable', 'mtu', 'release-pending', 'killed']));
    expect(factory.faults.every(({ about }) => about.length > 10)).toBe(true);
    const lab = await factory.open({
      root,
      cluster: 'infra',
      facts,
      env: {},
      seed: 1,
      faults: [],
      pace: null,
      disk: 'memory',
    });
    expect(lab.describe()).toMatchObject({ seed: 1, virtualMs: 0, faults: [] });
    await lab.close();
  });
});

describe('what cannot be simulated is refused with what is wrong', () => {
  test.each([
    ['an unknown fault', { faults: ['unplugged'] }, 'there is no fault "unplugged"', 'eof-after-success'],
    ['an unknown node', { faults: ['unreachable@infra-09'] }, 'there is no node "infra-09"', 'infra-01, infra-02'],
    ['a node that is not named', { faults: ['unreachable@'] }, 'nothing follows the @', 'name[@node][:count]'],
    ['a count that is none', { faults: ['crd-slow:many'] }, 'is not a whole number from 1', 'crd-slow'],
    ['a count of nothing', { faults: ['killed:0'] }, 'is not a whole number from 1', 'killed'],
    ['an empty fault', { faults: [''] }, 'there is no fault ""', 'unreachable'],
    ['a moment that is none', { faults: ['killed@noon'] }, 'has no moment "noon"', 'before, during, after'],
    [
      'a bad address',
      { facts: { 'talos/nodes': [{ name: 'a', address: '192.0.2.999', role: 'worker' }] } },
      '"192.0.2.999" is not an IP address',
      'plan',
    ],
    [
      'an address given twice',
      { facts: { 'talos/nodes': ['a', 'b'].map((name) => ({ name, address: '192.0.2.1', role: 'worker' })) } },
      '192.0.2.1 belongs to a and to b',
      'plan',
    ],
    ['no nodes', { facts: {} }, 'no nodes are known of cluster infra', 'plan'],
    ['nodes of another shape', { facts: { 'talos/nodes': [{ name: 'a' }] } }, 'cannot be simulated', 'plan'],
  ])('%s', async (_what, options, message, remedy) => {
    const error: unknown = await open(options as never).catch((thrown: unknown) => thrown);
    if (!isProblem(error)) throw error;
    expect(error.exit).toBe(2);
    expect(error.message).toContain(message);
    expect(error.remedy).toContain(remedy);
  });
});

test('what was assumed is listed before anything has happened: durations, disks, versions', async () => {
  const { assumed } = await open();
  expect(assumed).toContain("a reboot with the firmware's self-test: 40 s to 300 s");
  expect(assumed).toContain('boot media are of the version that the repository installs (v1.13.0)');
  expect(assumed.some((line) => line.includes('talosctl'))).toBe(false);
  expect(new Set(assumed).size).toBe(assumed.length);
});

describe('a machine config, as a node understands it', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  test.each(nodes)('the example’s $name', ({ name, role, address }) => {
    const config = understand(readFileSync(`${root}/${configOf(name)}`));
    expect(config).toMatchObject({
      role,
      hostname: name,
      clusterName: 'infra',
      caFingerprint,
      endpoint: 'https://192.0.2.10:6443',
      vip: role === 'controlplane' ? '192.0.2.10' : null,
      addresses: [address],
      discovery: true,
      installs: 'v1.13.0',
    });
    expect(fingerprint(config.kubernetesCa ?? '')).toMatch(/^[0-9a-f]{64}$/);
    expect(judged(readFileSync(`${root}/${configOf(name)}`))).toEqual({ warnings: [], error: null });
  });

  test.each([
    ['', 'empty', 'config not found'],
    ['# nothing', 'empty', 'config not found'],
    ['machine: [', 'yaml', 'did not find expected node content'],
    ['just text', 'yaml', 'expected a YAML document at line 1'],
    ['machine: {type: [a]}', 'document', 'line 1: cannot construct !!seq into string'],
    ['machine:\n  foo: bar\n', 'unknown-keys', 'unknown keys found during decoding:\nmachine:\n    foo: bar\n'],
    [
      'nope: 1\nmachine:\n  install: {bad: 2}\ncluster: {worse: x}\n',
      'unknown-keys',
      'unknown keys found during decoding:\ncluster:\n    worse: x\nmachine:\n    install:\n        bad: 2\nnope: 1\n',
    ],
  ])('that does not decode: %j', (text, how, message) => {
    const failing = (): unknown => understand(bytes(text));
    expect(failing).toThrow(Undecodable);
    expect(failing).toThrow(message);
    expect(() => understand(bytes(text))).toThrow(expect.objectContaining({ how }));
  });

  // Asked of the real talosctl, and much else, in test/real/wire-validate.test.ts.
  const machine = 'machine: {type: worker, install: {disk: /dev/sda}, acceptedCAs: [{crt: YQ==}]}';
  test.each([
    [`{${machine}, cluster: {controlPlane: {endpoint: "http://a:6443/b"}}}`, null],
    [`{${machine}}`, 'cluster instructions are required'],
    [`{${machine}, cluster: {}}`, 'cluster controlplane endpoint is required'],
    [
      `{${machine}, cluster: {controlPlane: {endpoint: "a b"}}}`,
      'invalid controlplane endpoint: hostname must not be blank',
    ],
  ])('%s', (text, fault) => {
    const error = fault && `1 error occurred:\n\t* v1alpha1.Config: 1 error occurred:\n\t* ${fault}\n\n\n\n`;
    expect(judged(bytes(text))).toEqual({ warnings: [], error });
  });
});

describe('disk selectors', () => {
  const disk: Disk = {
    device: '/dev/nvme0n1',
    size: 960_197_124_096,
    model: 'SAMSUNG MZ1',
    serial: 'S4E',
    wwid: 'eui.1',
    busPath: '/pci0000:00/nvme/nvme0',
    transport: 'nvme',
    rotational: false,
    readonly: false,
    cdrom: false,
  };
  const hdd: Disk = { ...disk, device: '/dev/sda', size: 8e12, transport: 'sata', rotational: true, serial: 'H1' };

  test.each([
    [{ size: '>= 400GB' }, true, true],
    [{ size: '< 1TB' }, true, false],
    [{ size: '<= 960197124096' }, true, false],
    [{ size: '> 1TiB' }, false, true],
    [{ size: '== 8TB' }, false, true],
    [{ size: 'large' }, false, false],
    [{ type: 'nvme' }, true, false],
    [{ type: 'ssd' }, true, false],
    [{ type: 'hdd' }, false, true],
    [{ model: 'samsung*' }, true, true],
    [{ serial: 'S4?' }, true, false],
    [{ busPath: '/pci0000:00/*' }, true, true],
    [{ name: '/dev/sda' }, false, true],
    [{ name: 'sda' }, false, true],
    [{ serial: 'S4E', type: 'hdd' }, false, false],
    [{ colour: 'blue' }, false, false],
  ])('%j', (selector, first, second) => {
    expect([matches(disk, selector), matches(hdd, selector)]).toEqual([first, second]);
  });

  test('a disk is chosen by selector before its name, never a read-only one', () => {
    expect(chosen([hdd, disk], '/dev/sda', { type: 'nvme' })).toBe(disk);
    expect(chosen([hdd, disk], '/dev/sda', null)).toBe(hdd);
    expect(chosen([{ ...disk, readonly: true }], null, { type: 'nvme' })).toBeUndefined();
    expect(chosen([hdd], null, null)).toBeUndefined();
  });

  test('sizes and expressions', () => {
    expect(condition('>= 1.5TiB')).toEqual({ operator: '>=', bytes: 1.5 * 2 ** 40 });
    expect(expression({ size: '> 1000' })).toBe('disk.size > 1000u');
    expect(expression({ type: 'nvme', serial: 'S*' })).toBe('disk.transport == "nvme" && glob("S*", disk.serial)');
  });
});
