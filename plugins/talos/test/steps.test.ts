import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Done, Facts, Observation, Past } from '@coldstart/contract';
import { applyControlplanes } from '../src/steps/apply-controlplanes.ts';
import { applyWorkers } from '../src/steps/apply-workers.ts';
import { api } from '../src/steps/api.ts';
import { apiAnswers } from '../src/steps/api-answers.ts';
import { bootstrap } from '../src/steps/bootstrap.ts';
import { configsValid } from '../src/steps/configs-valid.ts';
import { etcd } from '../src/steps/etcd.ts';
import { kubeconfig } from '../src/steps/kubeconfig.ts';
import { nodesReady } from '../src/steps/nodes-ready.ts';
import { registered } from '../src/steps/registered.ts';
import { tools } from '../src/steps/tools.ts';
import { vip } from '../src/steps/vip.ts';
import { identityGuard } from '../src/guards/identity.ts';
import { pinnedNodeGuard } from '../src/guards/pinned-node.ts';
import { recordIdentity } from '../src/identity.ts';
import { nodesOf, type TalosNode } from '../src/facts.ts';
import { fakeWorld, lookAs, machines, sent, type FakeNode, type FakeWorld } from './fake.ts';
import { recording } from './recordings.ts';
import { exampleFacts, textOf } from './repository.ts';

const facts = await exampleFacts();
const nodeNamed = (name: string): TalosNode => nodesOf(facts).find((node) => node.name === name)!;
const err = (stderr: string): Done => ({ exit: 1, how: 'exit', stdout: new Uint8Array(), stderr });
const out = (stdout: string): Done => ({ exit: 0, how: 'exit', stdout: new TextEncoder().encode(stdout), stderr: '' });
const GOOD_DISK = { dev_path: '/dev/nvme0n1', transport: 'nvme', size: 960e9, serial: 'EX960-INFRA-02' };

const observeApply = (world: FakeWorld, name: string, past: Past[] = [], use: Facts = facts): Promise<Observation> =>
  (nodeNamed(name).role === 'worker' ? applyWorkers : applyControlplanes).observe(
    lookAs(world, use, nodeNamed(name), name, past),
  );
const apply = (world: FakeWorld, ago: number, more: object = {}): Past =>
  sent(world, { step: 'talos/apply-controlplanes', item: 'infra-02', action: 'apply', ago, ...more });

