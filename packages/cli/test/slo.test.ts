import { contribution, type Plan, type Step } from '@coldstart/contract';
import { gather } from '@coldstart/engine';
import { expect, test } from 'vitest';
import { sloOf } from '../src/session/slo.ts';

const step = (id: string, n?: number): Step => ({
  kind: 'change',
  id,
  phase: 'talos',
  title: id,
  needs: [],
  provides: [],
  forEach: () => [],
  ...(n !== undefined && { limit: () => ({ n, hold: 'act', onFailure: 'continue' }) }),
  observe: async () => ({ state: 'done', signals: [] }),
  plan: () => [],
  classify: () => ({ kind: 'fatal', cause: '', remedy: '' }),
});

const items = (count: number): Plan['phases'][number]['steps'][number]['items'] =>
  Array.from({ length: count }, (_, i) => ({ key: String(i), after: [], prepare: [], actions: [] }));

/** Three control planes, five workers, and something else without a limit. */
const plan = {
  phases: [
    {
      id: 'talos',
      title: '',
      steps: [
        { id: 'talos/controlplanes', title: '', items: items(3) },
        { id: 'talos/etcd', title: '', items: items(1) },
        { id: 'talos/workers', title: '', items: items(5) },
      ],
    },
  ],
} as unknown as Plan;

const slo = (width: number, configured: Parameters<typeof sloOf>[3] = { total: null, phases: {} }) =>
  sloOf(
    plan,
    gather([
      contribution({
        plugin: 'talos',
        steps: [step('talos/controlplanes', width), step('talos/etcd'), step('talos/workers', width)],
      }),
    ]),
    {},
    configured,
  );

test('the bound of phase talos grows with the nodes and falls with the width, each step in whole rounds', () => {
  expect(slo(1).phases['talos']).toEqual({ bound: (4 * 60 + 8 * 30) * 1000, formula: '4 m 00 s + 30 s × 8 ÷ 1' });
  // Two rounds for three nodes, three for five.
  expect(slo(2).phases['talos']).toEqual({ bound: (4 * 60 + 5 * 30) * 1000, formula: '4 m 00 s + 30 s × 8 ÷ 2' });
});

test('the configuration decides, with a formula or a time', () => {
  expect(slo(1, { total: 60_000, phases: { talos: { base: 1000, perNode: 2000 }, crds: 5000 } })).toMatchObject({
    total: 60_000,
    phases: {
      talos: { bound: 17_000, formula: '1 s + 2 s × 8 ÷ 1' },
      crds: { bound: 5000, formula: null },
      core: { bound: 360_000, formula: null },
    },
  });
});
