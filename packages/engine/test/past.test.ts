import type { JournalRecord } from '@coldstart/contract';
import { expect, test } from 'vitest';
import { pastOf, type FormerRun } from '../src/journal/past.ts';

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
