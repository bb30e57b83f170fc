import type { Event, JournalRecord } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
import { newRunState, phaseTime, stepTime, take } from '../src/progress/model.ts';
import { plainProgress } from '../src/progress/plain.ts';

const where = { phase: 'talos', step: 'talos/apply', item: 'infra-02' };
const signal = {
  name: 'stage',
  subject: 'infra-01',
  expected: 'running',
  observed: 'running',
  ok: true,
  source: 'look',
};
const end = { signals: [], cause: null, remedy: null, page: null, diagnosis: [] };
const act = { ...where, action: 'apply', attempt: 1 };

/** A run with one skipped, one retried and one failed item, as [monotonic milliseconds, event]. */
const story: [number, Event][] = [
  [
    0,
    {
      type: 'run-start',
      schema: 'coldstart.journal/1',
      run: 'r1',
      cluster: 'infra',
      generation: 1,
      procedure: 'create',
      mode: 'live',
      coldstart: '0.1.0',
      story: 's',
      operator: { user: 'u', host: 'h', pid: 1 },
      plan: {
        digest: 'd',
        phases: [
          {
            id: 'talos',
            title: 'Talos',
            slo: 60_000,
            steps: [{ id: 'talos/apply', title: 'Configs', items: ['infra-01', 'infra-02'] }],
          },
        ],
      },
      slo: null,
      inputs: [],
      tools: [],
      criteria: [],
      assumed: [],
    },
  ],
  [1, { type: 'deviation', what: '--allow-missing-workers 1', subject: null }],
  [2, { type: 'outlives', run: 'r0', of: act, pid: 77, until: '2026-11-20T10:01:00.000Z' }],
  [3, { type: 'outlived', run: 'r0', ...act, pid: 77, ended: true }],
  [10, { type: 'phase-start', phase: 'talos' }],
  [10, { type: 'item-start', ...where, item: 'infra-01' }],
  [11, { type: 'look', ...where, item: 'infra-01', state: 'done', signals: [signal], cause: null }],
  [12, { type: 'item-end', ...where, ...end, item: 'infra-01', verdict: 'skipped', signals: [signal] }],
  [20, { type: 'item-start', ...where }],
  [21, { type: 'look', ...where, state: 'needed', signals: [], cause: 'in maintenance' }],
  [
    22,
    {
      type: 'action-start',
      deadline: 60_000,
      ok: null,
      ...act,
      risk: 'change',
      target: 'infra-02',
      shown: 'talosctl apply-config -n 192.0.2.12',
      consent: null,
      guards: [{ id: 'talos/identity', ok: true, cause: null }],
    },
  ],
  [23, { type: 'action-spawned', ...act, pid: 5, started: '1' }],
  [
    900,
    {
      type: 'action-end',
      ...act,
      outcome: 'unknown',
      how: 'exit',
      exit: 1,
      kind: 'ambiguous',
      cause: 'the connection broke',
      tail: 'EOF',
      excerpt: null,
    },
  ],
  [901, { type: 'retry', ...where, attempt: 1, in: 3000, cause: 'the connection broke' }],
  [4000, { type: 'look', ...where, state: 'converging', signals: [], cause: 'x'.repeat(500) }],
  [
    4001,
    {
      type: 'action-start',
      deadline: 60_000,
      ok: null,
      ...act,
      attempt: 2,
      risk: 'change',
      target: 'infra-02',
      shown: 'again',
      consent: null,
      guards: [{ id: 'talos/identity', ok: false, cause: 'a foreign CA' }],
    },
  ],
  [
    65_010,
    {
      type: 'item-end',
      ...where,
      ...end,
      verdict: 'refused',
      cause: 'a foreign CA',
      remedy: 'find out whose node it is',
      page: 'foreign-ca',
    },
  ],
  [65_020, { type: 'phase-end', phase: 'talos', verdict: 'refused' }],
  [
    65_030,
    {
      type: 'run-end',
      outcome: 'refused',
      exit: 5,
      cause: 'talos/apply infra-02: a foreign CA',
      next: 'coldstart cluster create infra',
    },
  ],
];
const records = story.map(
  ([mono, event], seq) =>
    ({ ...event, seq, mono, at: '2026-11-21T00:00:00.000Z', prev: '0'.repeat(64) }) as JournalRecord,
);

function lines(verbose: boolean): string[] {
  const out: string[] = [];
  const progress = plainProgress((text) => out.push(text), { verbose });
  for (const record of records) progress.on(record);
  return out.join('').trimEnd().split('\n');
}

describe('plain lines', () => {
  test('each with its phase, step and item in front', () => {
    expect(lines(false)).toEqual([
      'create infra (live): run r1, 1 phase, 1 step',
      'deviation: --allow-missing-workers 1',
      'talos talos/apply infra-02: process 77 of run r0 is still there: waits for its end until 10:01:00 UTC, and ends it then',
      'talos talos/apply infra-02: process 77 of run r0 was still there, and was ended',
      'talos: begins',
      'talos talos/apply infra-01: skipped, already done: stage infra-01 running',
      'talos talos/apply infra-02: needed: in maintenance',
      'talos talos/apply infra-02: apply',
      'talos talos/apply infra-02: apply unknown: the connection broke',
      'talos talos/apply infra-02: looks again in 3 s: the connection broke',
      `talos talos/apply infra-02: converging: ${'x'.repeat(159)}…`,
      'talos talos/apply infra-02: apply, attempt 2',
      'talos talos/apply infra-02: guard talos/identity says no: a foreign CA',
      'talos talos/apply infra-02: refused: a foreign CA',
      'talos talos/apply infra-02: do: find out whose node it is',
      'talos talos/apply infra-02: see: docs/failures/foreign-ca.md',
      'talos: refused after 1 m 05 s',
      'run refused: talos/apply infra-02: a foreign CA',
    ]);
  });

  test('--verbose echoes the commands, as the journal shows them', () => {
    const more = lines(true).filter((line) => !lines(false).includes(line));
    expect(more).toEqual([
      'talos talos/apply infra-02: $ talosctl apply-config -n 192.0.2.12',
      'talos talos/apply infra-02: $ again',
    ]);
  });
});

test('the state of a run is a fold over its records', () => {
  const state = newRunState();
  for (const record of records) take(state, record);
  const [phase] = state.phases;
  expect(phase && phaseTime(phase)).toBe(65_010);
  expect(phase?.steps[0] && stepTime(phase.steps[0])).toBe(65_000);
  expect(phase?.steps[0]?.items.map(({ key, verdict, attempts }) => [key, verdict, attempts])).toEqual([
    ['infra-01', 'skipped', 0],
    ['infra-02', 'refused', 2],
  ]);
});