describe('apply: one look for detecting, polling, confirming and resuming', () => {
  const worldWith = (node: FakeNode): FakeWorld => fakeWorld(machines({ 'infra-02': node }));

  test('in maintenance: needed, and the hole says how', async () => {
    expect(await observeApply(worldWith({ is: 'maintenance' }), 'infra-02')).toMatchObject({
      state: 'needed',
      facts: { access: ['--insecure'] },
    });
  });

  test.each([
    ['took it a moment ago', { is: 'maintenance' }, 5_000, {}, 'converging'],
    ['fell back', { is: 'maintenance' }, 90_000, {}, 'needed'],
    [
      'was sent by a run that was killed',
      { is: 'maintenance' },
      5_000,
      { outcome: 'open', earlierRun: true },
      'converging',
    ],
    ['refused it', { is: 'maintenance' }, 5_000, { outcome: 'failed' }, 'needed'],
    ['installs', { is: 'refused' }, 120_000, {}, 'converging'],
    ['reboots, dark', { is: 'silent' }, 300_000, {}, 'converging'],
    ['installs since an earlier run', { is: 'refused' }, 120_000, { earlierRun: true }, 'converging'],
    ['never came back', { is: 'refused' }, 3_600_000, {}, 'unknown'],
  ] as const)('a node that %s', async (_what, shows, ago, more, state) => {
    const world = worldWith(shows);
    expect((await observeApply(world, 'infra-02', [apply(world, ago, more)])).state).toBe(state);
  });

  test('a fall-back says so, with page', async () => {
    const world = worldWith({ is: 'maintenance' });
    expect(await observeApply(world, 'infra-02', [apply(world, 90_000)])).toMatchObject({
      cause: expect.stringContaining('infra-02 is in maintenance again'),
      page: 'fell-back',
    });
  });

  test.each(['booting', 'running'])('configured and %s: done, whatever the stage', async (stage) => {
    const seen = await observeApply(worldWith({ is: 'configured', stage }), 'infra-02');
    expect(seen).toMatchObject({ state: 'done', facts: { 'talos/applied': { node: 'infra-02' } } });
    expect(seen.signals.every((s) => s.ok)).toBe(true);
    expect(seen.deviations).toBeUndefined();
  });

  const changed = textOf(nodeNamed('infra-02').config).replace('mtu: 9000', 'mtu: 1500');
  test('configured with another config: left alone, and the deviation names where, not what', async () => {
    const seen = await observeApply(worldWith({ is: 'configured', config: changed }), 'infra-02');
    expect(seen.state).toBe('done');
    expect(seen.deviations?.[0]).toContain('machine.network.interfaces[0].mtu');
    expect(JSON.stringify(seen)).not.toContain('1500');
  });

  test('with --reapply: needed, without a reboot, by the repository’s credentials', async () => {
    const use = await exampleFacts({ apply: { reapply: true } });
    expect(await observeApply(worldWith({ is: 'configured', config: changed }), 'infra-02', [], use)).toMatchObject({
      state: 'needed',
      facts: {
        access: [
          '--talosconfig',
          'clusters/infra/talos/clusterconfig/talosconfig',
          '--context',
          'infra',
          '-e',
          '192.0.2.12',
          '--mode=no-reboot',
        ],
      },
    });
  });

  test('another node at that address: refused', async () => {
    const seen = await observeApply(
      worldWith({ is: 'configured', config: textOf(nodeNamed('infra-03').config) }),
      'infra-02',
    );
    expect(seen).toMatchObject({
      state: 'blocked',
      refuse: true,
      page: 'wrong-node',
      cause: expect.stringContaining('infra-03, controlplane'),
    });
  });

  test('another cluster’s CA: refused', async () => {
    expect(await observeApply(worldWith({ is: 'foreign' }), 'infra-02')).toMatchObject({
      state: 'blocked',
      refuse: true,
      page: 'foreign-ca',
      cause: expect.stringContaining('infra-02 (192.0.2.12)'),
    });
  });

  test.each([['silent'], ['refused'], ['flaky'], ['hanging']] as const)(
    '%s before anything was sent: not known',
    async (is) => {
      expect(await observeApply(worldWith({ is }), 'infra-02')).toMatchObject({
        state: 'unknown',
        cause: expect.stringContaining('infra-02'),
      });
    },
  );

  test('no secret of a config leaves the look', async () => {
    const seen = JSON.stringify(
      await observeApply(
        worldWith({ is: 'configured', config: changed.replace(/token: \S+/, 'token: another-token') }),
        'infra-02',
      ),
    );
    expect(seen).toContain('machine.token');
    expect(seen).not.toContain('zzzzzz');
  });

  test('the width bounds the call, and one failure stops nobody', async () => {
    const use = await exampleFacts({ apply: { parallel: 3 } });
    expect(applyWorkers.limit?.(use)).toEqual({ n: 3, hold: 'act', onFailure: 'continue' });
    expect(applyControlplanes.retry?.(facts)).toEqual({ first: 3000, factor: 2, max: 60_000, retries: 5, jitter: 0.2 });
    expect(applyControlplanes.forEach?.(facts).map((i) => i.key)).toEqual(['infra-01', 'infra-02', 'infra-03']);
    expect(applyWorkers.forEach?.(facts).map((i) => i.key)).toEqual(['infra-04', 'infra-05', 'infra-06']);
    expect(applyWorkers.needs).toContain('kubernetes/answers');
  });

  test('a wait that ended badly is looked into: disks, boot version, links', async () => {
    const world = worldWith({
      is: 'maintenance',
      disks: [{ dev_path: '/dev/sda', transport: 'usb', serial: 'X' }],
      bootVersion: 'v1.12.4',
    });
    const found = await applyControlplanes.diagnose!(lookAs(world, facts, nodeNamed('infra-02'), 'infra-02'));
    expect(found.filter((s) => !s.ok).map((s) => s.name)).toEqual(['install disk', 'boot version']);
  });
});

