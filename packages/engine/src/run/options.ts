import type { Exit, Facts, FoundTool, JournalRecord, Ms, Outcome, Plan, Procedure, World } from '@coldstart/contract';
import type { Kit } from '../kit.ts';
import type { Selection } from '../plan/order.ts';
import type { Redactor } from '../redact/index.ts';

/** The bound of a phase, and how it was put together where it grows with the cluster. */
export type PhaseSlo = { bound: Ms; formula: string | null };

export type RunOptions = {
  kit: Kit;
  procedure: Procedure;
  plan: Plan;
  /** What the surveys learned. */
  facts: Facts;
  world: World;
  redactor: Redactor;
  /** `.coldstart/<cluster>`: identity, lock and runs. */
  stateDir: string;
  /** Where evidence goes; null writes none. */
  evidenceDir: string | null;
  /** The version of coldstart. */
  version: string;
  story: string;
  slo: { total: Ms | null; phases: Readonly<Record<string, PhaseSlo>> };
  selection?: Selection;
  /** Departures from the default way that are known before the run, in words. */
  deviations?: readonly string[];
  /** The words by which the operator agreed to something, by what it is, e.g. `takeover`. */
  consents?: Readonly<Record<string, string>>;
  /** Tools by name, as they were found. */
  tools: Readonly<Record<string, FoundTool | undefined>>;
  rehearsal?: { seed: number; faults: string[] };
  on?: (record: JournalRecord) => void;
  stop: AbortSignal;
  /** The command to go on with after a failure, without the tool's own name for the phase: `coldstart cluster create infra`. */
  command: string;
};

export type RunResult = {
  id: string;
  outcome: Outcome;
  exit: Exit;
  /** What failed first, for people. */
  failure: Failed | null;
  journal: string;
  evidence: string[];
};

export type Failed = {
  step: string;
  item: string;
  cause: string;
  remedy: string | null;
  page: string | null;
  next: string;
};
