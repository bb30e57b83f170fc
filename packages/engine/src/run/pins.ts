import {
  identityBytes,
  identityPath,
  parseIdentity,
  type Identity,
  type Json,
  type Pin,
  type World,
} from '@coldstart/contract';
import { canonical } from '../plan/compare.ts';
import { withLock } from './merge-lock.ts';

/**
 * Records what a look saw of the cluster's identity, where nothing is recorded yet. Returns what contradicts the record, in
 * words; undefined where nothing does. Writes only where something is added.
 */
export async function keepPins(
  world: World,
  cluster: string,
  pins: readonly Pin[],
  run: { id: string; stop: AbortSignal },
): Promise<string | undefined> {
  const path = identityPath(cluster);
  const first = pinned(await world.read(path), cluster, pins);
  if (first.contradiction !== undefined || !first.changed) return first.contradiction;
  return withLock(world, path, run, async () => {
    const { next, changed, contradiction } = pinned(await world.read(path), cluster, pins);
    if (contradiction === undefined && changed) await world.write(path, identityBytes(next), 0o644);
    return contradiction;
  });
}

type Pinned = { next: Identity; changed: boolean; contradiction: string | undefined };

/** Pure: the record with the pins in their places. */
function pinned(bytes: Uint8Array | undefined, cluster: string, pins: readonly Pin[]): Pinned {
  const known: Identity = bytes ? parseIdentity(bytes) : { schema: 'coldstart.identity/1', cluster };
  const next: Identity = structuredClone(known);
  let changed = false;
  for (const { at, value, replace } of pins) {
    const there = valueAt(next, at);
    if (there !== undefined && canonical(there) === canonical(value)) continue;
    if (there !== undefined && replace !== true)
      return {
        next,
        changed,
        contradiction: `${identityPath(cluster)} records ${at.join('.')} ${JSON.stringify(there)}, and ${JSON.stringify(value)} was seen`,
      };
    put(next, at, value);
    changed = true;
  }
  return { next, changed, contradiction: undefined };
}

function valueAt(tree: Identity, [first = '', second]: readonly string[]): Json | undefined {
  const here = Object.hasOwn(tree, first) ? tree[first] : undefined;
  if (second === undefined) return here;
  return isTree(here) && Object.hasOwn(here, second) ? here[second] : undefined;
}

function put(tree: Identity, [first = '', second]: readonly string[], value: Json): void {
  if (second === undefined) tree[first] = value;
  else {
    const here = Object.hasOwn(tree, first) ? tree[first] : undefined;
    tree[first] = { ...(isTree(here) && here), [second]: value };
  }
}

const isTree = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