describe('preflight of a node', () => {
  const ready = (node: FakeNode, past: Past[] = []): Promise<Observation> => {
    const world = fakeWorld(machines({ 'infra-02': node }));
    return nodesReady.observe(
      lookAs(
        world,
        facts,
        nodeNamed('infra-02'),
        'infra-02',
        past.map((p) => ({ ...p, at: world.now(), mono: world.mono() })),
      ),
    );
  };

  test.each<[FakeNode, object]>([
    [
      { is: 'maintenance', disks: [GOOD_DISK] },
      { class: 'maintenance', stage: 'maintenance', machine: expect.stringMatching(/^matched/) },
    ],
    [
      { is: 'configured', stage: 'running' },
      { class: 'configured', stage: 'running', machine: null },
    ],
    [{ is: 'foreign' }, { class: 'foreign', stage: null }],
    [{ is: 'refused' }, { class: 'refused', stage: null }],
    [{ is: 'silent' }, { class: 'silent', stage: null }],
  ])('what it is, for the table of nodes: %o', async (node, row) => {
    const { facts: told } = await ready(node);
    expect(told?.['talos/node']).toMatchObject({ role: 'controlplane', address: '192.0.2.12', ...row });
  });

  test('in maintenance, and all fits', async () => {
    const seen = await ready({ is: 'maintenance', disks: [GOOD_DISK] });
    expect(seen.state).toBe('done');
    expect(seen.signals.map((s) => s.name)).toEqual(
      expect.arrayContaining(['port', 'stage', 'boot version', 'install disk', 'link enp1s0f0', 'MTU of enp1s0f0']),
    );
  });

  test.each<[string, FakeNode, RegExp, string]>([
    [
      'no disk fits',
      { is: 'maintenance', disks: [{ ...GOOD_DISK, serial: 'OTHER' }] },
      /install disk of infra-02: expected \{"serial":"EX960-INFRA-02"\}, found none of \/dev\/nvme0n1/,
      'disk-not-found',
    ],
    [
      'the image is older than the config',
      { is: 'maintenance', disks: [GOOD_DISK], bootVersion: 'v1.12.4' },
      /boot version of infra-02.*v1\.12\.4/,
      'boot-image-older',
    ],
    [
      'a link is down',
      {
        is: 'maintenance',
        disks: [GOOD_DISK],
        links: [
          { name: 'enp1s0f0', operationalState: 'up', mtu: 1500 },
          { name: 'enp1s0f1', operationalState: 'down', mtu: 1500 },
        ],
      },
      /link enp1s0f1 of infra-02: expected up, found down/,
      'link-down',
    ],
    [
      'a link is not there',
      { is: 'maintenance', disks: [GOOD_DISK], links: [{ name: 'eth0', operationalState: 'up', mtu: 1500 }] },
      /link enp1s0f0 .*absent/,
      'link-down',
    ],
    [
      'the MTU is not the config’s',
      {
        is: 'configured',
        links: ['enp1s0f0', 'enp1s0f1'].map((name) => ({ name, operationalState: 'up', mtu: 1500 })),
      },
      /MTU of enp1s0f0 .*9000.*1500/,
      'mtu',
    ],
    [
      'another node answers',
      { is: 'configured', config: textOf(nodeNamed('infra-03').config) },
      /hostname and type of infra-02/,
      'wrong-node',
    ],
  ])('%s', async (_what, shows, cause, page) => {
    const seen = await ready(shows);
    expect(seen).toMatchObject({ state: 'blocked', page });
    expect(seen.cause).toMatch(cause);
  });

  test('the MTU before the config is applied is shown, not judged', async () => {
    const seen = await ready({ is: 'maintenance', disks: [GOOD_DISK] });
    expect(seen.signals.find((s) => s.name === 'MTU of enp1s0f0')).toMatchObject({ observed: 1500, ok: true });
  });

  test('configured already', async () =>
    expect((await ready({ is: 'configured', stage: 'running' })).state).toBe('done'));
  test('another cluster’s: refused', async () =>
    expect(await ready({ is: 'foreign' })).toMatchObject({ state: 'blocked', refuse: true, page: 'foreign-ca' }));
  test('a worker that does not answer, where one may be missing: a deviation', async () => {
    const use = await exampleFacts({ allowMissingWorkers: 1 });
    const world = fakeWorld(machines({}, { is: 'silent' }));
    expect(await nodesReady.observe(lookAs(world, use, nodeNamed('infra-05'), 'infra-05'))).toMatchObject({
      state: 'done',
      deviations: [expect.stringContaining('infra-05')],
    });
    expect((await nodesReady.observe(lookAs(world, use, nodeNamed('infra-03'), 'infra-03'))).state).toBe('unknown');
  });
  test.each(['silent', 'refused', 'flaky'] as const)('%s: looked at again', async (is) =>
    expect(await ready({ is })).toMatchObject({ state: 'unknown', page: 'node-unreachable' }),
  );
  test.each([
    ['disks', /^install disk of infra-02 \(192\.0\.2\.12\) was not told: /],
    ['version', /^boot version of infra-02 \(192\.0\.2\.12\) was not told: /],
  ] as const)('what it does not tell says nothing of its %s: looked at again', async (what, cause) => {
    const shows = { is: 'maintenance' as const, disks: [GOOD_DISK] };
    const unknown = { state: 'unknown', cause: expect.stringMatching(cause), page: 'node-unreachable' };
    expect(await ready({ ...shows, cuts: what })).toMatchObject(unknown);
    expect(await ready({ ...shows, hangs: what })).toMatchObject({
      ...unknown,
      remedy: expect.stringContaining('did not answer in time'),
    });
  });
  test('silent, since it took its config in a run that was cut short: no fault', async () => {
    const seen = await ready({ is: 'refused' }, [
      { run: 'r', step: 'talos/apply-controlplanes', item: 'infra-02', action: 'apply', outcome: 'open', at: '' },
    ]);
    expect(seen.state).toBe('done');
  });
  test('three looks', () => {
    const { every, within } = nodesReady.settle!(facts);
    // A look at a silent node takes as long as its connection attempt: 5 s.
    expect(
      [0, 5_000 + every, 2 * (5_000 + every)].filter((start) => start === 0 || start - every < within),
    ).toHaveLength(3);
  });
});

