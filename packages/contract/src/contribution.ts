import type { Facts, Look, Step } from './step.ts';
import type { SharedLock } from './lock.ts';
import type { Json, Signal } from './schema/index.ts';
import type { Files, Reader } from './world.ts';

/** Marks plain data as made for this version of the contract, across copies of this package. */
export const BRAND: unique symbol = Symbol.for('coldstart.contract/1') as never;

/** Something wrong in a file of the operator's, found without touching any machine. */
export type Finding = { file: string; line?: number; column?: number; found: string; expected: string };

/** What a survey learned from the repository. */
export type Surveyed = {
  facts: Facts;
  /** Every file that was read, relative to the root. */
  read: string[];
  /** What was not told and had to be assumed, in words. */
  assumed: string[];
  problems: Finding[];
  /** Values that must never be shown: registered with the redactor before anything else is done. */
  secrets: string[];
};

/** Reads the operator's repository, offline, and runs nothing of it. Surveys run in the order of their needs. */
export type Survey = {
  id: string;
  needs: string[];
  provides: string[];
  run: (at: { cluster: string; files: Files; config: Json; facts: Facts }) => Promise<Surveyed>;
};

/**
 * Looked at again just before each action that names it. `ok: false` refuses (exit 5); with `moved` the world came by itself to
 * where the action would bring it: nothing is sent, and the step looks again.
 */
export type Guard = {
  id: string;
  look: (look: Look) => Promise<Guarded>;
};
type Guarded = { ok: boolean; moved?: boolean; signals: Signal[]; cause?: string; remedy?: string; page?: string };

/** Pure: bytes in, bytes out. A throw is a failure of the action, and fatal. */
export type Transform = (inputs: readonly Uint8Array[], options: Json | undefined) => Uint8Array;
/** Pure: what stands in the file now (undefined where absent) and the inputs, to what shall stand there. */
export type MergeFn = (
  current: Uint8Array | undefined,
  inputs: readonly Uint8Array[],
  options: Json | undefined,
) => Uint8Array;

/** A tool that steps call, declared once. */
export type Tool = {
  name: string;
  /** How its version is asked, and where in the answer it stands. */
  version: { argv: string[]; parse: (stdout: string, stderr: string) => string | null };
  /** Versions we know to work, as `{ from: '1.12.0', below: '2.0.0' }`; others are a warning. */
  known?: { from: string; below: string };
  /** Whether this argv only reads. A probe whose argv does not is refused. */
  reads: (argv: readonly string[]) => boolean;
  /** Names of environment variables that the tool may get from the operator, besides PATH, HOME, and the like. */
  env: string[];
};

/**
 * Asks the parts of the world that its plugin speaks to whether they are real. Returns those that declare themselves as
 * simulated, by name; one that does not answer declares nothing. A single one makes a live run a run in mode `lab-wire`.
 */
export type Witness = { id: string; look: (at: { facts: Facts; world: Reader }) => Promise<string[]> };

/** A plugin's section of coldstart.yaml. */
export type ConfigSection = {
  section: string;
  /** JSON Schema (draft 2020-12) for editors. */
  jsonSchema: { [key: string]: Json };
  /** Checks the section (undefined where the file has none) and fills its defaults in. */
  validate: (
    value: unknown,
  ) => { value: Json } | { issues: { path: (string | number)[]; found: string; expected: string }[] };
  /** Which of its values an operator may set by flag or environment: dotted path by name. */
  flags?: Record<string, string>;
  /** Those of them by which an operator consents to something: no environment variable sets them. */
  consents?: string[];
};

/** What one plugin brings. Plain data, so that it crosses package borders. */
export type Contribution = {
  [BRAND]: 1;
  plugin: string;
  config?: ConfigSection;
  surveys: Survey[];
  steps: Step[];
  guards: Guard[];
  transforms: Record<string, Transform>;
  merges: Record<string, MergeFn>;
  tools: Tool[];
  witnesses: Witness[];
  /** A lock of one name may be brought by several plugins, each with its own copy. */
  locks: SharedLock[];
};

/** Brands a plugin's contribution; what is left out is empty. */
export function contribution(parts: { plugin: string } & Partial<Omit<Contribution, typeof BRAND>>): Contribution {
  return {
    [BRAND]: 1,
    surveys: [],
    steps: [],
    guards: [],
    transforms: {},
    merges: {},
    tools: [],
    witnesses: [],
    locks: [],
    ...parts,
  };
}

/** A procedure lists its phases, and each phase its steps: the whole bring-up on one screen. */
export type Procedure = {
  id: string;
  phases: ProcedurePhase[];
};
export type ProcedurePhase = {
  id: string;
  /** The phase's number for the operator, e.g. `-1`. */
  number: number;
  title: string;
  /** The package that brings each step, so that an absent one can be named; `verify` marks steps that may be left out as a deviation. */
  steps: { id: string; from: string; verify?: true }[];
};
