import { identityPath, type Done, type Json, type Probe } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
import { DEFAULTS, talosConfig } from '../src/config.ts';
import { nodesOf, type TalosNode } from '../src/facts.ts';
import { identityGuard } from '../src/guards/identity.ts';
import { hardwarePin, type Hardware } from '../src/machine/hardware.ts';
import { statementsOf, type Statement } from '../src/machine/known.ts';
import { matchMachine } from '../src/machine/match.ts';
import { applyControlplanes } from '../src/steps/apply-controlplanes.ts';
import { applyWorkers } from '../src/steps/apply-workers.ts';
import { nodesReady } from '../src/steps/nodes-ready.ts';
import { faultOf } from '../src/talosctl/failure.ts';
import { parseSystemInformation } from '../src/talosctl/system-information.ts';
import type { Disk } from '../src/talosctl/disks.ts';
import { addressOf, fakeWorld, lookAs, machines, type FakeNode, type FakeWorld } from './fake.ts';
import { exampleFacts, survey, textOf } from './repository.ts';

const disk = (serial: string, more: Partial<Disk> = {}): Disk => ({
  id: 'nvme0n1',
  devPath: '/dev/nvme0n1',
  size: 960e9,
  prettySize: '960 GB',
  model: 'X',
  serial,
  wwid: '',
  uuid: '',
  modalias: '',
  busPath: '',
  transport: 'nvme',
  rotational: false,
  readonly: false,
  cdrom: false,
  ...more,
});
const MACHINE: Hardware = {
  uuid: '4c4c4544-0037-5a10-8053-b8c04f4a3532',
  serial: 'SN-1',
  macs: ['02:00:5e:10:00:01', '02:00:5e:10:00:02'],
  disks: [disk('D-1')],
};
const says = (what: Statement['what'], expected: string | string[], from: Statement['from'] = 'identity.json') => ({
  what,
  expected: [expected].flat(),
  from,
});

describe('a machine against what is recorded of it', () => {
  test.each<[string, Statement[], Partial<Hardware>, string]>([
    ['nothing recorded', [], {}, 'unknown'],
    ['its serial', [says('serial', 'SN-1')], {}, 'same'],
    ['its UUID, whatever the case', [says('UUID', MACHINE.uuid!.toUpperCase())], {}, 'same'],
    ['another serial', [says('serial', 'SN-2')], {}, 'another'],
    ['another UUID, its other numbers right', [says('UUID', 'x'), says('serial', 'SN-1')], {}, 'another'],
    ['one of its recorded links', [says('MAC', ['02:00:5e:10:00:02', '02:00:5e:10:00:09'])], {}, 'same'],
    ['no recorded link', [says('MAC', ['02:00:5e:10:00:09'])], {}, 'another'],
    ['a MAC that the config selects by a glob', [says('MAC', '02:00:5E:*', 'the machine config')], {}, 'same'],
    [
      'one of two MACs of the operator missing',
      [says('MAC', MACHINE.macs[0]!, 'coldstart.yaml'), says('MAC', '02:00:5e:10:00:09', 'coldstart.yaml')],
      {},
      'another',
    ],
    ['the disk that the config names', [says('disk', 'D-1', 'the machine config')], {}, 'same'],
    [
      'another disk than the config names',
      [says('disk', 'D-2', 'the machine config'), says('serial', 'SN-1')],
      {},
      'another',
    ],
    [
      'no disk with a name, and the config names one',
      [says('disk', 'D-2', 'the machine config')],
      { disks: [] },
      'another',
    ],
    ['disks not told', [says('disk', 'D-2', 'the machine config')], { disks: null }, 'untold'],
    ['a disk replaced in the recorded machine', [says('disk', 'D-2'), says('serial', 'SN-1')], {}, 'same'],
    ['only a disk recorded, and another seen', [says('disk', 'D-2')], {}, 'another'],
    [
      'recorded, and it tells nothing',
      [says('serial', 'SN-1'), says('MAC', 'x')],
      { serial: null, macs: [] },
      'untold',
    ],
    ['one told and right, one untold', [says('serial', 'SN-1'), says('MAC', 'x')], { macs: [] }, 'same'],
  ])('%s', (_what, statements, more, is) => {
    expect(matchMachine(statements, { ...MACHINE, ...more }).is).toBe(is);
  });

  test('only what tells machines apart is recorded, and no stick that is plugged in', () => {
    expect(hardwarePin({ ...MACHINE, disks: [disk('D-1'), disk('USB', { transport: 'usb' })] })).toEqual({
      uuid: MACHINE.uuid,
      serial: 'SN-1',
      macs: MACHINE.macs,
      disks: ['D-1'],
    });
    expect(hardwarePin({ uuid: null, serial: null, macs: [], disks: [] })).toBeUndefined();
  });

  test.each(['Default string', 'To Be Filled By O.E.M.', 'System Serial Number', '0', 'None', 'Not Specified', ' '])(
    'the placeholder %j tells nothing',
    (serialnumber) => {
      const stdout = JSON.stringify({
        metadata: { id: 'systeminformation' },
        node: '',
        spec: { serialnumber, uuid: '03000200-0400-0500-0006-000700080009' },
      });
      expect(parseSystemInformation(stdout)).toEqual({ serial: null, uuid: null });
    },
  );
});

