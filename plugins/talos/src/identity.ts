import { identityBytes, parseIdentity, type Identity, type MergeFn } from '@coldstart/contract';

/** `talos/identity-record`: adds what is not recorded yet. Throws where something else is: a record is never overwritten. */
export const recordIdentity: MergeFn = (current, _inputs, options) => {
  const wanted = options as { cluster: string; talosCa: string; bootstrapNode: string };
  const known: Identity = current
    ? parseIdentity(current)
    : { schema: 'coldstart.identity/1', cluster: wanted.cluster };
  for (const [key, value] of Object.entries(wanted))
    if (known[key] !== undefined && known[key] !== value)
      throw new Error(`identity.json records ${key} ${String(known[key])}, not ${value}`);
  return identityBytes({ ...known, ...wanted });
};

/** What of the record contradicts the repository, in words; empty where nothing does. */
export function contradictions(
  known: Identity | undefined,
  wanted: { talosCa: string; bootstrapNode?: string },
): string[] {
  const found: string[] = [];
  if (known?.talosCa !== undefined && known.talosCa !== wanted.talosCa)
    found.push(
      `the recorded Talos CA is ${known.talosCa.slice(0, 12)}, the repository's ${wanted.talosCa.slice(0, 12)}`,
    );
  if (
    known?.bootstrapNode !== undefined &&
    wanted.bootstrapNode !== undefined &&
    known.bootstrapNode !== wanted.bootstrapNode
  )
    found.push(`the recorded bootstrap node is ${known.bootstrapNode}, the configured one ${wanted.bootstrapNode}`);
  return found;
}

/** The recorded etcd cluster, where the live one has no member in common with it; undefined where it is the same, or none is recorded. */
export function anotherEtcd(known: Identity | undefined, live: readonly string[]): string[] | undefined {
  const recorded = known?.etcdMembers ?? [];
  return recorded.length > 0 && live.length > 0 && !recorded.some((id) => live.includes(id)) ? recorded : undefined;
}
