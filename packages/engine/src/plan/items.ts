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
  inOrder(step, items);
  if (!step.forEach || only.length === 0) return items;
  return items
    .filter((i) => only.includes(i.key))
    .map((i) => ({ ...i, after: (i.after ?? []).filter((b) => only.includes(b)) }));
}

/** The same items, each after those that it comes after; else as they were. Refuses a circle. */
export function inOrder(step: Pick<Step, 'id'>, items: readonly Item<unknown>[]): Item<unknown>[] {
  const ordered: Item<unknown>[] = [];
  const placed = new Set<string>();
  for (let left = [...items]; left.length > 0; left = left.filter((i) => !placed.has(i.key))) {
    const next = left.find((i) => (i.after ?? []).every((b) => placed.has(b)));
    if (!next) throw odd(step, `${left.map((i) => i.key).join(', ')} wait for one another in a circle`);
    placed.add(next.key);
    ordered.push(next);
  }
  return ordered;
}

const odd = (step: Pick<Step, 'id'>, what: string): Problem =>
  new Problem(`${step.id}: ${what}.`, { exit: EXIT.usage, remedy: 'Mend the file that lists them.' });
