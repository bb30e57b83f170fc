import { describe, expect, test } from 'vitest';
import type { Facts, Observation } from '@coldstart/contract';
import { etcd } from '../../src/steps/etcd.ts';
import { fakeWorld, lookAs, machines, type FakeNode } from '../fake.ts';
import { facts, waiting, voter, whole } from './common.ts';

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
