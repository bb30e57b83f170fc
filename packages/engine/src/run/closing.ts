import type { Step } from '@coldstart/contract';
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
 * was done and the end. Says of each such step whether all its items that were good are still done. While it waits for one,
 * another may go, so what counts is that all are done in one and the same round.
 */
export async function closingLooks(
  run: RunContext,
  order: Order,
  results: readonly StepResult[],
  facts: FactStore,
): Promise<StepResult[]> {
  const steps = order.phases
    .flatMap((p) => p.steps.map(({ step }) => step))
    .filter((step) => step.standing === true)
    .flatMap((step): Standing[] => {
      const good = results.find((r) => r.id === step.id)?.items.filter((i) => isGood(i.verdict)) ?? [];
      return good.length === 0 ? [] : [{ step, items: good.map(({ key }) => key) }];
    });
  await Promise.all(steps.map(({ step }) => run.journal.write({ type: 'item-start', ...nameOf(step) })));
  const until = run.world.mono() + WITHIN;
  for (;;) {
    const round = await Promise.all(
      steps.map(async (standing) => ({
        ...standing,
        looked: await lookAt(standing.step, { ...run, facts: facts.all(), items: standing.items }),
      })),
    );
    const all = round.every(({ looked }) => looked.every(isDone));
    if (all || run.world.mono() >= until || run.stop.aborted)
      return Promise.all(round.map(({ step, looked }) => ending(run, step, looked)));
    await run.world.sleep(EVERY, run.stop);
  }
}

type Standing = { step: Step; items: readonly string[] };

const nameOf = (step: Step) => ({ phase: step.phase, step: CLOSING, item: step.id });
const isDone = ({ observation }: Looked): boolean => observation.state === 'done';

async function ending(run: RunContext, step: Step, looked: readonly Looked[]): Promise<StepResult> {
  const first = looked.find((l) => !isDone(l))?.observation;
  const ended = first
    ? {
        verdict: run.stop.aborted ? ('interrupted' as const) : ('failed' as const),
        cause: `it was done, and is not any more: ${first.cause ?? first.state}`,
        remedy: first.remedy ?? 'Look at it, then give the same command again.',
        page: first.page ?? null,
      }
    : { verdict: 'done' as const, cause: null, remedy: null, page: null };
  const signals = looked.flatMap(({ observation }) => observation.signals);
  await run.journal.write({ type: 'item-end', ...nameOf(step), ...ended, signals, diagnosis: [] });
  return { id: CLOSING, verdict: ended.verdict, items: [{ key: step.id, facts: undefined, ...ended }] };
}
