import { EXIT, Problem, type Facts, type Item, type Step } from '@coldstart/contract';

/** The key of the single item of a step without `forEach`. */
export const SINGLE = 'cluster';

/** A step's items, from survey facts only; refuses duplicate keys, unknown edges and circles. `only` keeps the named ones of a step with `forEach`; empty keeps all. */
export function itemsOf(step: Step, facts: Facts, only: readonly string[] = []): Item<unknown>[] {
  const items = step.forEach ? step.forEach(facts) : [{ key: SINGLE, item: undefined }];
  const keys = new Set(items.map((i) => i.key));
  if (keys.size !== items.length) throw odd(step, 'names an item twice');
  for (const item of items)
    for (const before of item.after ?? [])
      if (!keys.has(before)) throw odd(step, `${item.key} comes after ${before}, which is not there`);
  const done = new Set<string>();
  for (let left = items; left.length > 0;) {
    const ready = left.filter((i) => (i.after ?? []).every((b) => done.has(b)));
    if (ready.length === 0) throw odd(step, `${left.map((i) => i.key).join(', ')} wait for one another in a circle`);
    for (const item of ready) done.add(item.key);
    left = left.filter((i) => !ready.includes(i));
  }
  if (!step.forEach || only.length === 0) return items;
  return items
    .filter((i) => only.includes(i.key))
    .map((i) => ({ ...i, after: (i.after ?? []).filter((b) => only.includes(b)) }));
}

const odd = (step: Step, what: string): Problem =>
  new Problem(`${step.id}: ${what}.`, { exit: EXIT.usage, remedy: 'Mend the file that lists them.' });
