import type { MergeFn, Reader } from '@coldstart/contract';
import { z } from 'zod';

/** What is recorded of a cluster at first sight and never changed by itself. May be committed: nothing in it is secret. */
const Identity = z.looseObject({
  schema: z.literal('coldstart.identity/1'),
  cluster: z.string(),
  talosCa: z.string().optional(),
  bootstrapNode: z.string().optional(),
});
export type Identity = z.infer<typeof Identity>;

export const identityPath = (cluster: string): string => `.coldstart/${cluster}/identity.json`;

/** The record of a cluster; undefined where there is none yet. Throws SyntaxError where it is not one. */
export async function readIdentity(world: Reader, cluster: string): Promise<Identity | undefined> {
  const bytes = await world.read(identityPath(cluster));
  return bytes && parse(bytes);
}

function parse(bytes: Uint8Array): Identity {
  const result = Identity.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  if (!result.success) throw new SyntaxError('identity.json is not what coldstart writes');
  return result.data;
}

/** `talos/identity-record`: adds what is not recorded yet. Throws where something else is: a record is never overwritten. */
export const recordIdentity: MergeFn = (current, _inputs, options) => {
  const wanted = options as { cluster: string; talosCa: string; bootstrapNode: string };
  const known: Identity = current ? parse(current) : { schema: 'coldstart.identity/1', cluster: wanted.cluster };
  for (const [key, value] of Object.entries(wanted))
    if (known[key] !== undefined && known[key] !== value)
      throw new Error(`identity.json records ${key} ${String(known[key])}, not ${value}`);
  return new TextEncoder().encode(`${JSON.stringify({ ...known, ...wanted }, null, 2)}\n`);
};

/** What of the record contradicts the repository, in words; empty where nothing does. */
export function contradictions(
  known: Identity | undefined,
  wanted: { talosCa: string; bootstrapNode: string },
): string[] {
  const found: string[] = [];
  if (known?.talosCa !== undefined && known.talosCa !== wanted.talosCa)
    found.push(
      `the recorded Talos CA is ${known.talosCa.slice(0, 12)}, the repository's ${wanted.talosCa.slice(0, 12)}`,
    );
  if (known?.bootstrapNode !== undefined && known.bootstrapNode !== wanted.bootstrapNode)
    found.push(`the recorded bootstrap node is ${known.bootstrapNode}, the configured one ${wanted.bootstrapNode}`);
  return found;
}
