import { dig, isObject, num, parseJson } from '@coldstart/tools';

/** One part of Cilium: how many of its pods are wanted, ready and available. */
export type CiliumPart = { name: string; desired: number; ready: number; available: number };

/** `cilium status -o json`. `errors`: how many the tool found, by part. */
export type CiliumStatus = { parts: CiliumPart[]; errors: Record<string, number>; collectionErrors: number };

/** Undefined where the text is no such status: `cilium status --wait` prints none when its time is up. */
export function parseStatus(stdout: string): CiliumStatus | undefined {
  const value = parseJson(stdout);
  const state = dig(value, 'pod_state');
  if (!isObject(state)) return undefined;
  const parts = Object.entries(state).map(([name, part]) => ({
    name,
    desired: num(part, 'Desired') ?? 0,
    ready: num(part, 'Ready') ?? 0,
    available: num(part, 'Available') ?? 0,
  }));
  const errors: Record<string, number> = {};
  const told = dig(value, 'errors');
  for (const [part, pods] of Object.entries(isObject(told) ? told : {})) {
    const count = Object.values(isObject(pods) ? pods : {}).reduce<number>(
      (sum, pod) => sum + countOf(dig(pod, 'Errors')),
      0,
    );
    if (count > 0) errors[part] = count;
  }
  return { parts, errors, collectionErrors: countOf(dig(value, 'collection_errors')) };
}

const countOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);