describe('tools and machine configs', () => {
  test('all there', async () =>
    expect((await tools.observe(lookAs(fakeWorld({}), facts, undefined, 'cluster'))).state).toBe('done'));
  test('one missing is named', async () => {
    expect(
      await tools.observe(lookAs(fakeWorld({}, { tools: { kubectl: '1.36.3' } }), facts, undefined, 'cluster')),
    ).toMatchObject({ state: 'blocked', cause: 'talosctl cannot be found' });
  });
  test('an older talosctl is said', async () => {
    const seen = await tools.observe(
      lookAs(fakeWorld({}, { tools: { talosctl: '1.12.1', kubectl: '1.36.3' } }), facts, undefined, 'cluster'),
    );
    expect(seen).toMatchObject({
      state: 'done',
      deviations: [expect.stringContaining("1.12.1 is older than the configs' Talos v1.13.0")],
    });
  });
  test('a talosconfig whose certificate has ended', async () => {
    const world = fakeWorld({});
    world.clock.wall = Date.parse('2099-01-01T00:00:00Z');
    expect(await tools.observe(lookAs(world, facts, undefined, 'cluster'))).toMatchObject({
      state: 'blocked',
      cause: expect.stringContaining('ended'),
      page: 'talosconfig',
    });
  });
  test('every config is validated by itself, and what is wrong is quoted', async () => {
    const world = fakeWorld({}, { validate: () => err(recording('talosctl-local', 'validate-no-disk').stderr) });
    expect(await configsValid.observe(lookAs(world, facts, nodeNamed('infra-04'), 'infra-04'))).toMatchObject({
      state: 'blocked',
      cause: expect.stringContaining('either install disk or diskSelector'),
      page: 'disk-not-found',
    });
    expect(await configsValid.observe(lookAs(fakeWorld({}), facts, nodeNamed('infra-04'), 'infra-04'))).toMatchObject({
      state: 'done',
    });
  });
  test('a talosctl that does not come to an end says nothing of the config: looked at again', async () => {
    const world = fakeWorld({}, { validate: () => ({ ...err(''), exit: null, how: 'deadline' }) });
    expect(await configsValid.observe(lookAs(world, facts, nodeNamed('infra-04'), 'infra-04'))).toMatchObject({
      state: 'unknown',
      cause: expect.stringContaining('gave no answer within'),
    });
  });
});

const waiting: FakeNode = { is: 'configured', etcd: { state: 'Preparing' } };
const voter = (...members: string[]): FakeNode => ({
  is: 'configured',
  stage: 'running',
  etcd: { state: 'Running', members },
});
const whole = voter('a1 infra-01', 'b2 infra-02', 'c3 infra-03');
const IDENTITY = '.coldstart/infra/identity.json';
const record = (more: object = {}): string =>
  JSON.stringify({ schema: 'coldstart.identity/1', cluster: 'infra', bootstrapNode: 'infra-01', ...more });

