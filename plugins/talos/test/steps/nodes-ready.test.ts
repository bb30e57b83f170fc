import { describe, expect, test } from 'vitest';
import type { Observation, Past } from '@coldstart/contract';
import { nodesReady } from '../../src/steps/nodes-ready.ts';
import { fakeWorld, lookAs, machines, type FakeNode } from '../fake.ts';
import { exampleFacts, textOf } from '../repository.ts';
import { facts, nodeNamed } from './common.ts';

const GOOD_DISK = { dev_path: '/dev/nvme0n1', transport: 'nvme', size: 960e9, serial: 'EX960-INFRA-02' };

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
  test('an answer without a version says nothing of it: looked at again', async () => {
    expect(await ready({ is: 'maintenance', disks: [GOOD_DISK], empty: 'version' })).toMatchObject({
      state: 'unknown',
      cause: 'boot version of infra-02 (192.0.2.12) was not told: the answer names no version',
      page: 'talosctl',
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
