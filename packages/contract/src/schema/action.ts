import { z } from 'zod';
import { Json, Ms } from './json.ts';

/**
 * A named hole in a plan: what is known only when the action is carried out.
 *
 * `ref` names where the value comes from:
 * - `fact/<name>`      a fact that a survey or an earlier step provides, e.g. `fact/kubernetes/api`
 * - `seen/<name>`      a fact of this item's own last look, e.g. `seen/access`
 * - `out/<name>`       output that an earlier action of this item kept
 * - `artefact/<name>`  what this step's `prepare` made
 *
 * `path` is a JSON pointer into the value. A hole that holds a list of strings is spread into the argv.
 * `show` is what a person reads in its place, e.g. `--insecure while in maintenance`.
 */
export const Ref = z.strictObject({ ref: z.string(), path: z.string().optional(), show: z.string().optional() });
export type Ref = z.infer<typeof Ref>;

/**
 * Bytes by reference: literal text, a file of the repository (`read`, relative to its root), a hole,
 * or a registered pure transform `fn` over other bytes.
 */
export type Bytes = { text: string } | { read: string } | Ref | { fn: string; in: Bytes[]; with?: Json | undefined };
export const Bytes: z.ZodType<Bytes> = z.lazy(() =>
  z.union([
    z.strictObject({ text: z.string() }),
    z.strictObject({ read: z.string() }),
    Ref,
    z.strictObject({ fn: z.string(), in: z.array(Bytes), with: Json.optional() }),
  ]),
);

/** One argument. `file` puts the bytes into a private 0600 file in scratch, swept after the action; `join` glues parts. */
export const Arg = z.union([
  z.string(),
  Ref,
  z.strictObject({ file: Bytes, show: z.string().optional() }),
  z.strictObject({ join: z.array(z.union([z.string(), Ref])) }),
]);
export type Arg = z.infer<typeof Arg>;

/** How a running process is asked to end: exactly one signal, then, after `grace`, SIGKILL where `kill` allows it. */
export const StopRule = z.strictObject({ signal: z.enum(['SIGINT', 'SIGTERM']), grace: Ms, kill: z.boolean() });
export type StopRule = z.infer<typeof StopRule>;

/** Runs a tool: argv with holes, never a shell. The working folder is the repository's root unless `cwd` is given. */
export const Exec = z.strictObject({
  do: z.literal('exec'),
  tool: z.string(),
  argv: z.array(Arg),
  cwd: Arg.optional(),
  /** Environment variables set for this call. */
  env: z.record(z.string(), Arg).optional(),
  stdin: Bytes.optional(),
  deadline: Ms,
  /** Exit codes that count as success; 0 when absent. */
  ok: z.array(z.number().int()).optional(),
  stop: StopRule,
});
export type Exec = z.infer<typeof Exec>;

/** Writes a file whole and atomically, only where the present content has digest `ifDigest` or is absent. */
export const Write = z.strictObject({
  do: z.literal('write'),
  path: Arg,
  content: Bytes,
  mode: z.number().int(),
  ifDigest: z.string(),
});
export type Write = z.infer<typeof Write>;

/** Read-modify-write under a file lock, by a registered pure merge `fn(current, inputs, with)`; compare and swap. */
export const Merge = z.strictObject({
  do: z.literal('merge'),
  path: Arg,
  fn: z.string(),
  in: z.array(Bytes),
  with: Json.optional(),
  mode: z.number().int(),
});
export type Merge = z.infer<typeof Merge>;

/** What of an action's output is kept, and under which name. `secret` outputs stay in memory only. */
export const Out = z.strictObject({
  as: z.string(),
  secret: z.boolean(),
  /** `none`: nothing reaches the journal. `excerpt`: a redacted excerpt does. */
  keep: z.enum(['none', 'excerpt']),
  /** For a secret output: text whose words are public, e.g. the template it was made from. Every other word of it is never shown. */
  known: Bytes.optional(),
});
export type Out = z.infer<typeof Out>;

const common = {
  /** Unique within its item, e.g. `apply`. */
  id: z.string(),
  /** Why this is done, in one line for the person who reads the plan. */
  why: z.string(),
  /** The node, release or object that is changed. */
  target: z.string().optional(),
  /** `change` may be sent again, `once` must never succeed twice, `destroy` loses data, `read` changes nothing (it fetches what a later action needs). */
  risk: z.enum(['read', 'change', 'once', 'destroy']),
  /** The words of consent that the operator gave, where the action rests on them. */
  consent: z.string().optional(),
  /** Guards that are looked at again just before. */
  guard: z.array(z.string()),
  out: Out.optional(),
};

/** One effect, as data. Only the engine carries it out. */
export const Action = z.discriminatedUnion('do', [Exec.extend(common), Write.extend(common), Merge.extend(common)]);
export type Action = z.infer<typeof Action>;
