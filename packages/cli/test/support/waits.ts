/** A run that waits for a process of a killed one before it begins anything, shown on the terminal that this process has. */
import type { Event, JournalRecord } from '@coldstart/contract';
import { listProgress } from '../../src/progress/list.ts';

const where = { phase: 'talos', step: 'talos/apply', item: 'infra-02' };
const item = { key: 'talos/apply', title: 'Apply' };
const progress = listProgress(process.stderr);
const happens = (mono: number, event: Partial<Event>): void =>
  progress.on({ seq: 0, at: '2026-11-20T10:00:00.000Z', prev: '', mono, ...event } as JournalRecord);

happens(0, {
  type: 'run-start',
  run: 'r1',
  plan: {
    digest: '',
    phases: [
      { id: 'talos', title: 'Talos', slo: null, steps: [{ id: item.key, title: item.title, items: [where.item] }] },
    ],
  },
});
happens(1, {
  type: 'outlives',
  run: 'r0',
  of: { ...where, action: 'apply', attempt: 1 },
  pid: 77,
  until: '2026-11-20T10:01:00.000Z',
});
// Whoever watches has seen it before anything begins.
await new Promise((resolve) => setTimeout(resolve, 300));
happens(2000, { type: 'phase-start', phase: 'talos' });
happens(2000, { type: 'item-start', ...where });
happens(3000, {
  type: 'item-end',
  ...where,
  verdict: 'done',
  signals: [],
  cause: null,
  remedy: null,
  page: null,
  diagnosis: [],
});
happens(3000, { type: 'phase-end', phase: 'talos', verdict: 'done' });
await progress.end();
