import { describe, expect, test } from 'vitest';
import type { Facts, Observation, Past } from '@coldstart/contract';
import { applyControlplanes } from '../../src/steps/apply-controlplanes.ts';
import { applyWorkers } from '../../src/steps/apply-workers.ts';
import { fakeWorld, lookAs, machines, type FakeNode, type FakeWorld } from '../fake.ts';
import { exampleFacts, textOf } from '../repository.ts';
import { facts, nodeNamed, apply } from './common.ts';

const observeApply = (world: FakeWorld, name: string, past: Past[] = [], use: Facts = facts): Promise<Observation> =>
  (nodeNamed(name).role === 'worker' ? applyWorkers : applyControlplanes).observe(
    lookAs(world, use, nodeNamed(name), name, past),
  );

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
