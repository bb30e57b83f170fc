import { z } from 'zod';
import { Ms } from './json.ts';
import { Signal, State } from './observation.ts';
import { Mode, ToolVersion, Input } from './plan.ts';

const item = { phase: z.string(), step: z.string(), item: z.string() };
const action = { ...item, action: z.string(), attempt: z.number().int().positive() };

/** What a finished item came to. `skipped`: it was done already, its signals say why. */
export const Verdict = z.enum(['done', 'skipped', 'failed', 'refused', 'interrupted', 'not-run']);
export type Verdict = z.infer<typeof Verdict>;

export const Outcome = z.enum(['done', 'preflight', 'failed', 'refused', 'interrupted', 'differs', 'bug']);
export type Outcome = z.infer<typeof Outcome>;

export const Criterion = z.strictObject({
  id: z.string(),
  title: z.string(),
  step: z.string(),
  /** The least mode that may meet it: `any` also in a rehearsal, `lab-wire` where the tools that answer are real. */
  needs: z.enum(['any', 'lab-wire', 'live']),
});
export type Criterion = z.infer<typeof Criterion>;

/** What is new in a record, before the journal adds `seq`, `at`, `mono` and `prev`. */
export const Event = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('run-start'),
    schema: z.literal('coldstart.journal/1'),
    run: z.string(),
    cluster: z.string(),
    generation: z.number().int().positive(),
    procedure: z.string(),
    mode: Mode,
    coldstart: z.string(),
    story: z.string(),
    seed: z.number().int().optional(),
    faults: z.array(z.string()).optional(),
    operator: z.strictObject({ user: z.string(), host: z.string(), pid: z.number().int() }),
    plan: z.strictObject({
      digest: z.string(),
      phases: z.array(
        z.strictObject({
          id: z.string(),
          title: z.string(),
          slo: Ms.nullable(),
          /** How the bound was put together, where it grows with the cluster. */
          sloFormula: z.string().nullable().optional(),
          steps: z.array(z.strictObject({ id: z.string(), title: z.string(), items: z.array(z.string()) })),
        }),
      ),
    }),
    slo: Ms.nullable(),
    inputs: z.array(Input),
    tools: z.array(ToolVersion.extend({ simulated: z.boolean(), digest: z.string().nullable() })),
    criteria: z.array(Criterion),
    assumed: z.array(z.string()),
  }),
  z.strictObject({ type: z.literal('deviation'), what: z.string(), subject: z.string().nullable() }),
  z.strictObject({ type: z.literal('consent'), what: z.string(), words: z.string() }),
  /** A part of the world that declared itself as simulated. */
  z.strictObject({ type: z.literal('simulated'), part: z.string() }),
  /** A lock that other machines see. `asked` stands before the call that takes it; `left`: giving it back failed. */
  z.strictObject({
    type: z.literal('lock'),
    lock: z.string(),
    what: z.enum(['asked', 'taken', 'lost', 'released', 'left']),
    why: z.string().nullable(),
  }),
  /** A child of an earlier run of this cluster is alive. It is waited for, and ended where it is still there at `until` (UTC). */
  z.strictObject({
    type: z.literal('outlives'),
    run: z.string(),
    of: z.strictObject(action),
    pid: z.number().int(),
    until: z.string(),
  }),
  /** What became of it. */
  z.strictObject({
    type: z.literal('outlived'),
    run: z.string(),
    ...action,
    pid: z.number().int(),
    ended: z.boolean(),
  }),
  z.strictObject({ type: z.literal('phase-start'), phase: z.string() }),
  z.strictObject({ type: z.literal('phase-end'), phase: z.string(), verdict: Verdict }),
  z.strictObject({ type: z.literal('item-start'), ...item }),
  /** A look whose state, cause or signals differ from the look before. */
  z.strictObject({
    type: z.literal('look'),
    ...item,
    state: State,
    signals: z.array(Signal),
    cause: z.string().nullable(),
  }),
  z.strictObject({
    type: z.literal('action-start'),
    ...action,
    risk: z.enum(['read', 'change', 'once', 'destroy']),
    target: z.string().nullable(),
    /** The action for the eye: redacted argv, or `write PATH`, `merge PATH`. */
    shown: z.string(),
    consent: z.string().nullable(),
    /** How long the process may take; null where none is run. */
    deadline: Ms.nullable(),
    /** Exit codes that count as success; null where no process is run. */
    ok: z.array(z.number().int()).nullable(),
    guards: z.array(z.strictObject({ id: z.string(), ok: z.boolean(), cause: z.string().nullable() })),
  }),
  /** The process is there. `started` is the system's own start time of the pid, so that a reused pid is not taken for it. */
  z.strictObject({ type: z.literal('action-spawned'), ...action, pid: z.number().int(), started: z.string() }),
  z.strictObject({
    type: z.literal('action-end'),
    ...action,
    outcome: z.enum(['ok', 'failed', 'unknown']),
    how: z.enum(['exit', 'deadline', 'signal', 'spawn', 'conflict', 'unfilled']).nullable(),
    exit: z.number().int().nullable(),
    kind: z.enum(['transient', 'fatal', 'ambiguous']).nullable(),
    cause: z.string().nullable(),
    tail: z.string().nullable(),
    excerpt: z.string().nullable(),
  }),
  /** The item waits before it looks again. */
  z.strictObject({ type: z.literal('retry'), ...item, attempt: z.number().int(), in: Ms, cause: z.string() }),
  z.strictObject({
    type: z.literal('item-end'),
    ...item,
    verdict: Verdict,
    signals: z.array(Signal),
    cause: z.string().nullable(),
    remedy: z.string().nullable(),
    page: z.string().nullable(),
    diagnosis: z.array(Signal),
  }),
  z.strictObject({
    type: z.literal('run-end'),
    outcome: Outcome,
    exit: z.number().int(),
    /** What failed first, in one line; null when nothing did. */
    cause: z.string().nullable(),
    /** The command to go on with; null when there is nothing to go on with. */
    next: z.string().nullable(),
  }),
]);
export type Event = z.infer<typeof Event>;

const link = {
  seq: z.number().int().nonnegative(),
  /** Wall clock, UTC, RFC 3339 with milliseconds. */
  at: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  /** Monotonic milliseconds since the run began. */
  mono: Ms,
  /** SHA-256 (hex) of the previous raw line without its newline; of the empty string for the first. */
  prev: z.string().regex(/^[0-9a-f]{64}$/),
};
export const Link = z.object(link);
export type Link = z.infer<typeof Link>;
export type JournalRecord = Event & Link;

export type EventOf<T extends Event['type']> = Extract<Event, { type: T }>;
export type RecordOf<T extends Event['type']> = EventOf<T> & Link;
