import type { Facts, Step } from '@coldstart/contract';

/** The wanted steps and all whose facts they need, directly or not. `steps` are in order: what is needed stands before. */
export function withNeeded(wanted: ReadonlySet<string>, steps: readonly Step[], facts: Facts): Set<string> {
  const all = new Set(wanted);
  for (const step of [...steps].reverse())
    if (all.has(step.id))
      for (const need of step.needs)
        if (!(need in facts)) for (const from of steps) if (from.provides.includes(need)) all.add(from.id);
  return all;
}
