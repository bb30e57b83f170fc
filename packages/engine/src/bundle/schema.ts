import { z } from 'zod';
import { Mode, Outcome } from '@coldstart/contract/schema';

/** One file of a bundle, as it lies in it. */
export const BundledFile = z.strictObject({
  /** Below the bundle's own folder. */
  name: z.string(),
  about: z.string(),
  size: z.number().int().nonnegative(),
  /** SHA-256 (hex) of its bytes. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** What was taken out of its middle; null where it is whole. */
  cut: z.strictObject({ lines: z.number().int().positive(), bytes: z.number().int().positive() }).nullable(),
  /** Its bytes are not those of its source: something in it was masked for the bundle. */
  masked: z.boolean(),
});
export type BundledFile = z.infer<typeof BundledFile>;

/** What stands in a bundle's MANIFEST.json: every other file of it, and what is not in it. */
export const BundleManifest = z.strictObject({
  schema: z.literal('coldstart.bundle/1'),
  cluster: z.string(),
  /** How real that was which it tells of; a rehearsal's touched no machine. */
  mode: Mode,
  /** The run whose journal is in it; null where there is none. */
  run: z.string().nullable(),
  /** What that run came to; null where there is none, or where it has no end. */
  outcome: Outcome.nullable(),
  /** When it was put together, by the clock of the world it tells of. */
  made: z.string(),
  /** The command that wrote it. */
  command: z.string(),
  coldstart: z.string(),
  /** In bytes, before they are compressed. */
  limits: z.strictObject({ perFile: z.number().int(), inAll: z.number().int() }),
  files: z.array(BundledFile),
  leftOut: z.array(z.strictObject({ name: z.string(), why: z.string() })),
});
export type BundleManifest = z.infer<typeof BundleManifest>;
