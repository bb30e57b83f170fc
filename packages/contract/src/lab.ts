import type { BRAND } from './contribution.ts';
import type { Facts } from './step.ts';
import type { Json, Ms } from './schema/index.ts';
import type { World } from './world.ts';

/** One thing that the simulated world received and that changes something (or tries to), in order. The lab's own log. */
export type Received = {
  /** Virtual milliseconds since the world began. */
  at: Ms;
  tool: string;
  argv: string[];
  /** The node, release or object that it went to. */
  target: string | null;
  /** SHA-256 (hex) of stdin; null where there was none. */
  stdin: string | null;
  exit: number | null;
  /** Persisted changes that it made in the world. 0: the world stayed as it was. */
  changes: number;
};

export type LabOptions = {
  root: string;
  cluster: string;
  /** What the surveys learned: which machines stand there. What a node becomes, it learns from the config that it receives. */
  facts: Facts;
  /** Environment variables and home folder as the operator has them. */
  env: Readonly<Record<string, string | undefined>>;
  seed: number;
  /** `name[@node][:count]` */
  faults: string[];
  /** A world that an earlier rehearsal saved. */
  saved?: Uint8Array;
  /** When a new world begins, RFC 3339; a fixed date where absent, so that the same seed gives the same bytes. */
  wall?: string;
  /** Virtual time per real time, for watching; null: as fast as it goes. */
  pace: number | null;
  /** Where `.coldstart/` is kept: on the real disk, or in memory only (tests). */
  disk: 'real' | 'memory';
};

/** What the lab says of its world when asked; it looks at the world, never at the journal. */
export type WorldVerdict = {
  whole: boolean;
  /** What is wrong, one line each; empty when the world is whole. */
  findings: string[];
  etcdClusters: number;
};

export type Lab = {
  /** The world as the present process of coldstart has it. */
  readonly world: World;
  /** The world as the next process has it, which takes the place of `world`. */
  process(): World;
  /** Resolves when the fault `killed` struck `world`: none of its calls is answered any more, so a run on it never ends. */
  readonly died: Promise<void>;
  /** What this world was made of without a source for it: durations, disks, versions. */
  readonly assumed: string[];
  verdict(): WorldVerdict;
  received(): readonly Received[];
  /** How often each fault that was asked for fired. */
  fired(): Readonly<Record<string, number>>;
  /** Virtual milliseconds so far. */
  elapsed(): Ms;
  /** The world as bytes, for a later rehearsal. */
  save(): Uint8Array;
  /** What it knows of itself, for `--json`. */
  describe(): Json;
  close(): Promise<void>;
};

export type LabFactory = {
  [BRAND]: 1;
  faults: { name: string; about: string; node: boolean }[];
  open(options: LabOptions): Promise<Lab>;
};
