import type { JournalRecord, Outcome, RecordOf } from '@coldstart/contract';
import { actionName } from './items.ts';

const exits: Record<Outcome, readonly number[]> = {
  done: [0],
  bug: [1],
  preflight: [3],
  failed: [4, 6],
  refused: [5],
  differs: [7],
  interrupted: [130],
};

/** What the records of one run say that cannot be so, whoever wrote them. */
export function lawsBroken(records: readonly JournalRecord[]): string[] {
  const found: string[] = [];
  const start = records[0];
  if (start?.type !== 'run-start') return ['the first record is not the start of a run'];
  records.forEach((record, i) => {
    if (record.type === 'run-start' && i > 0) found.push(`record ${record.seq}: a second start of the run`);
    if (record.type === 'run-end' && i < records.length - 1)
      found.push(`record ${record.seq}: the end of the run is not the last record`);
  });
  return [
    ...found,
    ...ofHead(start),
    ...ofActions(records),
    ...ofItems(records),
    ...ofPhases(records),
    ...ofEnd(start, records),
  ];
}

function ofHead(start: RecordOf<'run-start'>): string[] {
  const found: string[] = [];
  const ids = start.criteria.map((criterion) => criterion.id);
  for (const id of new Set(ids))
    if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`the criterion ${id} appears more than once`);
  for (const { name, simulated } of start.tools)
    if (simulated && start.mode === 'live') found.push(`the mode is live, and the tool ${name} is simulated`);
  return found;
}

function ofActions(records: readonly JournalRecord[]): string[] {
  const found: string[] = [];
  const open = new Map<string, RecordOf<'action-start'>>();
  for (const record of records) {
    const { type, seq } = record;
    if (type !== 'action-start' && type !== 'action-spawned' && type !== 'action-end') continue;
    const name = actionName(record);
    const start = open.get(name);
    if (type === 'action-start') {
      if (start) found.push(`record ${seq}: ${name} is begun again before its end`);
      open.set(name, record);
      continue;
    }
    if (!start) found.push(`record ${seq}: ${name} has no beginning`);
    if (type === 'action-spawned') continue;
    open.delete(name);
    if (record.outcome !== 'ok') continue;
    if (!start) continue;
    if (start.guards.some((guard) => !guard.ok)) found.push(`record ${seq}: ${name} is ok though a guard said no`);
    if (record.how !== (start.ok === null ? null : 'exit'))
      found.push(`record ${seq}: ${name} is ok though it did not end by itself`);
    else if (start.ok !== null && !start.ok.includes(record.exit ?? -1))
      found.push(`record ${seq}: ${name} is ok though it ended with exit code ${record.exit}`);
  }
  return found;
}

function ofItems(records: readonly JournalRecord[]): string[] {
  const found: string[] = [];
  const ended = new Set<string>();
  const acted = new Set<string>();
  for (const record of records) {
    if (!('item' in record) || record.type === 'outlived') continue;
    const name = JSON.stringify([record.step, record.item]);
    if (record.type === 'action-start' && record.risk !== 'read' && record.guards.every((guard) => guard.ok))
      acted.add(name);
    if (record.type !== 'item-end') continue;
    if (ended.has(name)) found.push(`record ${record.seq}: ${name} ends twice`);
    ended.add(name);
    if (record.verdict === 'skipped' && record.signals.some((signal) => !signal.ok))
      found.push(`record ${record.seq}: ${name} is skipped though a signal is not ok`);
    if (record.verdict === 'skipped' && acted.has(name))
      found.push(`record ${record.seq}: ${name} is skipped though it was acted on`);
  }
  return found;
}

function ofPhases(records: readonly JournalRecord[]): string[] {
  const found: string[] = [];
  const begun = new Set<string>();
  const ended = new Set<string>();
  for (const record of records) {
    if (record.type !== 'phase-start' && record.type !== 'phase-end') continue;
    const { phase, seq, type } = record;
    const already = type === 'phase-start' ? begun : ended;
    if (already.has(phase))
      found.push(`record ${seq}: the phase ${phase} ${type === 'phase-start' ? 'begins' : 'ends'} twice`);
    if (type === 'phase-end' && !begun.has(phase))
      found.push(`record ${seq}: the phase ${phase} ends without a beginning`);
    already.add(phase);
  }
  return found;
}

/** The last record against what went before it. */
function ofEnd(start: RecordOf<'run-start'>, records: readonly JournalRecord[]): string[] {
  const end = records.at(-1);
  if (end?.type !== 'run-end') return [];
  const found: string[] = [];
  if (!exits[end.outcome].includes(end.exit))
    found.push(`the outcome is ${end.outcome}, and the exit code ${end.exit}`);
  if (end.outcome !== 'done') return found;
  if (end.cause !== null) found.push('the outcome is done, with a cause of failure');
  const verdicts = new Map(
    records.filter((r) => r.type === 'item-end').map((r) => [JSON.stringify([r.step, r.item]), r.verdict]),
  );
  const ends = new Set(records.filter((r) => r.type === 'action-end').map(actionName));
  for (const record of records)
    if (record.type === 'action-start' && !ends.has(actionName(record)))
      found.push(`the outcome is done, and ${actionName(record)} has no end`);
  if (start.mode === 'dry-run') return found;
  const excused = new Set(records.filter((r) => r.type === 'deviation').map((r) => r.subject));
  for (const { steps } of start.plan.phases)
    for (const { id, items } of steps)
      for (const item of items) {
        const verdict = verdicts.get(JSON.stringify([id, item]));
        if (verdict === 'done' || verdict === 'skipped' || excused.has(`${id} ${item}`)) continue;
        found.push(
          `the outcome is done, and ${id} ${item} is ${verdict ?? 'not ended'} without a deviation that says so`,
        );
      }
  return found;
}