describe('bootstrap', () => {
  const three = (a: FakeNode, b: FakeNode, c: FakeNode, files: Record<string, string> = {}): FakeWorld =>
    fakeWorld(machines({ 'infra-01': a, 'infra-02': b, 'infra-03': c }), { files });
  const look = (world: FakeWorld, past: Past[] = [], use: Facts = facts): Promise<Observation> =>
    bootstrap.observe(lookAs(world, use, undefined, 'cluster', past));
  const wasSent = (world: FakeWorld, ago: number, outcome: Past['outcome'] = 'ok'): Past =>
    sent(world, { step: 'talos/bootstrap', item: 'cluster', action: 'bootstrap', ago, outcome });

  test('safe and ready: needed', async () =>
    expect(await look(three(waiting, waiting, waiting))).toMatchObject({ state: 'needed' }));
  test('a cluster is there: done, also while others join', async () => {
    expect(await look(three(whole, whole, whole))).toMatchObject({
      state: 'done',
      facts: { 'talos/bootstrapped': { node: 'infra-01' } },
    });
    expect((await look(three(voter('a1 infra-01'), waiting, waiting))).state).toBe('done');
  });
  test('the fixed node is not ready yet: waited for', async () =>
    expect(await look(three({ is: 'maintenance' }, waiting, waiting))).toMatchObject({
      state: 'converging',
      cause: expect.stringContaining('infra-01'),
    }));
  test('two clusters: refused with both named', async () => {
    expect(await look(three(voter('a1 infra-01'), voter('b2 infra-02'), waiting))).toMatchObject({
      state: 'blocked',
      refuse: true,
      page: 'etcd-split',
      cause: expect.stringMatching(/infra-01.*infra-02/),
    });
  });
  test('a control plane that nobody saw empty: refused if it stays so, and the way out is told', async () => {
    expect(await look(three(waiting, waiting, { is: 'silent' }))).toMatchObject({
      state: 'unknown',
      refuse: true,
      page: 'etcd-unknown',
      cause: expect.stringContaining('infra-03'),
      remedy: expect.stringContaining('--assume-empty'),
    });
  });
  test('one that was applied in this generation and installs counts as empty', async () => {
    const world = three(waiting, waiting, { is: 'refused' });
    expect(
      (
        await look(world, [
          sent(world, { step: 'talos/apply-controlplanes', item: 'infra-03', action: 'apply', ago: 60_000 }),
        ])
      ).state,
    ).toBe('needed');
    expect(
      (
        await look(world, [
          sent(world, {
            step: 'talos/apply-controlplanes',
            item: 'infra-03',
            action: 'apply',
            ago: 60_000,
            outcome: 'failed',
          }),
        ])
      ).state,
    ).toBe('unknown');
  });
  test('assumed empty by the operator: needed, and a deviation', async () => {
    const use = await exampleFacts({ assumeEmpty: ['infra-03'] });
    expect(await look(three(waiting, waiting, { is: 'silent' }), [], use)).toMatchObject({
      state: 'needed',
      deviations: [expect.stringContaining('infra-03')],
    });
  });
  test('another cluster’s node among them: refused at once', async () => {
    expect(await look(three(waiting, { is: 'foreign' }, waiting))).toMatchObject({
      state: 'blocked',
      refuse: true,
      page: 'foreign-ca',
    });
  });

  test.each([['ok'], ['unknown'], ['open']] as const)(
    'sent (%s) and nothing shows itself: read back before it is sent again',
    async (outcome) => {
      const world = three(waiting, waiting, waiting);
      expect((await look(world, [wasSent(world, 1_000, outcome)])).state).toBe('converging');
      expect((await look(world, [wasSent(world, 80_000, outcome)])).state).toBe('converging');
      expect((await look(world, [wasSent(world, 100_000, outcome)])).state).toBe('needed');
    },
  );
  test('refused by the node: needed again at once', async () => {
    const world = three(waiting, waiting, waiting);
    expect((await look(world, [wasSent(world, 1_000, 'failed')])).state).toBe('needed');
  });
  test('etcd starts after our own bootstrap: waited for; without one it is old data, and refused', async () => {
    const sick: FakeNode = { is: 'configured', etcd: { state: 'Running' } };
    const world = three(sick, waiting, waiting);
    expect((await look(world, [wasSent(world, 30_000)])).state).toBe('converging');
    expect(await look(world)).toMatchObject({ state: 'unknown', refuse: true });
  });

  test('another node is recorded: refused for ever', async () => {
    expect(
      await look(three(waiting, waiting, waiting, { [IDENTITY]: record({ bootstrapNode: 'infra-02' }) })),
    ).toMatchObject({ state: 'blocked', refuse: true, page: 'identity', cause: expect.stringContaining('infra-02') });
  });
  test('another CA is recorded: refused', async () => {
    expect(
      await look(three(waiting, waiting, waiting, { [IDENTITY]: record({ talosCa: 'ff'.repeat(32) }) })),
    ).toMatchObject({ state: 'blocked', refuse: true, page: 'identity' });
  });
  test('once a cluster is there, the record does not matter: nothing is to be sent', async () => {
    expect((await look(three(whole, whole, whole, { [IDENTITY]: record({ bootstrapNode: 'infra-02' }) }))).state).toBe(
      'done',
    );
  });

  test('the plan: record first, then one call to the one node, guarded', () => {
    const [first, second, ...more] = bootstrap.plan({ key: 'cluster', item: undefined, facts });
    expect(more).toEqual([]);
    expect(first).toMatchObject({ do: 'merge', path: IDENTITY, with: { bootstrapNode: 'infra-01' } });
    expect(second).toMatchObject({
      risk: 'once',
      guard: ['talos/identity', 'talos/pinned-node'],
      argv: [
        'bootstrap',
        '--talosconfig',
        'clusters/infra/talos/clusterconfig/talosconfig',
        '--context',
        'infra',
        '-e',
        '192.0.2.11',
        '-n',
        '192.0.2.11',
      ],
    });
  });

  describe('the guards', () => {
    const guard = (world: FakeWorld) => pinnedNodeGuard.look(lookAs(world, facts, undefined, 'cluster'));
    test('recorded and still safe: passes', async () =>
      expect(await guard(three(waiting, waiting, waiting, { [IDENTITY]: record() }))).toMatchObject({ ok: true }));
    test('not recorded', async () =>
      expect(await guard(three(waiting, waiting, waiting))).toMatchObject({ ok: false, page: 'identity' }));
    test('another is recorded', async () =>
      expect(
        await guard(three(waiting, waiting, waiting, { [IDENTITY]: record({ bootstrapNode: 'infra-03' }) })),
      ).toMatchObject({ ok: false, cause: expect.stringContaining('infra-03') }));
    test('somebody else bootstrapped in between', async () =>
      expect(await guard(three(waiting, voter('b2 infra-02'), waiting, { [IDENTITY]: record() }))).toMatchObject({
        ok: false,
        page: 'etcd-unknown',
      }));
    test.each([
      ['maintenance', true],
      ['configured', true],
      ['refused', true],
      ['foreign', false],
    ] as const)('identity: a node that is %s', async (is, ok) => {
      const world = fakeWorld(machines({ 'infra-02': { is } }));
      expect((await identityGuard.look(lookAs<unknown>(world, facts, nodeNamed('infra-02'), 'infra-02'))).ok).toBe(ok);
    });
    test('identity of a step of the whole cluster is the bootstrap node’s', async () => {
      const world = fakeWorld(machines({ 'infra-01': { is: 'foreign' } }));
      expect(await identityGuard.look(lookAs<unknown>(world, facts, undefined, 'cluster'))).toMatchObject({
        ok: false,
        cause: expect.stringContaining('infra-01'),
      });
    });
  });

  test('the record is added to, and never overwritten', () => {
    const wanted = { cluster: 'infra', talosCa: 'aa', bootstrapNode: 'infra-01' };
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
    const written = recordIdentity(undefined, [], wanted);
    expect(JSON.parse(new TextDecoder().decode(written))).toEqual({ schema: 'coldstart.identity/1', ...wanted });
    expect(recordIdentity(written, [], wanted)).toEqual(written);
    expect(
      JSON.parse(new TextDecoder().decode(recordIdentity(bytes(record({ generation: 2 })), [], wanted))),
    ).toMatchObject({ generation: 2, talosCa: 'aa' });
    expect(() => recordIdentity(written, [], { ...wanted, bootstrapNode: 'infra-02' })).toThrow(
      /infra-01, not infra-02/,
    );
    expect(() => recordIdentity(bytes('{}'), [], wanted)).toThrow(/not what coldstart writes/);
  });
});

