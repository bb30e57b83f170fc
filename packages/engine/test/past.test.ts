import type { JournalRecord } from '@coldstart/contract';
import { expect, test } from 'vitest';
import { formerRuns, pastOf, type FormerRun } from '../src/journal/past.ts';
import { FakeWorld } from './support/fake-world.ts';
import { carryOut, changing } from './support/harness.ts';

const AT = '2026-01-01T12:00:00.000Z';
const named = { phase: 'talos', step: 'talos/bootstrap', item: 'cp', action: 'bootstrap', attempt: 1, at: AT };
const former = {
  id: 'r',
  path: 'runs/r/journal.jsonl',
  records: [
    { type: 'run-start', generation: 1, at: AT },
    { type: 'action-start', ...named },
  ] as JournalRecord[],
  ended: false,
  damage: null,
  newer: null,
} satisfies FormerRun;

test.each([
  ['an hour later', '2026-01-01T13:00:00.000Z', 5000 - 3_600_000],
  ['before it, by a clock that was put back', '2025-12-31T12:00:00.000Z', 5000],
])('what an earlier run began, read %s, has its moment on the monotonic clock', (_, now, mono) => {
  const past = pastOf([former], 1, { now: () => now, mono: () => 5000 });
  expect(past).toMatchObject([{ outcome: 'open', at: AT, mono }]);
  expect(pastOf([former], 2, { now: () => now, mono: () => 5000 })).toEqual([]);
});

test('runs are in the order in which they began, also where the wall clock was put back between them', async () => {
  const world = new FakeWorld();
  const now = world.now.bind(world);
  const began: string[] = [];
  for (const days of [0, -40, -39, 3, -1]) {
    world.now = () => new Date(Date.parse(now()) + days * 86_400_000).toISOString();
    const { records } = await carryOut(world, [changing(world, `a/day${days}`)]);
    began.push(records[0]?.type === 'run-start' ? records[0].run : 'none');
  }
  const runs = await formerRuns(world, '.coldstart/infra');
  expect(runs.map(({ id }) => id)).toEqual(began);
  expect(pastOf(runs, 1, world).map(({ step }) => step)).toEqual([
    'a/day0',
    'a/day-40',
    'a/day-39',
    'a/day3',
    'a/day-1',
  ]);
  // A name tells when it was, as far as the order allows.
  expect(began[3]).toMatch(/^20260104T/);
});
