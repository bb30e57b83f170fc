import type { Facts, Procedure, Step } from '@coldstart/contract';
import type { Kit } from '../kit.ts';
import { orderSteps, type Order } from '../plan/order.ts';
import { lookAt, type Looked } from '../look.ts';
import type { RunContext } from './context.ts';
import type { FactStore } from './facts.ts';

/** A fact that a step outside the selection would provide, and does not, since what it brings about is not there. */
export type Missing = { step: string; cause: string };

/**
 * Looks at the steps outside a selection whose facts it needs, and theirs, and keeps what they provide. Nothing is run.
 * Returns the steps that are not done.
 */
export async function borrowFacts(
  run: RunContext,
  kit: Kit,
  procedure: Procedure,
  order: Order,
  store: FactStore,
): Promise<Missing[]> {
  const wanted = new Set(order.phases.flatMap((p) => p.steps.flatMap((s) => s.borrows)));
  if (wanted.size === 0) return [];
  const all = orderSteps(kit, procedure, store.all()).phases.flatMap((p) => p.steps);
  const missing: Missing[] = [];
  for (const id of closure(
    all.map((p) => p.step),
    wanted,
    store.all(),
  )) {
    const step = kit.steps.get(id);
    if (!step) continue;
    const looked = await lookAt(step, { ...run, facts: store.all() });
    if (looked.every((l) => l.observation.state === 'done')) store.provide(step, looked.map(asProvided));
    else missing.push({ step: id, cause: causeOf(looked) });
  }
  return missing.filter((m) => wanted.has(m.step));
}

const asProvided = (l: Looked): { key: string; facts: Facts | undefined } => ({
  key: l.item,
  facts: l.observation.facts,
});

function causeOf(looked: readonly Looked[]): string {
  const bad = looked.find((l) => l.observation.state !== 'done');
  return bad ? `${bad.item}: ${bad.observation.cause ?? bad.observation.state}` : 'it is not done';
}

/** The wanted steps and those that they need, in the procedure's order. */
function closure(steps: readonly Step[], wanted: ReadonlySet<string>, facts: Facts): string[] {
  const all = new Set(wanted);
  for (let grown = true; grown;) {
    grown = false;
    for (const step of steps.filter((s) => all.has(s.id)))
      for (const need of step.needs) {
        if (need in facts) continue;
        const from = steps.find((s) => s.provides.includes(need));
        if (from && !all.has(from.id)) {
          all.add(from.id);
          grown = true;
        }
      }
  }
  return steps.filter((s) => all.has(s.id)).map((s) => s.id);
}
