import type { JournalRecord, Ms, RecordOf } from '@coldstart/contract';

type Verdict = RecordOf<'item-end'>['verdict'];

export type ItemState = {
  key: string;
  /** Monotonic milliseconds of the run; null before the item began. */
  began: Ms | null;
  ended: Ms | null;
  verdict: Verdict | null;
  attempts: number;
  /** What it does or waits for now, in a few words. */
  doing: string;
  end: RecordOf<'item-end'> | null;
};
export type StepState = { id: string; title: string; items: ItemState[] };
export type PhaseState = {
  id: string;
  title: string;
  slo: Ms | null;
  began: Ms | null;
  ended: Ms | null;
  verdict: Verdict | null;
  steps: StepState[];
};

/** A run under way, as its journal tells it so far: a fold over records alone, so that a second terminal sees the same. */
export type RunState = {
  phases: PhaseState[];
};

export function newRunState(): RunState {
  return { phases: [] };
}

/** Takes one more record in. */
export function take(state: RunState, record: JournalRecord): void {
  switch (record.type) {
    case 'run-start':
      state.phases = record.plan.phases.map((phase) => ({
        id: phase.id,
        title: phase.title,
        slo: phase.slo,
        began: null,
        ended: null,
        verdict: null,
        steps: phase.steps.map((step) => ({ id: step.id, title: step.title, items: step.items.map(newItem) })),
      }));
      return;
    case 'phase-start':
      withPhase(state, record.phase, (phase) => (phase.began = record.mono));
      return;
    case 'phase-end':
      withPhase(state, record.phase, (phase) => {
        phase.ended = record.mono;
        phase.verdict = record.verdict;
      });
      return;
    case 'run-end':
    case 'deviation':
    case 'consent':
    case 'simulated':
    case 'lock':
    case 'outlives':
    case 'outlived':
      return;
    default:
      takeItem(state, record);
  }
}

type ItemRecord = RecordOf<
  'item-start' | 'look' | 'action-start' | 'action-spawned' | 'action-end' | 'retry' | 'item-end'
>;

function takeItem(state: RunState, record: ItemRecord): void {
  const item = findItem(state, record.phase, record.step, record.item);
  item.began ??= record.mono;
  switch (record.type) {
    case 'look':
      if (record.state !== 'done') item.doing = record.cause ?? record.state;
      return;
    case 'action-start':
      item.attempts = Math.max(item.attempts, record.attempt);
      item.doing = record.action;
      return;
    case 'action-end':
      if (record.outcome !== 'ok') item.doing = record.cause ?? record.outcome;
      return;
    case 'retry':
      item.doing = record.cause;
      return;
    case 'item-end':
      item.ended = record.mono;
      item.verdict = record.verdict;
      item.end = record;
      return;
    default:
  }
}

/** Preparations and looks at borrowed steps are items too, though the plan does not list them. */
function findItem(state: RunState, phaseId: string, stepId: string, key: string): ItemState {
  let phase = state.phases.find((p) => p.id === phaseId);
  if (!phase) {
    phase = { id: phaseId, title: phaseId, slo: null, began: null, ended: null, verdict: null, steps: [] };
    state.phases.push(phase);
  }
  let step = phase.steps.find((s) => s.id === stepId);
  if (!step) {
    step = { id: stepId, title: stepId, items: [] };
    phase.steps.push(step);
  }
  let item = step.items.find((i) => i.key === key);
  if (!item) {
    item = newItem(key);
    step.items.push(item);
  }
  return item;
}

function newItem(key: string): ItemState {
  return { key, began: null, ended: null, verdict: null, attempts: 0, doing: '', end: null };
}

function withPhase(state: RunState, id: string, change: (phase: PhaseState) => void): void {
  const phase = state.phases.find((p) => p.id === id);
  if (phase) change(phase);
}

/** From the first item's begin to the last one's end; null while it runs. */
export function stepTime(step: StepState): Ms | null {
  const begins = step.items.map((i) => i.began).filter((t) => t !== null);
  const ends = step.items.map((i) => i.ended).filter((t) => t !== null);
  return begins.length === 0 || ends.length < step.items.length ? null : Math.max(...ends) - Math.min(...begins);
}

export function phaseTime(phase: PhaseState): Ms | null {
  return phase.began === null || phase.ended === null ? null : phase.ended - phase.began;
}

/** A state that passes, told in brief; what ends an item is told whole. */
export function brief(cause: string, most = 160): string {
  return cause.length > most ? `${cause.slice(0, most - 1)}…` : cause;
}