describe('the etcd gate', () => {
  const gate = (a: FakeNode, b: FakeNode, c: FakeNode, use: Facts = facts): Promise<Observation> =>
    etcd.observe(
      lookAs(fakeWorld(machines({ 'infra-01': a, 'infra-02': b, 'infra-03': c })), use, undefined, 'cluster'),
    );
  const with_ = (status: NonNullable<FakeNode['etcd']>['status']): FakeNode => ({
    ...whole,
    etcd: { ...whole.etcd!, status: status! },
  });

  test('three voting members, one leader and term: done, with their names', async () => {
    const seen = await gate(whole, whole, whole);
    expect(seen).toMatchObject({
      state: 'done',
      facts: { 'talos/etcd': { members: ['infra-01', 'infra-02', 'infra-03'] } },
    });
    expect(seen.signals.every((s) => s.ok)).toBe(true);
  });
  test.each<[string, FakeNode, RegExp]>([
    ['another leader', with_({ leader: 'b2' }), /etcd leader/],
    ['no leader', with_({ leader: '0' }), /etcd leader/],
    ['another term', with_({ term: '3' }), /etcd term/],
    ['far behind', with_({ index: '9000', applied: '40' }), /entries behind/],
    ['an alarm', with_({ errors: 'NOSPACE' }), /etcd alarms.*NOSPACE/],
    ['a fourth member', voter('a1 infra-01', 'b2 infra-02', 'c3 infra-03', 'd4 stranger'), /etcd members of infra-03/],
  ])('%s on one: waited for, and named', async (_what, third, cause) => {
    const seen = await gate(whole, whole, third);
    expect(seen).toMatchObject({ state: 'converging', page: 'etcd-gate' });
    expect(seen.cause).toMatch(cause);
  });
  test('a member that is no control plane of the repository', async () => {
    const more = voter('a1 infra-01', 'b2 infra-02', 'c3 infra-03', 'd4 stranger');
    expect((await gate(more, more, more)).cause).toMatch(/further members.*stranger/);
  });
  test('a learner is waited for', async () => {
    const learning = voter('a1 infra-01', 'b2 infra-02', 'c3 infra-03 learner');
    expect(await gate(learning, learning, learning)).toMatchObject({
      state: 'converging',
      cause: expect.stringContaining('infra-03 is a learner'),
    });
  });
  test('a control plane in maintenance cannot join: failed as soon as it is the last one', async () => {
    const two = voter('a1 infra-01', 'b2 infra-02');
    expect(await gate(two, two, { is: 'maintenance' })).toMatchObject({
      state: 'blocked',
      cause: expect.stringContaining('infra-03'),
    });
    expect((await gate(voter('a1 infra-01'), waiting, { is: 'maintenance' })).state).toBe('converging');
  });
  test('a split is refused', async () =>
    expect(await gate(voter('a1 infra-01'), voter('b2 infra-02'), waiting)).toMatchObject({
      state: 'blocked',
      refuse: true,
    }));
  test('a gate that fails names links and MTU', async () => {
    const bad = {
      ...whole,
      links: [
        { name: 'enp1s0f0', operationalState: 'up', mtu: 1500 },
        { name: 'enp1s0f1', operationalState: 'down', mtu: 9000 },
      ],
    };
    const found = await etcd.diagnose!(
      lookAs(
        fakeWorld(machines({ 'infra-01': whole, 'infra-02': bad, 'infra-03': whole })),
        facts,
        undefined,
        'cluster',
      ),
    );
    expect(found.filter((s) => !s.ok).map((s) => `${s.subject} ${s.name}`)).toEqual([
      'infra-02 MTU of enp1s0f0',
      'infra-02 link enp1s0f1',
    ]);
  });
});

const caOf = (): string =>
  (parse(textOf(nodeNamed('infra-01').config)) as { cluster: { ca: { crt: string } } }).cluster.ca.crt;
const kube = (server: string, ca = caOf()): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'infra', cluster: { server, 'certificate-authority-data': ca } }],
    users: [{ name: 'admin@infra', user: { token: 'x' } }],
    contexts: [{ name: 'infra', context: { cluster: 'infra', user: 'admin@infra' } }],
  });