describe('where a record comes from', () => {
  test("links that the config selects by hardware, in an interface, a bond and Talos 1.12's own document", async () => {
    const path = 'clusters/infra/talos/clusterconfig/infra-infra-01.yaml';
    const text = textOf(path)
      .replace('- interface: bond0', "- deviceSelector: { hardwareAddr: '02:00:5E:10:00:*' }")
      .concat(
        '---\napiVersion: v1alpha1\nkind: LinkAliasConfig\nname: net0\nselector:\n  match: mac(link.permanent_addr) == "02:00:5e:10:00:0f"\n',
      );
    expect(text).not.toBe(textOf(path));
    const { facts } = await survey({ changed: { [path]: text } });
    expect((facts['talos/nodes'] as unknown as TalosNode[])[0]?.macs).toEqual([
      '02:00:5e:10:00:*',
      '02:00:5e:10:00:0f',
    ]);
  });

  test('a machine of a node that is none is a finding', async () => {
    const { problems } = await survey({ config: { machines: { 'infra-09': { serial: 'x' } } } });
    expect(problems).toEqual([
      expect.objectContaining({ file: 'coldstart.yaml', found: 'infra-09 in talos.machines' }),
    ]);
  });

  test('one MAC or several; a fingerprint as the console shows it', () => {
    const mac = '02:00:5e:10:00:01';
    expect(talosConfig.validate({ machines: { a: { mac } } })).toMatchObject({
      value: { machines: { a: { mac: [mac] } } },
    });
    expect(talosConfig.validate({ machines: { a: { certFingerprint: 'x' } } })).toMatchObject({ issues: [{}] });
    const statements = statementsOf(
      { name: 'a', macs: [], diskSelector: { serial: 'D', size: '1' } } as unknown as TalosNode,
      { ...DEFAULTS, machines: { a: { mac: [mac], serial: 'S' } } },
      { schema: 'coldstart.identity/1', cluster: 'c', machines: { a: { uuid: 'u', disks: ['D'] } } },
    );
    expect(statements.map(({ what, from }) => `${what} ${from}`)).toEqual([
      'serial coldstart.yaml',
      'MAC coldstart.yaml',
      'disk the machine config',
      'UUID identity.json',
      'disk identity.json',
    ]);
  });
});

