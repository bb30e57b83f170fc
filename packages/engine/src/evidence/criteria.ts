import type { Criterion, Mode } from '@coldstart/contract';
import type { EvidenceCriterion, EvidenceStep } from './schema.ts';

/**
 * Met: each item of the criterion's step is done or skipped, each with its signals, all ok, in a mode that may meet it.
 * Unmet: it was looked at, and it is not so. Untested: everything else.
 */
export function judgeCriterion(criterion: Criterion, mode: Mode, step: EvidenceStep | undefined): EvidenceCriterion {
  const as = (verdict: EvidenceCriterion['verdict'], reason: string | null): EvidenceCriterion => ({
    ...criterion,
    verdict,
    reason,
    cites: (step?.items ?? [])
      .filter((item) => item.signals.length > 0)
      .map(({ item, signals }) => ({ item, signals: signals.map((s) => (s.subject === undefined ? s.name : `${s.name} ${s.subject}`)) })),
  });
  if (!step) return as('untested', `${criterion.step} is not part of this run`);
  const { items } = step;
  const failed = items.find((item) => item.verdict === 'failed' || item.verdict === 'refused');
  if (failed) return as('unmet', `${failed.item}: ${failed.cause ?? failed.verdict}`);
  const open = items.find((item) => item.verdict !== 'done' && item.verdict !== 'skipped');
  if (open || items.length === 0) return as('untested', open ? `${open.item}: ${open.verdict}` : 'it has no item');
  for (const { item, signals } of items) {
    const bad = signals.find((signal) => !signal.ok);
    if (bad) return as('unmet', `${item}: ${bad.name} is not as expected`);
    if (signals.length === 0) return as('untested', `${item}: no signal was recorded`);
  }
  if (mode === 'dry-run') return as('untested', 'a dry run confirms nothing');
  if (criterion.needs === 'live' && mode !== 'live') return as('untested', `it needs a live run; this is a run in mode ${mode}`);
  return as('met', null);
}
