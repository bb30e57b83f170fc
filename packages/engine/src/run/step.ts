import type { Item, PlanStep, Verdict } from '@coldstart/contract';
import type { Placed } from '../plan/order.ts';
import { inOrder, itemsOf } from '../plan/items.ts';
import type { RunContext } from './context.ts';
import type { FactStore } from './facts.ts';
import { carryItem, type ItemResult } from './item.ts';
import type { Preparations } from './prepare.ts';
import { Slots } from './slots.ts';

export type StepResult = { id: string; verdict: Verdict; items: ItemResult[] };

/**
 * Carries one step's items out, each on its own: at most `limit.n` act at once, an item waits for the items it comes
 * after, and one item's failure stops the others only where the step says so.
 */
export async function carryStep(
  run: RunContext,
  at: { placed: Placed; plan: PlanStep; only: readonly string[]; facts: FactStore; preparations: Preparations },
): Promise<StepResult> {
  const { step, phase } = at.placed;
  const limit = step.limit?.(at.facts.all());
  // Items refer to earlier ones by key, so each promise is kept before the next one may ask for it.
  const items = inOrder(step, itemsOf(step, at.facts.all(), at.only));
  const free = [...items.keys()].filter((i) => (items[i]?.after ?? []).length === 0);
  const slots = limit ? new Slots(limit.n, free) : undefined;
  const carried = new Map<string, Promise<ItemResult>>();
  let stopped = false;

  const carry = async (item: Item<unknown>, index: number): Promise<ItemResult> => {
    for (const before of item.after ?? []) {
      const earlier = await carried.get(before);
      if (earlier && !isGood(earlier.verdict)) return notRun(run, phase, step.id, item.key, `${before} is not there`);
    }
    if (stopped) return notRun(run, phase, step.id, item.key, 'an earlier one failed');
    const planned = at.plan.items.find((i) => i.key === item.key);
    const result = await carryItem(run, {
      phase,
      step,
      item,
      index,
      actions: planned?.actions ?? [],
      preparations: at.preparations,
      slots,
      holdUntilSettled: limit?.hold === 'settled',
      facts: at.facts,
    });
    if (!isGood(result.verdict) && limit?.onFailure === 'stop') stopped = true;
    return result;
  };

  for (const [index, item] of items.entries())
    carried.set(
      item.key,
      Promise.resolve()
        .then(() => carry(item, index))
        .finally(() => slots?.pass(index)),
    );
  const results = await settleAll([...carried.values()]);

  const bad = results.filter((r) => !isGood(r.verdict));
  const tolerated = step.tolerate?.(at.facts.all()) ?? 0;
  if (bad.length > 0 && bad.length <= tolerated && bad.every((r) => r.verdict === 'failed'))
    for (const { key, cause } of bad.splice(0))
      await run.journal.write({
        type: 'deviation',
        what: `goes on without it: ${cause ?? 'it failed'}`,
        subject: `${step.id} ${key}`,
      });
  const good = results.filter((r) => isGood(r.verdict));
  if (bad.length === 0) at.facts.provide(step, good);
  return {
    id: step.id,
    verdict: worst(bad.map((r) => r.verdict)) ?? (good.some((r) => r.verdict === 'done') ? 'done' : 'skipped'),
    items: results,
  };
}

export const isGood = (verdict: Verdict): boolean => verdict === 'done' || verdict === 'skipped';

/** The gravest of some verdicts; undefined for none. */
export function worst(verdicts: readonly Verdict[]): Verdict | undefined {
  const order: Verdict[] = ['refused', 'interrupted', 'failed', 'not-run', 'done', 'skipped'];
  return order.find((v) => verdicts.includes(v));
}

export async function notRun(
  run: RunContext,
  phase: string,
  step: string,
  key: string,
  cause: string,
  { remedy, page }: { remedy: string | null; page: string | null } = { remedy: null, page: null },
): Promise<ItemResult> {
  const ended = { verdict: 'not-run', cause, remedy, page } as const;
  await run.journal.write({ type: 'item-end', phase, step, item: key, ...ended, signals: [], diagnosis: [] });
  return { key, ...ended, facts: undefined };
}

/** Waits for all, even when one throws; then throws the first error. */
async function settleAll<T>(work: Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(work);
  const failed = settled.find((s) => s.status === 'rejected');
  if (failed) throw failed.reason;
  return settled.map((s) => (s as PromiseFulfilledResult<T>).value);
}
