import { EXIT, Problem, type JournalRecord, type RecordOf } from '@coldstart/contract';
import { judgeCriterion } from './criteria.ts';
import { stepOf, together } from './items.ts';
import type { JournalRead } from './read-journal.ts';
import type { Clocked, Evidence, EvidencePhase, EvidenceStep } from './schema.ts';

const SLOWEST = 5;

/**
 * What a run came to, from its journal alone. Problems in the journal are not repaired: verify them first.
 * A journal without a first record is an error: it says of no run.
 */
export function derive(journal: Pick<JournalRead, 'records' | 'head' | 'torn'>): Evidence {
  const { records } = journal;
  const start = records[0];
  const last = records.at(-1);
  if (start?.type !== 'run-start' || !last)
    throw new Problem('The journal does not begin with the start of a run.', {
      exit: EXIT.failed,
      remedy: 'The run was killed before it did anything: start it again.',
    });
  const end = last.type === 'run-end' ? last : undefined;
  const phases = phasesOf(start, records);
  const steps = phases.flatMap((phase) => phase.steps);
  const items = steps.flatMap((step) => step.items.map((item) => ({ step: step.id, ...item })));
  const simulated = records.filter((r) => r.type === 'simulated').map((r) => r.part);
  const mode = start.mode === 'live' && simulated.length > 0 ? 'lab-wire' : start.mode;
  const count = (verdict: string): number => items.filter((item) => item.verdict === verdict).length;
  const changes = items
    .flatMap((item) => item.actions)
    .filter((action) => action.sent && action.risk !== 'read').length;
  return {
    schema: 'coldstart.evidence/1',
    story: start.story,
    mode,
    simulated,
    cluster: start.cluster,
    generation: start.generation,
    procedure: start.procedure,
    run: start.run,
    outcome: end?.outcome ?? 'interrupted',
    exit: end?.exit ?? null,
    cause: end ? end.cause : 'the run has no last record: its process was killed',
    next: end?.next ?? null,
    started: start.at,
    ended: last.at,
    elapsed: Math.max(0, last.mono - start.mono),
    clock: clockOf(start, records, end?.outcome === 'done'),
    coldstart: start.coldstart,
    operator: start.operator,
    seed: start.seed ?? null,
    faults: start.faults ?? [],
    plan: start.plan.digest,
    tools: start.tools,
    inputs: start.inputs,
    assumed: start.assumed,
    counts: {
      done: count('done'),
      skipped: count('skipped'),
      failed: count('failed'),
      refused: count('refused'),
      interrupted: count('interrupted'),
      'not-run': count('not-run'),
      changes,
      retries: items.reduce((sum, item) => sum + item.retries.length, 0),
    },
    criteria: start.criteria.map((criterion) =>
      judgeCriterion(
        criterion,
        mode,
        steps.find((step) => step.id === criterion.step),
      ),
    ),
    failures: items
      .filter(({ verdict }) => verdict === 'failed' || verdict === 'refused')
      .map(({ step, item, verdict, cause, remedy, page }) => ({
        step,
        item,
        verdict,
        cause,
        remedy,
        page,
        next: end?.next ?? null,
      })),
    unknown: items.flatMap(({ step, item, verdict, actions }) =>
      actions
        // What a later look found to be done is known.
        .filter(
          (a) =>
            a.risk !== 'read' &&
            (a.outcome === 'open' || (a.outcome === 'unknown' && verdict !== 'done' && verdict !== 'skipped')),
        )
        .map(({ action, attempt, target, shown }) => ({ step, item, action, attempt, target, shown })),
    ),
    deviations: records.filter((r) => r.type === 'deviation').map(({ what, subject, at }) => ({ what, subject, at })),
    consents: records.filter((r) => r.type === 'consent').map(({ what, words, at }) => ({ what, words, at })),
    outlived: records
      .filter((r) => r.type === 'outlived')
      .map(({ run, step, item, action, pid, ended }) => ({ run, step, item, action, pid, ended })),
    phases,
    slowest: steps
      .flatMap(({ id, elapsed }) => (elapsed === null || elapsed === 0 ? [] : [{ step: id, elapsed }]))
      .sort((a, b) => b.elapsed - a.elapsed || (a.step < b.step ? -1 : 1))
      .slice(0, SLOWEST),
    journal: { records: records.length, head: journal.head, torn: journal.torn, complete: end !== undefined },
  };
}

/** The plan's phases in their order, with what the journal has besides (a preflight that the plan does not list) at the end of each. */
function phasesOf(start: RecordOf<'run-start'>, records: readonly JournalRecord[]): EvidencePhase[] {
  const phases = start.plan.phases.map(({ id, title, slo, sloFormula, steps }) => ({
    id,
    title,
    slo,
    sloFormula: sloFormula ?? null,
    steps: steps.map((s) => ({ ...s, items: [...s.items] })),
  }));
  const byStep = new Map<string, JournalRecord[]>();
  for (const record of records) {
    if (!('step' in record) || record.type === 'outlived') continue;
    let phase = phases.find((p) => p.id === record.phase);
    if (!phase)
      phases.push((phase = { id: record.phase, title: record.phase, slo: null, sloFormula: null, steps: [] }));
    let step = phase.steps.find((s) => s.id === record.step);
    if (!step) phase.steps.push((step = { id: record.step, title: record.step, items: [] }));
    if (!step.items.includes(record.item)) step.items.push(record.item);
    const name = JSON.stringify([record.phase, record.step]);
    const known = byStep.get(name);
    if (known) known.push(record);
    else byStep.set(name, [record]);
  }
  return phases.map(({ steps, ...phase }) => {
    const found = steps.map((s) => stepOf(s.id, s.title, s.items, byStep.get(JSON.stringify([phase.id, s.id])) ?? []));
    return phaseOf(phase, found, records);
  });
}

function phaseOf(
  { id, title, slo, sloFormula }: Pick<EvidencePhase, 'id' | 'title' | 'slo' | 'sloFormula'>,
  steps: EvidenceStep[],
  records: readonly JournalRecord[],
): EvidencePhase {
  const start = records.find((r) => r.type === 'phase-start' && r.phase === id);
  const end = records.find((r) => r.type === 'phase-end' && r.phase === id);
  const until = end ?? (start && records.at(-1));
  const verdict =
    end?.type === 'phase-end' ? end.verdict : start ? 'interrupted' : together(steps.map((step) => step.verdict));
  return {
    id,
    title,
    verdict,
    ...clocked(
      start && until ? Math.max(0, until.mono - start.mono) : null,
      slo,
      verdict === 'done' || verdict === 'skipped',
    ),
    sloFormula,
    steps,
  };
}

/** The clock of the whole bring-up: from the first change that was begun to the end of the last phase. */
function clockOf(start: RecordOf<'run-start'>, records: readonly JournalRecord[], reached: boolean): Clocked {
  const first = records.find(
    (r) => r.type === 'action-start' && r.risk !== 'read' && r.guards.every((guard) => guard.ok),
  );
  const last = records.findLast((r) => r.type === 'phase-end') ?? records.at(-1);
  return clocked(first && last ? Math.max(0, last.mono - first.mono) : null, start.slo, reached);
}

/** What did not reach its end may have exceeded its bound, but was not within it. */
function clocked(elapsed: number | null, slo: number | null, reached: boolean): Clocked {
  if (elapsed === null || slo === null) return { elapsed, slo, within: null };
  return { elapsed, slo, within: elapsed > slo ? false : reached ? true : null };
}