const PATH = 'kubernetes/kubeconfig';
const refused = err(recording('kubectl', 'refused').stderr);
const UID = '1f3a0c52-0000-4000-8000-000000000001';
const ready = (argv: string[]): Done => {
  if (argv.includes('/version')) return out('{"gitVersion": "v1.36.3"}');
  if (argv.includes('kube-system'))
    return out(JSON.stringify({ kind: 'Namespace', metadata: { name: 'kube-system', uid: UID } }));
  return out('ok');
};

describe('the kubeconfig', () => {
  const look = (file: string | null, kubectl: (argv: string[]) => Done = ready): Promise<Observation> =>
    kubeconfig.observe(lookAs(fakeWorld({}, { files: { [PATH]: file }, kubectl }), facts, undefined, 'cluster'));

  test.each<[string, string | null, RegExp]>([
    ['no file', null, /not there/],
    ['no such context', kube('https://192.0.2.11:6443').replaceAll('infra', 'apps'), /no such context/],
    ['an address of another cluster', kube('https://203.0.113.9:6443'), /none of this cluster/],
    ['no credentials', kube('https://192.0.2.11:6443').replace('token: x', '{}'), /no credentials/],
  ])('%s: needed', async (_what, file, cause) => {
    const seen = await look(file);
    expect(seen.state).toBe('needed');
    expect(seen.cause).toMatch(cause);
  });
  test('another cluster’s CA behind the same name: needed, and a deviation', async () => {
    const seen = await look(
      kube(
        'https://192.0.2.11:6443',
        /crt: (\S+)/.exec(textOf('clusters/apps/talos/clusterconfig/apps-apps-01.yaml'))?.[1],
      ),
    );
    expect(seen).toMatchObject({ state: 'needed', deviations: [expect.stringContaining('another CA')] });
  });
  test.each([
    ['a node', 'https://192.0.2.12:6443'],
    ['the virtual address', 'https://192.0.2.10:6443'],
  ])('right, through %s: done', async (_what, server) => {
    expect(await look(kube(server))).toMatchObject({
      state: 'done',
      facts: { 'kubernetes/credentials': { path: PATH, context: 'infra', server } },
    });
  });
  test('right, while the API is away: done; talos/api waits for that', async () =>
    expect((await look(kube('https://192.0.2.11:6443'), () => refused)).state).toBe('done'));
  test('rejected by the API: needed', async () =>
    expect(
      (
        await look(kube('https://192.0.2.11:6443'), () =>
          err('error: You must be logged in to the server (Unauthorized)'),
        )
      ).state,
    ).toBe('needed'));

  test('the plan: fetched from the bootstrap node into memory, merged into the file, 0600', () => {
    const [fetch, merge] = kubeconfig.plan({ key: 'cluster', item: undefined, facts });
    expect(fetch).toMatchObject({
      risk: 'read',
      out: { as: 'kubeconfig', secret: true, keep: 'none' },
      guard: ['talos/identity'],
    });
    expect(merge).toMatchObject({
      do: 'merge',
      path: PATH,
      mode: 0o600,
      in: [{ ref: 'out/kubeconfig' }],
      with: { context: 'infra', server: 'https://192.0.2.11:6443' },
    });
  });

  describe('and the cluster’s endpoint', () => {
    const endpoint = (server: string, answer: (argv: string[]) => Done, use: Facts = facts): Promise<Observation> =>
      vip.observe(
        lookAs(fakeWorld({}, { files: { [PATH]: kube(server) }, kubectl: answer }), use, undefined, 'cluster'),
      );
    const onlyNodes = (argv: string[]): Done => (argv.includes('https://192.0.2.10:6443') ? refused : ready(argv));
    test('answers: needed, then done', async () => {
      expect((await endpoint('https://192.0.2.11:6443', ready)).state).toBe('needed');
      expect((await endpoint('https://192.0.2.10:6443', ready)).state).toBe('done');
    });
    test('does not answer yet: waited for', async () =>
      expect(await endpoint('https://192.0.2.11:6443', onlyNodes)).toMatchObject({
        state: 'converging',
        page: 'vip-silent',
      }));
    test('is another’s: refused', async () =>
      expect(
        await endpoint('https://192.0.2.11:6443', () =>
          err('tls: failed to verify certificate: x509: certificate signed by unknown authority'),
        ),
      ).toMatchObject({ state: 'blocked', refuse: true }));
    test('is not Talos’ own and does not answer: the node’s address stays, a deviation', async () => {
      const use = { ...facts, 'talos/cluster': { ...(facts['talos/cluster'] as object), vip: null } };
      expect(await endpoint('https://192.0.2.11:6443', onlyNodes, use)).toMatchObject({
        state: 'done',
        deviations: [expect.stringContaining('keeps https://192.0.2.11:6443')],
      });
    });
  });

  test('the certificate authority of the fixture is one', () =>
    expect(new X509Certificate(Buffer.from(caOf(), 'base64')).ca).toBe(true));
});

