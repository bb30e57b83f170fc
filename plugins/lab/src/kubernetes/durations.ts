import type { Ms } from '@coldstart/contract';
import type { Random } from '../model.ts';

/** From and to, in milliseconds. */
type Range = readonly [from: Ms, to: Ms];

const seconds = (from: number, to: number): Range => [from * 1000, to * 1000];

/**
 * How long the control plane and its controllers take. No public source gives these figures one by one: what is drawn from
 * them is an assumption, and `assumed()` says so. The sums keep to what is told of whole bring-ups: Cilium to ready 60 to
 * 150 s, the rest of core 60 to 180 s, the first reconciliation of Flux 30 to 120 s.
 */
export const RANGES = {
  'crd established': [300, 2500],
  'node Ready after its Cilium agent': seconds(2, 6),
  'node Ready after registration, where Talos brings the CNI': seconds(15, 40),
  'cilium pod Ready': seconds(55, 125),
  'cilium-envoy pod Ready': seconds(25, 60),
  'hubble-relay pod Ready after its node': seconds(5, 20),
  'pod Ready': seconds(8, 25),
  'flux pod Ready': seconds(6, 18),
  'object taken up by an operator': seconds(1, 4),
  'source fetched by Flux': seconds(2, 9),
  'Kustomization applied by Flux': seconds(1, 6),
  'HelmRelease reconciled by Flux': seconds(3, 12),
  'chart fetched by helm': [300, 1500],
  'chart rendered by helmfile': [400, 1800],
} as const satisfies Record<string, Range>;
export type Named = keyof typeof RANGES;

/** What was drawn already, by seed: the same question is asked at every look. */
const drawn = new WeakMap<object, Map<string, Ms>>();

/**
 * A duration in milliseconds for one named thing, e.g. one pod: a pure function of the world's seed and the name, the same
 * whatever was drawn before, so that a saved world goes on alike.
 */
export function draw(random: Pick<Random, 'of'>, range: Named, name: string): Ms {
  const known = drawn.get(random) ?? new Map<string, Ms>();
  drawn.set(random, known);
  const key = `${range}/${name}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const [from, to] = RANGES[range];
  const duration = Math.round(from + random.of('kubernetes', range, name) * (to - from));
  known.set(key, duration);
  return duration;
}

/** Lines for the rehearsal's list of what was assumed. */
export function assumedRanges(): string[] {
  const shown = (ms: number): string => `${ms / 1000}`;
  return Object.entries(RANGES).map(([name, [from, to]]) => `duration: ${name}: ${shown(from)} to ${shown(to)} s`);
}
