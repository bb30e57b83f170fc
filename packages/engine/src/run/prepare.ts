import type { Action, Facts, Step } from '@coldstart/contract';
import { act } from './act.ts';
import { backoff, NO_RETRY } from './backoff.ts';
import type { RunContext } from './context.ts';
import { judge } from './ending.ts';
import { Interrupted, orStopped } from './interrupt.ts';
import { readerOf } from './reader.ts';
import { Slots } from './slots.ts';

export type Prepared = {
  artefacts: Record<string, Uint8Array>;
  failure?: { cause: string; remedy: string; page?: string } | undefined;
};

/** How many preparations run at once: they share the machine with what acts on the cluster. */
const WIDTH = 2;

/**
 * Does the offline work of a run's steps beside everything else, and hands each item its own when it asks. It begins when
 * the run begins to change something, with all of it; until then only what somebody asks for, so that a run which finds all
 * done fetches and renders nothing. A preparation that fails is tried again as its step says; only then is it the item's
 * failure.
 */
export class Preparations {
  readonly #run: RunContext;
  readonly #slots = new Slots(WIDTH);
  readonly #waiting = new Map<string, () => Promise<Prepared>>();
  readonly #jobs = new Map<string, Promise<Prepared>>();

  constructor(run: RunContext) {
    this.#run = run;
  }

  add(phase: string, step: Step, item: string, actions: readonly Action[], facts: Facts): void {
    if (actions.length === 0 || step.kind !== 'change') return;
    const key = keyOf(step, item);
    this.#waiting.set(key, () => this.#prepare(phase, step, item, actions, facts));
    if (step.looksAtPrepared) this.#start(key);
  }

  /** Something is about to be changed: what was made for it will be needed soon. */
  begin(): void {
    // Starting one takes it from those that wait, which a walk over a map allows.
    for (const key of this.#waiting.keys()) this.#start(key);
  }

  /** What was made for an item, as soon as it is there; undefined where it has no preparation. */
  of(step: Step, item: string): Promise<Prepared> | undefined {
    const key = keyOf(step, item);
    this.#start(key);
    return this.#jobs.get(key);
  }

  #start(key: string): void {
    const prepare = this.#waiting.get(key);
    if (!prepare) return;
    this.#waiting.delete(key);
    const job = prepare();
    job.catch(() => {});
    this.#jobs.set(key, job);
  }

  /** Waits until nothing of it runs any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#jobs.values());
  }

  async #prepare(phase: string, step: Step, item: string, actions: readonly Action[], facts: Facts): Promise<Prepared> {
    if (step.kind !== 'change') return { artefacts: {} };
    const artefacts: Record<string, Uint8Array> = {};
    const retry = step.retry?.(facts) ?? NO_RETRY;
    const { world, kit } = this.#run;
    for (const action of actions) {
      for (let attempt = 1; ; attempt += 1) {
        await orStopped(this.#slots.take(0), this.#run.stop);
        const done = await act(action, {
          run: this.#run.id,
          name: { phase, step: step.id, item, action: action.id, attempt },
          kit,
          journal: this.#run.journal,
          masks: this.#run.masks,
          stop: this.#run.stop,
          mayLookAgain: false,
          look: {
            cluster: this.#run.cluster,
            key: item,
            item: undefined,
            facts,
            world: readerOf(world),
            artefacts,
            attempt,
            past: this.#run.past,
          },
          holes: { facts, seen: {}, outs: {}, artefacts, transforms: kit.transforms, merges: kit.merges, world },
          judge: (failure) => judge(step, failure),
        }).finally(() => this.#slots.give());
        if (done.outcome === 'stopped') throw new Interrupted();
        if (done.outcome === 'ok') {
          if (action.out && done.stdout) artefacts[action.out.as] = done.stdout;
          break;
        }
        if (done.outcome === 'refused' || done.outcome === 'moved')
          return { artefacts, failure: { cause: done.cause, remedy: done.remedy ?? '' } };
        const judged = judge(step, done.failure);
        if (judged.kind === 'fatal' || attempt > retry.retries)
          return {
            artefacts,
            failure: {
              cause: judged.cause,
              remedy: judged.remedy,
              ...(judged.page !== undefined && { page: judged.page }),
            },
          };
        await orStopped(
          world.sleep(
            backoff(retry, attempt, () => world.random()),
            this.#run.stop,
          ),
          this.#run.stop,
        );
      }
    }
    return { artefacts };
  }
}

const keyOf = (step: Step, item: string): string => `${step.id} ${item}`;
