import type { Facts, Procedure } from '@coldstart/contract';
import type { Kit } from '../kit.ts';
import { withNeeded } from '../plan/needed.ts';
import { orderSteps, type Order } from '../plan/order.ts';
import { lookAt, type Looked } from '../look.ts';
import type { RunContext } from './context.ts';
import type { FactStore } from './facts.ts';

/** A fact that a step outside the selection would provide, and does not, since what it brings about is not there. */
export type Missing = {
  step: string;
  cause: string;
  /** Going on would be unsafe: what was looked at belongs to another cluster, say. */
  refuse: boolean;
  remedy: string | null;
  page: string | null;
};

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
  const steps = orderSteps(kit, procedure, store.all()).phases.flatMap((p) => p.steps.map((placed) => placed.step));
  const needed = withNeeded(wanted, steps, store.all());
  const missing: Missing[] = [];
  for (const step of steps) {
    if (!needed.has(step.id)) continue;
    const looked = await lookAt(step, { ...run, facts: store.all() });
    if (looked.every((l) => l.observation.state === 'done')) store.provide(step, looked.map(asProvided));
    else missing.push({ step: step.id, ...whyOf(looked) });
  }
  return missing.filter((m) => wanted.has(m.step));
}

const asProvided = (l: Looked): { key: string; facts: Facts | undefined } => ({
  key: l.item,
  facts: l.observation.facts,
});

function whyOf(looked: readonly Looked[]): Omit<Missing, 'step'> {
  const bad =
    looked.find(({ observation }) => observation.refuse === true) ??
    looked.find(({ observation }) => observation.state !== 'done');
  const seen = bad?.observation;
  return {
    cause: bad ? `${bad.item}: ${seen?.cause ?? seen?.state}` : 'it is not done',
    refuse: seen?.state === 'blocked' && seen.refuse === true,
    remedy: seen?.remedy ?? null,
    page: seen?.page ?? null,
  };
}
