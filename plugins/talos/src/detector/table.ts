import type { Class } from './classes.ts';

/**
 * - `safe`     every control plane is known to hold no etcd data: bootstrap makes the first cluster
 * - `done`     one cluster, and every control plane is a voting member of it
 * - `joining`  one cluster, and some control plane is not a voting member of it yet
 * - `split`    more than one cluster
 * - `unknown`  somebody did not tell enough; bootstrapping now could make a second cluster
 */
export type Verdict = 'safe' | 'done' | 'joining' | 'split' | 'unknown';

type Row = { some?: readonly Class[]; only?: readonly Class[]; verdict: Verdict; why: string };

/**
 * Read from above, the first row that fits decides. `some`: at least one control plane is of such a class. `only`: all are.
 * What no row names stays `unknown`, and `unknown` never bootstraps.
 */
export const TABLE: readonly Row[] = [
  { some: ['foreign'], verdict: 'unknown', why: 'a machine of another cluster: nothing said here is about ours alone' },
  { some: ['elsewhere'], verdict: 'split', why: 'two lists of members without one in common are two clusters' },
  { some: ['sick'], verdict: 'unknown', why: 'an etcd that nobody knows of may be a cluster of its own' },
  { only: ['voter'], verdict: 'done', why: 'every control plane votes, in every list' },
  {
    some: ['voter', 'joining'],
    verdict: 'joining',
    why: 'there is a cluster; whoever is missing joins it, or is away',
  },
  { some: ['unseen'], verdict: 'unknown', why: 'an unreachable control plane is never taken for an empty one' },
  { only: ['empty', 'waiting'], verdict: 'safe', why: 'every control plane is known to hold no etcd data' },
];

/** What the classes of all control planes come to. */
export function verdictOf(classes: readonly Class[]): Verdict {
  if (classes.length === 0) return 'unknown';
  const fits = ({ some, only }: Row): boolean =>
    some ? classes.some((one) => some.includes(one)) : classes.every((one) => only?.includes(one));
  return TABLE.find(fits)?.verdict ?? 'unknown';
}
