import { z } from 'zod';
import { Json } from './json.ts';

/** One named observation. `source` says which look told it, e.g. `talosctl get machinestatus`. */
export const Signal = z.strictObject({
  name: z.string(),
  subject: z.string().optional(),
  expected: Json,
  observed: Json,
  ok: z.boolean(),
  source: z.string(),
});
export type Signal = z.infer<typeof Signal>;

/**
 * - `done`        what the step brings about is there
 * - `needed`      it is not, and acting is right
 * - `converging`  it is on its way: wait and look again
 * - `blocked`     acting would be wrong or in vain; a person must do something first
 * - `unknown`     the look told nothing certain
 */
export const State = z.enum(['done', 'needed', 'converging', 'blocked', 'unknown']);
export type State = z.infer<typeof State>;

/**
 * A public value by its place in `identity.json`. It is recorded at first sight, before this item acts and once it is done, and
 * never overwritten: a step refuses where something else is recorded. `replace`: it may be, e.g. since the operator agreed.
 */
export const Pin = z.strictObject({
  at: z.array(z.string()).min(1).max(2),
  value: Json,
  replace: z.boolean().optional(),
});
export type Pin = z.infer<typeof Pin>;

export const Observation = z.strictObject({
  state: State,
  signals: z.array(Signal),
  /** Facts for later steps (when done), and for the holes `seen/…` of this item's actions. */
  facts: z.record(z.string(), Json).optional(),
  /** Why the state is what it is, where it is not `done`. */
  cause: z.string().optional(),
  remedy: z.string().optional(),
  /** The page under docs/failures/ (without `.md`) that explains it. */
  page: z.string().optional(),
  /** The state is `blocked`, or stays `unknown`, and going on would be unsafe (exit 5), not merely impossible. */
  refuse: z.boolean().optional(),
  /** What tells this cluster from others, seen just now. */
  pins: z.array(Pin).optional(),
  /** What departs from the default way without stopping it: recorded as deviations. */
  deviations: z.array(z.string()).optional(),
});
export type Observation = z.infer<typeof Observation>;
