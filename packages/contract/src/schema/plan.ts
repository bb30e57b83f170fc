import { z } from 'zod';
import { Action } from './action.ts';
import { Json } from './json.ts';

export const Mode = z.enum(['dry-run', 'rehearsal', 'lab-wire', 'live']);
export type Mode = z.infer<typeof Mode>;

export const PlanItem = z.strictObject({
  key: z.string(),
  /** Keys of items of the same step that must be done before. */
  after: z.array(z.string()),
  /** Offline work, started as soon as the run begins. */
  prepare: z.array(Action),
  actions: z.array(Action),
});
export type PlanItem = z.infer<typeof PlanItem>;

export const PlanStep = z.strictObject({
  id: z.string(),
  title: z.string(),
  items: z.array(PlanItem),
});
export type PlanStep = z.infer<typeof PlanStep>;

export const PlanPhase = z.strictObject({ id: z.string(), title: z.string(), steps: z.array(PlanStep) });
export type PlanPhase = z.infer<typeof PlanPhase>;

export const ToolVersion = z.strictObject({ name: z.string(), version: z.string().nullable() });
export type ToolVersion = z.infer<typeof ToolVersion>;

export const Input = z.strictObject({ path: z.string(), digest: z.string() });
export type Input = z.infer<typeof Input>;

/**
 * The list that the dry run prints, the plan file holds, the run carries out and the evidence cites.
 * It does not depend on what is observed. Equality is over everything in it but `assumed`.
 */
export const Plan = z.strictObject({
  schema: z.literal('coldstart.plan/1'),
  cluster: z.string(),
  procedure: z.string(),
  phases: z.array(PlanPhase),
  /** Files of the repository that the plan was made from, relative to its root, with SHA-256 digests (hex) of their redacted bytes. */
  inputs: z.array(Input),
  tools: z.array(ToolVersion),
  configuration: z.record(z.string(), Json),
  /** What was not found in the repository and had to be assumed, in words. */
  assumed: z.array(z.string()),
});
export type Plan = z.infer<typeof Plan>;
