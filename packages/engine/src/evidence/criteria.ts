import type { Criterion, Mode } from '@coldstart/contract';
import type { EvidenceCriterion, EvidenceStep } from './schema.ts';

const rank: readonly Mode[] = ['dry-run', 'rehearsal', 'lab-wire', 'live'];

/** Whether a run in this mode may meet the criterion at all, whatever was seen. */
export function mayMeet({ needs }: Pick<Criterion, 'needs'>, mode: Mode): boolean {
  return rank.indexOf(mode) >= rank.indexOf(needs === 'any' ? 'rehearsal' : needs);
}

/**
 * Met: each item of the criterion's step is done or skipped, each with its signals, all ok, in a mode that may meet it.
 * Unmet: it was looked at, and it is not so. Untested: everything else.
 * No text is put together here: an item called `token` beside a cause would look like a secret to the last scan.
 */
export function judgeCriterion(criterion: Criterion, mode: Mode, step: EvidenceStep | undefined): EvidenceCriterion {
  const as = (
    verdict: EvidenceCriterion['verdict'],
    reason: string | null,
    item: string | null = null,
  ): EvidenceCriterion => ({
    ...criterion,
    verdict,
    reason,
    item,
    cites: (step?.items ?? [])
      .filter(({ signals }) => signals.length > 0)
      .map(({ item: key, signals }) => ({
        item: key,
        signals: signals.map(({ name, subject }) => ({ name, subject: subject ?? null })),
      })),
  });
  if (!step) return as('untested', 'its step is not part of this run');
  const { items } = step;
  const failed = items.find(({ verdict }) => verdict === 'failed' || verdict === 'refused');
  if (failed) return as('unmet', failed.cause ?? failed.verdict, failed.item);
  const open = items.find(({ verdict }) => verdict !== 'done' && verdict !== 'skipped');
  if (open) return as('untested', open.verdict, open.item);
  if (items.length === 0) return as('untested', 'its step has no item');
  for (const { item, signals } of items) {
    if (signals.some((signal) => !signal.ok)) return as('unmet', 'it is done, but a signal is not as expected', item);
    if (signals.length === 0) return as('untested', 'no signal was recorded', item);
  }
  if (mode === 'dry-run') return as('untested', 'a dry run confirms nothing');
  if (!mayMeet(criterion, mode))
    return as('untested', `it needs a ${criterion.needs} run; this is a run in mode ${mode}`);
  return as('met', null);
}
