import type { StateRelease } from './state.ts';

/** `kube-system/cilium`, with the context before where the call names one: how helmfile calls a release in its errors. */
export const idOf = (release: Pick<StateRelease, 'name' | 'namespace'>, context: string | undefined): string =>
  [context, release.namespace, release.name].filter((part) => part !== undefined && part !== '').join('/');

/** A need as the id of a release: a bare name means the same namespace. */
function needed(need: string, by: StateRelease, context: string | undefined): string {
  const parts = need.split('/');
  const name = parts.at(-1) ?? '';
  return idOf({ name, namespace: parts.length > 1 ? (parts.at(-2) as string) : by.namespace }, context);
}

export type Ordered = { groups: StateRelease[][] } | { problem: string; warnings: string[] };

/**
 * Puts releases into groups, each after all that it needs. What is needed has to stand in `all`; what is there and not
 * among the chosen ones does not hold anything up.
 */
export function order(chosen: StateRelease[], all: StateRelease[], context: string | undefined): Ordered {
  const known = new Map(all.map((release) => [idOf(release, context), release]));
  const wanted = new Map(chosen.map((release) => [idOf(release, context), release]));
  for (const release of chosen)
    for (const need of release.needs) {
      const id = needed(need, release, context);
      const other = known.get(id);
      if (other?.installed === true) continue;
      const name = need.split('/').at(-1) ?? need;
      const warning = `WARNING: release ${release.name} needs ${name}, but ${name} is not installed due to installed: false. Either mark ${name} as installed or remove ${name} from ${release.name}'s needs`;
      return {
        warnings: [warning],
        problem:
          `release(s) "${idOf(release, context)}" depend(s) on an undefined release "${id}". ` +
          `Perhaps you made a typo in "needs" or forgot defining a release named "${name}" with appropriate "namespace" and "kubeContext"?`,
      };
    }
  const cycle = cycleOf(wanted, context);
  if (cycle) return { warnings: [], problem: `cycle detected: ${cycle.join(' -> ')}` };

  const groups: StateRelease[][] = [];
  const placed = new Set<string>();
  while (placed.size < wanted.size) {
    const group = [...wanted].filter(
      ([id, release]) =>
        !placed.has(id) &&
        release.needs.every(
          (need) => !wanted.has(needed(need, release, context)) || placed.has(needed(need, release, context)),
        ),
    );
    groups.push(group.map(([, release]) => release));
    for (const [id] of group) placed.add(id);
  }
  return { groups };
}

function cycleOf(releases: Map<string, StateRelease>, context: string | undefined): string[] | undefined {
  const done = new Set<string>();
  const walk = (id: string, path: string[]): string[] | undefined => {
    const from = path.indexOf(id);
    if (from >= 0) return [...path.slice(from), id];
    const release = releases.get(id);
    if (release === undefined || done.has(id)) return undefined;
    for (const need of release.needs) {
      const found = walk(needed(need, release, context), [...path, id]);
      if (found) return found;
    }
    done.add(id);
    return undefined;
  };
  for (const id of [...releases.keys()].toSorted()) {
    const found = walk(id, []);
    if (found) return found;
  }
  return undefined;
}
