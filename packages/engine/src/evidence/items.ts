import type { JournalRecord, RecordOf, Verdict } from '@coldstart/contract';
import type { EvidenceAction, EvidenceItem, EvidenceStep } from './schema.ts';

type Numbered = { step: string; item: string; action: string; attempt: number };
export const actionName = (r: Numbered): string => JSON.stringify([r.step, r.item, r.action, r.attempt]);

/** All that the journal says of one item. */
export function itemOf(item: string, records: readonly JournalRecord[]): EvidenceItem {
  const start = records.find((r) => r.type === 'item-start');
  const end = records.findLast((r) => r.type === 'item-end');
  const look = records.findLast((r) => r.type === 'look');
  const actions = actionsOf(records);
  return {
    item,
    // Whatever was begun and did not come to an end was cut off.
    verdict: end?.verdict ?? (records.length > 0 ? 'interrupted' : 'not-run'),
    elapsed: start ? Math.max(0, (end ?? records.at(-1) ?? start).mono - start.mono) : null,
    attempts: Math.max(0, ...actions.filter((a) => a.risk !== 'read').map((a) => a.attempt)),
    retries: records
      .filter((r) => r.type === 'retry')
      .map(({ attempt, in: wait, cause }) => ({ attempt, in: wait, cause })),
    actions,
    signals: end?.signals ?? look?.signals ?? [],
    cause: end ? end.cause : (look?.cause ?? null),
    remedy: end?.remedy ?? null,
    page: end?.page ?? null,
    diagnosis: end?.diagnosis ?? [],
  };
}

function actionsOf(records: readonly JournalRecord[]): EvidenceAction[] {
  const ends = new Map<string, RecordOf<'action-end'>>();
  for (const record of records) if (record.type === 'action-end') ends.set(actionName(record), record);
  return records.filter((r) => r.type === 'action-start').map((start) => actionOf(start, ends.get(actionName(start))));
}

function actionOf(start: RecordOf<'action-start'>, end: RecordOf<'action-end'> | undefined): EvidenceAction {
  const { action, attempt, risk, target, shown, consent, guards } = start;
  const refused = guards.some((guard) => !guard.ok);
  const outcome = refused ? 'refused' : (end?.outcome ?? 'open');
  return {
    action,
    attempt,
    risk,
    target,
    shown,
    outcome,
    sent: !refused && !neverSent(end),
    exit: end?.exit ?? null,
    elapsed: end ? Math.max(0, end.mono - start.mono) : null,
    cause: end?.cause ?? guards.find((guard) => !guard.ok)?.cause ?? null,
    consent,
    guards,
    excerpt: end?.excerpt ?? null,
    tail: end?.tail ?? null,
  };
}

/**
 * It failed before anything went out: no process could be started, the file was not as expected, a hole was not filled, or
 * the run was stopped just before.
 */
function neverSent(end: RecordOf<'action-end'> | undefined): boolean {
  if (end?.outcome !== 'failed') return false;
  return end.how === null || end.how === 'spawn' || end.how === 'conflict' || end.how === 'unfilled';
}

export function stepOf(
  id: string,
  title: string,
  items: readonly string[],
  records: readonly JournalRecord[],
): EvidenceStep {
  const found = items.map((item) =>
    itemOf(
      item,
      records.filter((r) => 'item' in r && r.item === item && r.type !== 'outlived'),
    ),
  );
  const spans = records.filter((r) => r.type === 'item-start' || r.type === 'item-end');
  const first = spans.find((r) => r.type === 'item-start');
  const last = spans.at(-1);
  return {
    id,
    title,
    verdict: together(found.map((item) => item.verdict)),
    elapsed: first && last ? Math.max(0, last.mono - first.mono) : null,
    items: found,
  };
}

const gravest: Verdict[] = ['refused', 'failed', 'interrupted', 'not-run', 'done', 'skipped'];

/** The verdict of several parts together: the gravest; `not-run` for none. */
export function together(verdicts: readonly Verdict[]): Verdict {
  return gravest.find((verdict) => verdicts.includes(verdict)) ?? 'not-run';
}
