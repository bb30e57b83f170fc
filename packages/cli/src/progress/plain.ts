import type { JournalRecord, Signal } from '@coldstart/contract';
import { showDuration } from '../config/duration.ts';
import type { Progress } from './index.ts';
import { brief, newRunState, phaseTime, type RunState, take } from './model.ts';

/**
 * One line for each thing that happens, each with its phase, step and item in front, since items run side by side.
 * What only follows from another line is left out.
 */
export function plainProgress(write: (text: string) => void, options: { verbose: boolean }): Progress {
  const state = newRunState();
  return {
    on(record) {
      take(state, record);
      for (const line of linesOf(record, state, options.verbose)) write(`${line}\n`);
    },
    note: (text) => write(`${text}\n`),
    end: async () => {},
  };
}

function linesOf(record: JournalRecord, state: RunState, verbose: boolean): string[] {
  switch (record.type) {
    case 'run-start': {
      const steps = record.plan.phases.reduce((sum, phase) => sum + phase.steps.length, 0);
      return [
        `${record.procedure} ${record.cluster} (${record.mode}): run ${record.run}, ${count(record.plan.phases.length, 'phase')}, ${count(steps, 'step')}`,
      ];
    }
    case 'deviation':
      return [`deviation: ${record.what}${record.subject ? ` (${record.subject})` : ''}`];
    case 'consent':
      return [`consent: ${record.what}: ${record.words}`];
    case 'outlives':
      return [waitsFor(record)];
    case 'outlived':
      return [
        `${at(record)} process ${record.pid} of run ${record.run} was still there${record.ended ? ', and was ended' : ''}`,
      ];
    case 'phase-start':
      return [`${record.phase}: begins`];
    case 'phase-end': {
      const phase = state.phases.find((p) => p.id === record.phase);
      const time = phase && phaseTime(phase);
      return [
        `${record.phase}: ${record.verdict}${time === null || time === undefined ? '' : ` after ${showDuration(time)}`}`,
      ];
    }
    case 'look':
      return record.state === 'done'
        ? []
        : [`${at(record)} ${record.state}${record.cause ? `: ${brief(record.cause)}` : ''}`];
    case 'action-start': {
      const refused = record.guards.find((guard) => !guard.ok);
      const line = `${at(record)} ${record.action}${record.attempt > 1 ? `, attempt ${record.attempt}` : ''}`;
      return [
        line,
        ...(verbose ? [`${at(record)} $ ${record.shown}`] : []),
        ...(refused ? [`${at(record)} guard ${refused.id} says no: ${refused.cause ?? ''}`] : []),
      ];
    }
    case 'action-end':
      if (record.outcome === 'ok') return [];
      return [`${at(record)} ${record.action} ${record.outcome}${record.cause ? `: ${record.cause}` : ''}`];
    case 'retry':
      return [`${at(record)} looks again in ${showDuration(record.in)}: ${brief(record.cause)}`];
    case 'item-end':
      return endLines(record);
    case 'run-end':
      return [`run ${record.outcome}${record.cause ? `: ${record.cause}` : ''}`];
    default:
      return [];
  }
}

/** What it waits for before anything is begun, and how long at most. */
export const waitsFor = ({ of, pid, run, until }: Extract<JournalRecord, { type: 'outlives' }>): string =>
  `${at(of)} process ${pid} of run ${run} is still there: waits for its end until ${until.slice(11, 19)} UTC, and ends it then`;

function endLines(record: Extract<JournalRecord, { type: 'item-end' }>): string[] {
  const where = at(record);
  if (record.verdict === 'skipped') return [`${where} skipped, already done${reasons(record.signals)}`];
  const lines = [`${where} ${record.verdict}${record.cause ? `: ${record.cause}` : ''}`];
  if (record.remedy) lines.push(`${where} do: ${record.remedy}`);
  if (record.page) lines.push(`${where} see: docs/failures/${record.page}.md`);
  return lines;
}

function reasons(signals: readonly Signal[]): string {
  const first = signals
    .slice(0, 3)
    .map(({ name, subject, observed }) => `${name}${subject ? ` ${subject}` : ''} ${short(observed)}`);
  return first.length === 0 ? '' : `: ${first.join(', ')}${signals.length > 3 ? ', …' : ''}`;
}

function short(value: Signal['observed']): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function at({ phase, step, item }: { phase: string; step: string; item: string }): string {
  return `${phase} ${step} ${item}:`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
