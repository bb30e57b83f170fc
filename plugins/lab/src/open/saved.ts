import { EXIT, Problem } from '@coldstart/contract';
import { z } from 'zod';
import type { SavedClock } from '../clock/clock.ts';
import type { SavedDurations } from '../clock/durations.ts';
import type { SavedRandom } from '../clock/random.ts';
import type { EtcdCluster } from '../etcd/cluster.ts';
import type { SavedFiles } from '../world/files.ts';
import type { SavedNode } from './configs.ts';

const SCHEMA = 'coldstart.lab-world/1';

const Saved = z.object({
  schema: z.literal(SCHEMA),
  cluster: z.string(),
  clock: z.custom<SavedClock>(isObject),
  random: z.custom<SavedRandom>(isObject),
  durations: z.custom<SavedDurations>(isObject),
  nodes: z.array(z.custom<SavedNode>(isObject)),
  etcd: z.array(z.custom<EtcdCluster>(isObject)),
  apis: z.record(z.string(), z.json()),
  remotes: z.record(z.string(), z.record(z.string(), z.object({ id: z.string(), text: z.string() }))).default({}),
  pulled: z.array(z.string()).default([]),
  files: z.array(z.object({ path: z.string(), mode: z.number(), bytes: z.string() })),
  nextPid: z.number(),
});
export type SavedWorld = Omit<z.infer<typeof Saved>, 'schema'> & { files: SavedFiles };

/** A world as bytes: JSON, the same bytes for the same world. */
export function encode(world: SavedWorld): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ schema: SCHEMA, ...world })}\n`);
}

/** Reads a saved world. Throws a Problem where it is none, or of another cluster or version. */
export function decodeWorld(bytes: Uint8Array, cluster: string): SavedWorld {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw unreadable('it is not JSON');
  }
  const schema = isObject(value) ? value['schema'] : undefined;
  if (schema !== SCHEMA)
    throw unreadable(`its schema is ${JSON.stringify(schema ?? null)}, not ${JSON.stringify(SCHEMA)}`);
  const parsed = Saved.safeParse(value);
  if (!parsed.success) throw unreadable(z.prettifyError(parsed.error));
  if (parsed.data.cluster !== cluster)
    throw unreadable(`it is a world of cluster ${parsed.data.cluster}, not of ${cluster}`);
  return parsed.data;
}

function unreadable(why: string): Problem {
  return new Problem(`The saved world cannot be used: ${why}.`, {
    exit: EXIT.usage,
    remedy: 'Give another file to --world, or remove this one to begin with bare nodes.',
  });
}

function isObject(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
