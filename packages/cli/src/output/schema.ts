import { Json, Mode, Ms, Outcome, Plan, Signal, State } from '@coldstart/contract/schema';
import { BundleManifest, Evidence } from '@coldstart/engine';
import { z } from 'zod';

/** Every document that coldstart prints with `--json` or writes for programs, by the name of its schema file. A change that breaks a reader takes a new number. */

/** The support bundle that was asked for; `file` is null, with the cause, where it could not be written. */
export const BundleResult = z.strictObject({
  file: z.string().nullable(),
  size: z.number().int().nullable(),
  sha256: z.string().nullable(),
  cause: z.string().nullable(),
  remedy: z.string().nullable(),
});
export type BundleResult = z.infer<typeof BundleResult>;

/** What a command says before its bundle is written. */
export type Unbundled<T> = Omit<T, 'bundle'>;

export const RunDocument = z.strictObject({
  schema: z.literal('coldstart.run/1'),
  exit: z.number().int(),
  /** What the run came to: the same as in its evidence. */
  evidence: Evidence,
  failure: z
    .strictObject({
      step: z.string(),
      item: z.string(),
      cause: z.string(),
      remedy: z.string().nullable(),
      page: z.string().nullable(),
      next: z.string(),
    })
    .nullable(),
  journal: z.string(),
  /** Evidence files that were written. */
  files: z.array(z.string()),
  rehearsal: z
    .strictObject({
      seed: z.number().int(),
      faults: z.array(z.string()),
      fired: z.record(z.string(), z.number().int()),
      virtualMs: Ms,
      read: z.array(z.string()),
      assumed: z.array(z.string()),
      verdict: z.strictObject({ whole: z.boolean(), findings: z.array(z.string()), etcdClusters: z.number().int() }),
      lab: Json,
    })
    .nullable(),
  /** Null where none was asked for. */
  bundle: BundleResult.nullable(),
});
export type RunDocument = z.infer<typeof RunDocument>;

const Seen = z.strictObject({
  phase: z.string(),
  step: z.string(),
  title: z.string(),
  item: z.string(),
  state: State,
  cause: z.string().nullable(),
  remedy: z.string().nullable(),
  page: z.string().nullable(),
  signals: z.array(Signal),
});

/** A lock, and where it is, for people. */
const LockToTake = z.strictObject({ id: z.string(), where: z.string() });
export type LockToTake = z.infer<typeof LockToTake>;

export const LookDocument = z.strictObject({
  schema: z.literal('coldstart.look/1'),
  cluster: z.string(),
  seen: z.array(Seen),
  bundle: BundleResult.nullable(),
  /** The locks that a run would take, in their order; told by preflight. */
  locks: z.array(LockToTake).optional(),
});
export type LookDocument = z.infer<typeof LookDocument>;

export const PlanViewDocument = z.strictObject({
  schema: z.literal('coldstart.plan-view/1'),
  digest: z.string(),
  plan: Plan,
  /** What a look showed; null with --offline. */
  seen: z
    .array(z.strictObject({ step: z.string(), item: z.string(), state: State, cause: z.string().nullable() }))
    .nullable(),
  bundle: BundleResult.nullable(),
  /** The locks that a run would take, in their order; none where it only looks. */
  locks: z.array(LockToTake),
});
export type PlanViewDocument = z.infer<typeof PlanViewDocument>;

export const PhaseStanding = z.enum(['done', 'begun', 'not-begun', 'unknown', 'not-installed']);
export type PhaseStanding = z.infer<typeof PhaseStanding>;

export const StatusDocument = z.strictObject({
  schema: z.literal('coldstart.status/1'),
  cluster: z.string(),
  phases: z.array(
    z.strictObject({
      id: z.string(),
      number: z.number().int(),
      title: z.string(),
      standing: PhaseStanding,
      done: z.number().int(),
      of: z.number().int(),
      /** The first thing that is missing. */
      missing: z.string().nullable(),
    }),
  ),
  seen: z.array(Seen),
  lastRun: z
    .strictObject({
      run: z.string(),
      mode: Mode,
      began: z.string(),
      /** Null: it has no end; it was killed, or it still runs. */
      outcome: Outcome.nullable(),
      /** It is on its way: its process holds the lock, and lives as far as can be told. */
      runs: z.boolean(),
      stoppedAt: z.strictObject({ step: z.string(), item: z.string(), cause: z.string().nullable() }).nullable(),
      /** Changes of it of which nobody knows whether they took effect: the next run looks before it acts. */
      unknown: z.array(z.strictObject({ step: z.string(), item: z.string(), action: z.string() })),
      next: z.string().nullable(),
    })
    .nullable(),
  /** Runs whose journal is no whole account, and why. */
  unreadable: z.array(z.strictObject({ run: z.string(), cause: z.string() })),
  bundle: BundleResult.nullable(),
});
export type StatusDocument = z.infer<typeof StatusDocument>;

export const HealthDocument = z.strictObject({
  schema: z.literal('coldstart.health/1'),
  cluster: z.string(),
  healthy: z.boolean(),
  verdicts: z.array(
    z.strictObject({
      name: z.enum(['talos', 'kubernetes', 'crds', 'flux']),
      verdict: z.enum(['pass', 'fail', 'untested']),
      reasons: z.array(z.string()),
    }),
  ),
  bundle: BundleResult.nullable(),
});
export type HealthDocument = z.infer<typeof HealthDocument>;

export const EvidenceDocument = z.strictObject({
  schema: z.literal('coldstart.evidence-check/1'),
  path: z.string(),
  /** Evidence by its common name, or a journal. */
  checked: z.array(z.string()),
  valid: z.boolean(),
  findings: z.array(z.string()),
  notes: z.array(z.string()),
});
export type EvidenceDocument = z.infer<typeof EvidenceDocument>;

export const ErrorDocument = z.strictObject({
  schema: z.literal('coldstart.error/1'),
  error: z.strictObject({
    kind: z.enum(['operator', 'usage', 'bug', 'exit']),
    exit: z.number().int(),
    message: z.string(),
    remedy: z.string(),
    page: z.string().nullable(),
  }),
});

export const documents: Record<string, z.ZodType> = {
  'run.v1': RunDocument,
  'look.v1': LookDocument,
  'plan.v1': Plan,
  'plan-view.v1': PlanViewDocument,
  'status.v1': StatusDocument,
  'health.v1': HealthDocument,
  'evidence-check.v1': EvidenceDocument,
  'error.v1': ErrorDocument,
  /** MANIFEST.json of a support bundle. */
  'bundle-manifest.v1': BundleManifest,
};
