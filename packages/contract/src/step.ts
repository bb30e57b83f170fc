import type { Action, Criterion, Exec, Json, Ms, Observation, Signal } from './schema/index.ts';
import type { Reader } from './world.ts';

export type Facts = Readonly<Record<string, Json>>;

/** Something that was done to this item before, in this run or an earlier one of this generation. A hint, never proof. */
export type Past = {
  run: string;
  step: string;
  item: string;
  action: string;
  /** `open`: it was started, and no end is recorded. */
  outcome: 'ok' | 'failed' | 'unknown' | 'open';
  at: string;
  /** When it ended, by this run's monotonic clock in milliseconds (below its start for an earlier run); undefined while it runs. */
  mono?: Ms;
};

/** What `observe` and `diagnose` get. */
export type Look<I = unknown> = {
  cluster: string;
  key: string;
  item: I;
  facts: Facts;
  world: Reader;
  /** What this item's `prepare` made, by name. */
  artefacts: Readonly<Record<string, Uint8Array>>;
  /** Attempts to act on this item in this run so far; 0 before the first. */
  attempt: number;
  /** All that was done in this generation, of every step, oldest first. */
  past: readonly Past[];
};

export type Item<I> = { key: string; item: I; after?: string[] };

export type Retry = { first: Ms; factor: number; max: Ms; retries: number; /** ± share, 0 to 1 */ jitter: number };
export type Settle = { every: Ms; within: Ms; stableFor: Ms };
export type Limit = {
  n: number;
  /** `act`: the slot is free once the actions are done. `settled`: once the item is. */
  hold: 'act' | 'settled';
  /** `continue`: one item's failure does not stop the others. */
  onFailure: 'continue' | 'stop';
};

/** A failed action, for `classify`. `unfilled` (a hole or a transform; always fatal) never reaches it. `text` is what the tool said (stderr, and stdout where that is text), redacted. */
export type Failure = {
  action: Action;
  how: 'exit' | 'deadline' | 'signal' | 'spawn' | 'conflict' | 'unfilled';
  exit: number | null;
  text: string;
};

/**
 * - `transient`  it did not happen, and may be tried again
 * - `fatal`      it did not happen, and trying again is in vain
 * - `ambiguous`  it may have happened: only a look tells
 */
export type Judgement = {
  kind: 'transient' | 'fatal' | 'ambiguous';
  cause: string;
  remedy: string;
  page?: string;
  /** Going on would be unsafe (exit 5). */
  refuse?: boolean;
};

/** A cause with its way out: what an operator reads in place of "it took too long". */
export type Explanation = { cause: string; remedy: string; page?: string };

export type Prepare = Omit<Exec, 'do'> & { as: string; why: string };

/** Shared by both kinds of step. `I` is the type of an item: a node, a release, a layer. */
type Common<I> = {
  /** `plugin/what-it-brings-about` */
  id: string;
  phase: string;
  title: string;
  /** Facts that must be there before this step looks. */
  needs: string[];
  /** Facts that its observations provide when it is done. */
  provides: string[];
  /** What a person may hold the run against; each met when this step is done with all its signals ok. */
  criteria?: Omit<Criterion, 'step'>[];
  /** Looked at again before a run is called a success: what it brought about may have gone meanwhile. */
  standing?: boolean;
  /** Ids of steps that may have failed without stopping this one; it looks for itself. */
  despite?: string[];
  /** How many items may fail without stopping the run; each is recorded as a deviation. 0 when absent. */
  tolerate?: (facts: Facts) => number;
  /** Items; one item with key `cluster` when absent. From survey facts only, so that the plan does not depend on a look. */
  forEach?: (facts: Facts) => Item<I>[];
  limit?: (facts: Facts) => Limit;
  /** The one look: for detecting, polling, confirming and resuming. */
  observe: (look: Look<I>) => Promise<Observation>;
  /** How long it is waited for. Without it one look must tell. */
  settle?: (facts: Facts) => Settle;
  /** Gathers what may tell the cause when a wait ends badly. */
  diagnose?: (look: Look<I>) => Promise<Signal[]>;
  /** Pure: what the gathered signals come to. It takes the place of the wait's own cause; undefined where they do not tell. */
  explain?: (gathered: readonly Signal[]) => Explanation | undefined;
};

/** Brings something about. */
export type ChangingStep<I = unknown> = Common<I> & {
  kind: 'change';
  /** Ids of earlier changing steps, or phases, that need not be finished before this one starts. */
  overlaps?: string[];
  /**
   * Offline work without effect on the cluster. Its stdout is the artefact `as`. It begins beside everything else as soon as
   * the run changes anything, or when an item turns out to be needed; a run that finds all done does none of it.
   */
  prepare?: (at: { key: string; item: I; facts: Facts }) => Prepare[];
  /** Its look reads what `prepare` made: that begins with the run, and is there before the first look. */
  looksAtPrepared?: boolean;
  /** Pure: actions as data, from survey facts. Facts of other steps are holes (`fact/…`). */
  plan: (at: { key: string; item: I; facts: Facts }) => Action[];
  classify: (failure: Failure) => Judgement;
  retry?: (facts: Facts) => Retry;
};

/** Only looks. `preflight`: looked at before anything else, all at once, and what is wrong ends the run with exit 3. */
export type CheckingStep<I = unknown> = Common<I> & { kind: 'check' | 'preflight' };

// Items are opaque to the engine; a step only ever gets back what its own forEach made.
// oxlint-disable-next-line typescript/no-explicit-any
export type Step<I = any> = ChangingStep<I> | CheckingStep<I>;
