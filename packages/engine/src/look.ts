import type { Facts, Ms, Observation, Past, Procedure, Step, World } from '@coldstart/contract';
import type { Kit } from './kit.ts';
import { itemsOf } from './plan/items.ts';
import { withNeeded } from './plan/needed.ts';
import { orderSteps, type Selection } from './plan/order.ts';
import { FactStore } from './run/facts.ts';
import { orStopped } from './run/interrupt.ts';
import { readerOf } from './run/reader.ts';

export type Looked = { phase: string; step: string; title: string; item: string; observation: Observation; ms: Ms };

type With = {
  cluster: string;
  world: World;
  stop: AbortSignal;
  past: readonly Past[];
  facts: Facts;
  items?: readonly string[];
};

/** One look at each item of a step, all at once. A look that throws is `unknown`, with the reason. */
export async function lookAt(
  step: Step,
  at: With,
  artefacts: Readonly<Record<string, Uint8Array>> = {},
): Promise<Looked[]> {
  return Promise.all(
    itemsOf(step, at.facts, at.items).map(async ({ key, item }) => {
      const began = at.world.mono();
      let observation: Observation;
      try {
        observation = await orStopped(
          step.observe({
            cluster: at.cluster,
            key,
            item,
            facts: at.facts,
            world: readerOf(at.world),
            artefacts,
            attempt: 0,
            past: at.past,
          }),
          at.stop,
        );
      } catch (error) {
        if (at.stop.aborted) throw error;
        observation = { state: 'unknown', signals: [], cause: error instanceof Error ? error.message : String(error) };
      }
      return {
        phase: step.phase,
        step: step.id,
        title: step.title,
        item: key,
        observation,
        ms: Math.round(at.world.mono() - began),
      };
    }),
  );
}

/**
 * Where a cluster stands: one look at every step, in order, changing nothing. A step whose facts are missing since an
 * earlier one is not done is not looked at, and says so.
 */
export async function look(
  kit: Kit,
  procedure: Procedure,
  at: With & { selection?: Selection; on?: (looked: Looked) => void },
): Promise<Looked[]> {
  const store = new FactStore(at.facts);
  const all: Looked[] = [];
  const order = orderSteps(kit, procedure, at.facts);
  // A changing step brings its preflight along where it is run; where it is only looked at, that would be looks for nothing.
  const asked = at.selection?.steps;
  const wanted = new Set(
    orderSteps(kit, procedure, at.facts, at.selection)
      .phases.flatMap((p) => p.steps.map((s) => s.step.id))
      .filter((id) => asked?.includes(id) ?? true),
  );
  const needed = withNeeded(
    wanted,
    order.phases.flatMap((p) => p.steps.map((s) => s.step)),
    at.facts,
  );
  for (const { step } of order.phases.flatMap((p) => p.steps)) {
    if (!wanted.has(step.id) && !needed.has(step.id)) continue;
    const facts = store.all();
    const missing = step.needs.filter(
      (need) => !(need in facts) && !(step.despite ?? []).some((id) => kit.steps.get(id)?.provides.includes(need)),
    );
    const looked =
      missing.length > 0 ? notLooked(step, facts, at.items, missing) : await lookAt(step, { ...at, facts });
    if (looked.length > 0 && looked.every((l) => l.observation.state === 'done'))
      store.provide(
        step,
        looked.map((l) => ({ key: l.item, facts: l.observation.facts })),
      );
    if (!wanted.has(step.id)) continue;
    for (const l of looked) {
      all.push(l);
      at.on?.(l);
    }
  }
  return all;
}

function notLooked(step: Step, facts: Facts, items: readonly string[] | undefined, missing: string[]): Looked[] {
  const cause = `not looked at: ${missing.join(', ')} is not known yet`;
  return itemsOf(step, facts, items).map(({ key }) => ({
    phase: step.phase,
    step: step.id,
    title: step.title,
    item: key,
    observation: { state: 'unknown', signals: [], cause },
    ms: 0,
  }));
}