describe('before a config with secrets leaves', async () => {
  const facts = await exampleFacts();
  const item = (name: string): TalosNode => nodesOf(facts).find((node) => node.name === name)!;
  const recorded = (machine: Json): Record<string, string> => ({
    [identityPath('infra')]: JSON.stringify({
      schema: 'coldstart.identity/1',
      cluster: 'infra',
      machines: { 'infra-05': machine },
    }),
  });
  const at = (node: FakeNode, files: Record<string, string> = {}): FakeWorld =>
    fakeWorld(machines({ 'infra-05': node, 'infra-02': node }), { files });
  const bare: FakeNode = { is: 'maintenance', system: { serialnumber: 'SN-5' } };
  const apply = (world: FakeWorld, use = facts) =>
    applyWorkers.observe(lookAs(world, use, item('infra-05'), 'infra-05'));
  const guard = (world: FakeWorld, use = facts) =>
    identityGuard.look(lookAs<unknown>(world, use, item('infra-05'), 'infra-05'));

  test('what matched is evidence', async () => {
    const other: FakeNode = {
      is: 'maintenance',
      disks: [{ dev_path: '/dev/sda', transport: 'sata', serial: 'OTHER' }],
    };
    const seen = await applyControlplanes.observe(lookAs(at(other), facts, item('infra-02'), 'infra-02'));
    expect(seen).toMatchObject({
      state: 'blocked',
      refuse: true,
      cause: expect.stringContaining('expected disk EX960-INFRA-02 (the machine config), seen OTHER'),
    });
    const right = fakeWorld(machines({}));
    const good = await applyControlplanes.observe(lookAs(right, facts, item('infra-02'), 'infra-02'));
    expect(good).toMatchObject({ state: 'needed', deviations: [] });
    expect(good.signals.find((s) => s.name === 'machine')).toMatchObject({
      ok: true,
      observed: 'matched: disk EX960-INFRA-02 (the machine config)',
    });
  });

  test('nothing recorded: trusted at first sight, said as a deviation, and recorded', async () => {
    const seen = await apply(at(bare));
    expect(seen).toMatchObject({
      state: 'needed',
      deviations: [expect.stringMatching(/infra-05: nothing was recorded of its machine.*serial SN-5/)],
      pins: [{ at: ['machines', 'infra-05'], value: { serial: 'SN-5' } }],
    });
    expect(await guard(at(bare))).toMatchObject({ ok: true });
  });

  test('nothing recorded, and the operator wants it so: refused', async () => {
    const strict = await exampleFacts({ firstSight: 'refuse' });
    const cause = expect.stringMatching(/nothing is recorded of the machine that answers for infra-05 .*serial SN-5/);
    expect(await apply(at(bare), strict)).toMatchObject({ state: 'blocked', refuse: true, page: 'impostor', cause });
    expect(await guard(at(bare), strict)).toMatchObject({ ok: false, cause });
    const accepted = await exampleFacts({ firstSight: 'refuse', acceptMachines: ['infra-05'] });
    expect(await apply(at(bare), accepted)).toMatchObject({
      state: 'needed',
      deviations: [expect.stringContaining('accepted')],
    });
  });

  test('another machine than recorded: refused by look, guard and preflight, with node, expected and seen', async () => {
    const world = at(bare, recorded({ serial: 'SN-1' }));
    const cause = 'another machine answers for infra-05 (192.0.2.22): expected serial SN-1 (identity.json), seen SN-5';
    expect(await apply(world)).toMatchObject({ state: 'blocked', refuse: true, page: 'impostor', cause });
    expect(await guard(world)).toMatchObject({ ok: false, page: 'impostor', cause });
    expect(await nodesReady.observe(lookAs(world, facts, item('infra-05'), 'infra-05'))).toMatchObject({
      state: 'blocked',
      refuse: true,
      cause,
    });
  });

  test('accepted once: it gets its config, the record is replaced, and both are said', async () => {
    const use = await exampleFacts({ acceptMachines: ['infra-05'] });
    const world = at(bare, recorded({ serial: 'SN-1' }));
    expect(await apply(world, use)).toMatchObject({
      state: 'needed',
      deviations: [expect.stringMatching(/another machine than recorded was accepted .*SN-1.*SN-5/)],
      pins: [{ at: ['machines', 'infra-05'], value: { serial: 'SN-5' }, replace: true }],
    });
    expect(await guard(world, use)).toMatchObject({ ok: true });
    const [action] = applyWorkers.plan({ key: 'infra-05', item: item('infra-05'), facts: use });
    expect(action?.consent).toBe('--accept-machine infra-05');
  });

  test('one that does not tell is asked again, and then refused', async () => {
    const world = at(bare, recorded({ serial: 'SN-5' }));
    let asked = 0;
    const losing = (times: number): FakeWorld => {
      asked = 0;
      const probe = async (call: Probe): Promise<Done> => {
        const hit = call.argv.includes('systeminformation') && call.argv.includes(addressOf('infra-05'));
        if (hit && asked++ < times)
          return {
            exit: 1,
            how: 'exit',
            stdout: new Uint8Array(),
            stderr: 'rpc error: code = Unknown desc = try later',
          };
        return world.probe(call);
      };
      return Object.assign(Object.create(world) as FakeWorld, { probe });
    };
    expect(await guard(losing(2))).toMatchObject({ ok: true });
    expect(await guard(losing(99))).toMatchObject({
      ok: false,
      cause: expect.stringMatching(/does not tell what is recorded/),
    });
    expect(asked).toBe(3);
    expect(await apply(losing(99))).toMatchObject({ state: 'unknown', refuse: true });
  });

  test('one whose answers come too late is refused as a slow one, and not as an impostor', async () => {
    const world = at(bare, recorded({ serial: 'SN-5' }));
    const probe = async (call: Probe): Promise<Done> =>
      call.argv.includes('systeminformation') && call.argv.includes(addressOf('infra-05'))
        ? { exit: null, how: 'deadline', stdout: new Uint8Array(), stderr: '' }
        : world.probe(call);
    expect(await guard(Object.assign(Object.create(world) as FakeWorld, { probe }))).toMatchObject({
      ok: false,
      cause: expect.stringMatching(/does not tell what is recorded of it: .*talosctl gave no answer within/),
      page: 'node-unreachable',
    });
  });

  test('two machines at one address: what answers now and then is not recorded, and gets nothing', async () => {
    const [one, two] = [at({ is: 'maintenance', system: { serialnumber: 'SN-5' } }), at(bare)];
    const other = at({ is: 'maintenance', system: { serialnumber: 'SN-6' } });
    const inTurn = (worlds: FakeWorld[]): FakeWorld => {
      let asked = 0;
      const probe = async (call: Probe): Promise<Done> => {
        const system = call.argv.includes('systeminformation') && call.argv.includes(addressOf('infra-05'));
        return (system ? worlds[Math.min(asked++, worlds.length - 1)]! : worlds[0]!).probe(call);
      };
      return Object.assign(Object.create(one) as FakeWorld, { probe });
    };
    expect(await apply(inTurn([one, two]))).toMatchObject({ state: 'needed', pins: [{ value: { serial: 'SN-5' } }] });
    const flips = await apply(inTurn([one, other]));
    expect(flips).toMatchObject({
      state: 'blocked',
      refuse: true,
      page: 'impostor',
      cause: 'another machine answers for infra-05 (192.0.2.22): expected serial SN-5 (a look before), seen SN-6',
    });
    expect(flips.pins).toBeUndefined();
    const accepted = await exampleFacts({ acceptMachines: ['infra-05'] });
    expect(await apply(inTurn([one, other]), accepted)).toMatchObject({ state: 'needed', pins: [] });
    // What was told once, and not again, is neither recorded nor enough.
    const silent = at({ is: 'maintenance', system: { serialnumber: '' } });
    expect(await apply(inTurn([one, silent]))).toMatchObject({ state: 'unknown', refuse: true });
  });

  test('a fingerprint of the operator’s is handed to talosctl, and is enough', async () => {
    const certFingerprint = `${'A'.repeat(43)}=`;
    const use = await exampleFacts({ firstSight: 'refuse', machines: { 'infra-05': { certFingerprint } } });
    expect(await apply(at(bare), use)).toMatchObject({
      state: 'needed',
      facts: { access: ['--insecure', `--cert-fingerprint=${certFingerprint}`] },
      deviations: [],
    });
    const stderr = `error applying new configuration: rpc error: code = Unavailable desc = connection error: desc = "transport: authentication handshake failed: leaf peer certificate doesn't match the provided fingerprints: [${certFingerprint}]"`;
    expect(faultOf(stderr).cause).toBe('another-machine');
    const [action] = applyWorkers.plan({ key: 'infra-05', item: item('infra-05'), facts: use });
    expect(applyWorkers.classify({ action: action!, how: 'exit', exit: 1, text: stderr })).toMatchObject({
      kind: 'fatal',
      refuse: true,
      page: 'impostor',
    });
  });

  test('the recorded Talos CA is another than the repository’s: no node is even asked', async () => {
    const world = at(bare, {
      [identityPath('infra')]: JSON.stringify({
        schema: 'coldstart.identity/1',
        cluster: 'infra',
        talosCa: 'ab'.repeat(32),
      }),
    });
    expect(await guard(world)).toMatchObject({
      ok: false,
      page: 'identity',
      cause: expect.stringMatching(/recorded Talos CA is abab/),
    });
    expect(world.probes).toEqual([]);
  });
});