describe('the Kubernetes layer', () => {
  const at =
    (address: string) =>
    (argv: string[]): boolean =>
      argv.includes(`https://${address}:6443`);
  const look = (step: typeof api, kubectl: (argv: string[]) => Done, use: Facts = facts): Promise<Observation> =>
    step.observe(lookAs(fakeWorld(machines({}, { is: 'configured' }), { kubectl }), use, undefined, 'cluster'));

  test('ready on every control plane: done, with addresses and version', async () => {
    expect(await look(api, ready)).toMatchObject({
      state: 'done',
      facts: {
        'kubernetes/api': {
          servers: ['https://192.0.2.11:6443', 'https://192.0.2.12:6443', 'https://192.0.2.13:6443'],
          version: 'v1.36.3',
        },
      },
    });
  });
  test('not ready on one: waited for, and named', async () => {
    const seen = await look(api, (argv) => (at('192.0.2.12')(argv) ? refused : ready(argv)));
    expect(seen).toMatchObject({
      state: 'converging',
      page: 'api-not-ready',
      cause: expect.stringContaining('infra-02 (The connection to the server'),
    });
  });
  test('cluster-info is among the signals, and has to pass', async () => {
    const info = recording('kubectl', 'cluster-info');
    const say =
      (done: Done) =>
      (argv: string[]): Done =>
        argv.includes('cluster-info') ? done : ready(argv);
    expect((await look(api, say(out(info.stdout)))).signals.find((s) => s.name === 'cluster-info')).toMatchObject({
      name: 'cluster-info',
      observed: expect.stringMatching(/^Kubernetes control plane is running at https:/),
      ok: true,
    });
    expect(await look(api, say(refused))).toMatchObject({
      state: 'converging',
      cause: expect.stringContaining('cluster-info'),
    });
  });
  test('enough for workers: one of them', async () => {
    const seen = await look(apiAnswers, (argv) => (at('192.0.2.13')(argv) ? ready(argv) : refused));
    expect(seen).toMatchObject({
      state: 'done',
      facts: { 'kubernetes/answers': { server: 'https://192.0.2.13:6443' } },
    });
    expect((await look(apiAnswers, () => refused)).state).toBe('converging');
  });
  test.each([api, apiAnswers])('a stranger’s API refuses', async (step) => {
    expect(
      await look(step, () =>
        err(
          'Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority',
        ),
      ),
    ).toMatchObject({ state: 'blocked', refuse: true });
  });

  const listing =
    (...names: string[]) =>
    (): Done =>
      out(
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'List',
          items: names.map((name) => ({
            apiVersion: 'v1',
            kind: 'Node',
            metadata: { name },
            status: { conditions: [{ type: 'Ready', status: 'False' }] },
          })),
        }),
      );
  test('every node is registered; Ready is not expected', async () => {
    expect(
      await look(registered, listing('infra-01', 'infra-02', 'infra-03', 'infra-04', 'infra-05', 'infra-06')),
    ).toMatchObject({
      state: 'done',
      facts: { 'kubernetes/nodes': { registered: expect.arrayContaining(['infra-06']) } },
    });
  });
  test('missing ones are named', async () => {
    expect(await look(registered, listing('infra-01', 'infra-02', 'infra-03', 'infra-05'))).toMatchObject({
      state: 'converging',
      cause: 'not registered: infra-04, infra-06',
      page: 'not-registered',
    });
  });
  test('as many workers may be missing as allowed, as a deviation; a control plane never', async () => {
    const use = await exampleFacts({ allowMissingWorkers: 1 });
    expect(
      await look(registered, listing('infra-01', 'infra-02', 'infra-03', 'infra-04', 'infra-05'), use),
    ).toMatchObject({ state: 'done', deviations: [expect.stringContaining('infra-06')] });
    expect((await look(registered, listing('infra-01', 'infra-02', 'infra-03', 'infra-04'), use)).state).toBe(
      'converging',
    );
    expect((await look(registered, listing('infra-01', 'infra-02', 'infra-04', 'infra-05'), use)).state).toBe(
      'converging',
    );
    expect(
      (await look(registered, listing('infra-01', 'infra-02', 'infra-04', 'infra-05', 'infra-06'), use)).state,
    ).toBe('converging');
  });
  test('missing ones in maintenance cannot register: failed at once, unless others are on their way', async () => {
    const there = listing('infra-01', 'infra-02', 'infra-03', 'infra-04');
    const at_ = (nodes: Record<string, FakeNode>): Promise<Observation> =>
      registered.observe(
        lookAs(fakeWorld(machines(nodes, { is: 'configured' }), { kubectl: there }), facts, undefined, 'cluster'),
      );
    expect(await at_({ 'infra-05': { is: 'maintenance' }, 'infra-06': { is: 'maintenance' } })).toMatchObject({
      state: 'blocked',
      cause: expect.stringContaining('infra-05, infra-06'),
    });
    expect((await at_({ 'infra-05': { is: 'maintenance' } })).state).toBe('converging');
  });
  test('an API that does not list nodes tells nothing', async () =>
    expect((await look(registered, () => refused)).state).toBe('unknown'));
});
