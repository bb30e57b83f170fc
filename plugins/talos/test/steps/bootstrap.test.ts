import { describe, expect, test } from 'vitest';
import type { Facts, Observation, Past } from '@coldstart/contract';
import { bootstrap } from '../../src/steps/bootstrap.ts';
import { identityGuard } from '../../src/guards/identity.ts';
import { pinnedNodeGuard } from '../../src/guards/pinned-node.ts';
import { recordIdentity } from '../../src/identity.ts';
import { fakeWorld, lookAs, machines, sent, type FakeNode, type FakeWorld } from '../fake.ts';
import { exampleFacts } from '../repository.ts';
import { facts, nodeNamed, waiting, voter, whole } from './common.ts';

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
