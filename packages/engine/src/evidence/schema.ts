import { z } from 'zod';
import { Action, Criterion, Input, Mode, Ms, Outcome, Signal, ToolVersion, Verdict } from '@coldstart/contract/schema';

/** One action that was begun, as the journal tells. */
export const EvidenceAction = z.strictObject({
  action: z.string(),
  attempt: z.number().int().positive(),
  risk: Action.options[0].shape.risk,
  target: z.string().nullable(),
  /** Redacted argv, or `write PATH`, `merge PATH`. */
  shown: z.string(),
  /**
   * `ok`, `failed`; `unknown`: it was ended or cut off while it may have acted; `open`: no end is recorded;
   * `refused`: a guard said no, so it was not sent.
   */
  outcome: z.enum(['ok', 'failed', 'unknown', 'open', 'refused']),
  /** Something went out: a process was started, or a file written. */
  sent: z.boolean(),
  exit: z.number().int().nullable(),
  elapsed: Ms.nullable(),
  cause: z.string().nullable(),
  consent: z.string().nullable(),
  guards: z.array(z.strictObject({ id: z.string(), ok: z.boolean(), cause: z.string().nullable() })),
  excerpt: z.string().nullable(),
  /** The last lines of a failed one. */
  tail: z.string().nullable(),
});
export type EvidenceAction = z.infer<typeof EvidenceAction>;

export const EvidenceItem = z.strictObject({
  item: z.string(),
  verdict: Verdict,
  elapsed: Ms.nullable(),
  attempts: z.number().int().nonnegative(),
  retries: z.array(z.strictObject({ attempt: z.number().int(), in: Ms, cause: z.string() })),
  actions: z.array(EvidenceAction),
  /** What was seen last: for a skipped item, why nothing had to be done. */
  signals: z.array(Signal),
  cause: z.string().nullable(),
  remedy: z.string().nullable(),
  page: z.string().nullable(),
  diagnosis: z.array(Signal),
});
export type EvidenceItem = z.infer<typeof EvidenceItem>;

export const EvidenceStep = z.strictObject({
  id: z.string(),
  title: z.string(),
  verdict: Verdict,
  elapsed: Ms.nullable(),
  items: z.array(EvidenceItem),
});
export type EvidenceStep = z.infer<typeof EvidenceStep>;

/** A time against its bound; `within` is null where there is no bound, no time, or its end was not reached. */
export const Clocked = z.strictObject({ elapsed: Ms.nullable(), slo: Ms.nullable(), within: z.boolean().nullable() });
export type Clocked = z.infer<typeof Clocked>;

export const EvidencePhase = z.strictObject({
  id: z.string(),
  title: z.string(),
  verdict: Verdict,
  ...Clocked.shape,
  sloFormula: z.string().nullable(),
  steps: z.array(EvidenceStep),
});
export type EvidencePhase = z.infer<typeof EvidencePhase>;

export const EvidenceCriterion = z.strictObject({
  ...Criterion.shape,
  verdict: z.enum(['met', 'unmet', 'untested']),
  /** Why it is not met; null where it is. */
  reason: z.string().nullable(),
  /** The item that the reason speaks of. */
  item: z.string().nullable(),
  /** The observations it rests on. */
  cites: z.array(
    z.strictObject({
      item: z.string(),
      signals: z.array(z.strictObject({ name: z.string(), subject: z.string().nullable() })),
    }),
  ),
});
export type EvidenceCriterion = z.infer<typeof EvidenceCriterion>;

const where = { step: z.string(), item: z.string() };

/** What one run came to: a pure function of its journal's raw bytes. Times are UTC, durations milliseconds. */
export const Evidence = z.strictObject({
  schema: z.literal('coldstart.evidence/1'),
  story: z.string(),
  mode: Mode,
  /** Parts of the world, besides tools, that declared themselves as simulated while real tools spoke to them. */
  simulated: z.array(z.string()),
  cluster: z.string(),
  generation: z.number().int().positive(),
  procedure: z.string(),
  run: z.string(),
  outcome: Outcome,
  /** Null where the run has no last record: its process was killed. */
  exit: z.number().int().nullable(),
  cause: z.string().nullable(),
  next: z.string().nullable(),
  started: z.string(),
  /** The time of the last record. */
  ended: z.string(),
  elapsed: Ms,
  /** From the first change that was sent to the end of the last phase. */
  clock: Clocked,
  coldstart: z.string(),
  operator: z.strictObject({ user: z.string(), host: z.string(), pid: z.number().int() }),
  seed: z.number().int().nullable(),
  faults: z.array(z.string()),
  plan: z.string(),
  tools: z.array(ToolVersion.extend({ simulated: z.boolean(), digest: z.string().nullable() })),
  inputs: z.array(Input),
  assumed: z.array(z.string()),
  counts: z.strictObject({
    done: z.number().int(),
    skipped: z.number().int(),
    failed: z.number().int(),
    refused: z.number().int(),
    interrupted: z.number().int(),
    'not-run': z.number().int(),
    /** Changes that were sent, each attempt counted. */
    changes: z.number().int(),
    retries: z.number().int(),
  }),
  criteria: z.array(EvidenceCriterion),
  failures: z.array(
    z.strictObject({
      ...where,
      verdict: Verdict,
      cause: z.string().nullable(),
      remedy: z.string().nullable(),
      page: z.string().nullable(),
      next: z.string().nullable(),
    }),
  ),
  /** Actions of which nobody knows whether they took effect. */
  unknown: z.array(
    z.strictObject({
      ...where,
      action: z.string(),
      attempt: z.number().int(),
      target: z.string().nullable(),
      shown: z.string(),
    }),
  ),
  deviations: z.array(z.strictObject({ what: z.string(), subject: z.string().nullable(), at: z.string() })),
  consents: z.array(z.strictObject({ what: z.string(), words: z.string(), at: z.string() })),
  outlived: z.array(
    z.strictObject({ run: z.string(), ...where, action: z.string(), pid: z.number().int(), ended: z.boolean() }),
  ),
  phases: z.array(EvidencePhase),
  slowest: z.array(z.strictObject({ step: z.string(), elapsed: Ms })),
  journal: z.strictObject({
    records: z.number().int(),
    /** SHA-256 (hex) of the last whole raw line. */
    head: z.string(),
    /** Its last line was cut off. */
    torn: z.boolean(),
    /** It has a last record. */
    complete: z.boolean(),
  }),
});
export type Evidence = z.infer<typeof Evidence>;

/** The JSON Schema (draft 2020-12) of the evidence file. */
export function evidenceJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(Evidence, { target: 'draft-2020-12' }) as Record<string, unknown>;
}
