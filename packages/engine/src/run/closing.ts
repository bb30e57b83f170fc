import type { Signal, Step } from '@coldstart/contract';
import { lookAt, type Looked } from '../look.ts';
import type { Order } from '../plan/order.ts';
import type { RunContext } from './context.ts';
import type { FactStore } from './facts.ts';
import { isGood, type StepResult } from './step.ts';

/** The step under whose name the journal has the looks at the end. */
export const CLOSING = 'coldstart/closing';
/** A node that restarts by itself is back by then; one that is gone stays gone. */
const WITHIN = 5 * 60_000;
const EVERY = 5000;

/**
 * Looks once more, before a run is called a success, at what must still stand: minutes lie between the moment when a step
 * was done and the end. Says of each such step whether all its items that were good are still done.
 */
export async function closingLooks(
  run: RunContext,
  order: Order,
  results: readonly StepResult[],
  facts: FactStore,
): Promise<StepResult[]> {
  const steps = order.phases.flatMap((p) => p.steps.map(({ step }) => step)).filter((step) => step.standing === true);
  return Promise.all(
    steps.flatMap((step) => {
      const keys = results.find((r) => r.id === step.id)?.items.filter((i) => isGood(i.verdict)) ?? [];
      const only = keys.map(({ key }) => key);
      return only.length === 0 ? [] : [closing(run, step, only, facts)];
    }),
  );
}

async function closing(run: RunContext, step: Step, items: readonly string[], facts: FactStore): Promise<StepResult> {
  const name = { phase: step.phase, step: CLOSING, item: step.id };
  await run.journal.write({ type: 'item-start', ...name });
  const until = run.world.mono() + WITHIN;
  const signals: Signal[] = [];
  let pending = items;
  let bad: Looked[] = [];
  for (;;) {
    const looked = await lookAt(step, { ...run, facts: facts.all(), items: pending });
    bad = looked.filter((l) => l.observation.state !== 'done');
    for (const { item, observation } of looked)
      if (!bad.some((l) => l.item === item)) signals.push(...observation.signals);
    pending = bad.map(({ item }) => item);
    if (bad.length === 0 || run.world.mono() >= until || run.stop.aborted) break;
    await run.world.sleep(EVERY, run.stop);
  }
  const first = bad[0]?.observation;
  const ended = first
    ? {
        verdict: run.stop.aborted ? ('interrupted' as const) : ('failed' as const),
        cause: `it was done, and is not any more: ${first.cause ?? first.state}`,
        remedy: first.remedy ?? 'Look at it, then give the same command again.',
        page: first.page ?? null,
      }
    : { verdict: 'done' as const, cause: null, remedy: null, page: null };
  await run.journal.write({
    type: 'item-end',
    ...name,
    ...ended,
    signals: [...signals, ...bad.flatMap(({ observation }) => observation.signals)],
    diagnosis: [],
  });
  return { id: CLOSING, verdict: ended.verdict, items: [{ key: step.id, facts: undefined, ...ended }] };
}
