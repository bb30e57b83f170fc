import type {
  Action,
  Failure,
  Facts,
  Item,
  Json,
  Judgement,
  Look,
  Observation,
  Past,
  Settle,
  Signal,
  Step,
  Verdict,
} from '@coldstart/contract';
import { canonical } from '../plan/compare.ts';
import { act, type Acted } from './act.ts';
import { backoff, NO_RETRY } from './backoff.ts';
import { blocked, explanation, fatal, judge, reached, refused, spent, timedOut, type Ending } from './ending.ts';
import type { FactStore } from './facts.ts';
import { Interrupted, orStopped } from './interrupt.ts';
import { keepPins } from './pins.ts';
import type { Prepared, Preparations } from './prepare.ts';
import { readerOf } from './reader.ts';
import type { RunContext } from './context.ts';
import type { Slots } from './slots.ts';

export type ItemResult = {
  key: string;
  verdict: Verdict;
  facts: Facts | undefined;
  cause: string | null;
  remedy: string | null;
  page: string | null;
};

/** An action that ended ok is not sent again before this long, whatever the next look says (eventual consistency). */
const GRACE = 10_000;
/** How many looks may tell nothing, where a step gives no time to settle. */
const BLIND_LOOKS = 3;
const BLIND_EVERY = 2_000;
/** What was seen longer ago than this (ms) is looked at again before anything is sent. */
const STALE = 1000;

/**
 * One item of a step, from the first look to its verdict: observe → done? skip → guards → journal → act → journal →
 * observe again until done and steady. Retry means observe again: an action is sent again only when a look says `needed`.
 */
export async function carryItem(
  run: RunContext,
  at: {
    phase: string;
    step: Step;
    item: Item<unknown>;
    /** Its place among the step's items. */
    index: number;
    actions: Action[];
    preparations: Preparations;
    slots: Slots | undefined;
    holdUntilSettled: boolean;
    facts: FactStore;
  },
): Promise<ItemResult> {
  const { step, item } = at;
  const name = { phase: at.phase, step: step.id, item: item.key };
  const carrier = new Carrier(run, at, name);
  await run.journal.write({ type: 'item-start', ...name });
  let ending: Ending;
  try {
    ending = await carrier.carry();
  } catch (error) {
    if (!(error instanceof Interrupted) && !run.stop.aborted) throw error;
    ending = { verdict: 'interrupted', signals: carrier.last?.signals ?? [], cause: 'the run was interrupted' };
  } finally {
    carrier.release();
  }
  const diagnosis = ending.diagnose ? await carrier.diagnose() : [];
  const explained = explanation(step, diagnosis);
  if (explained && !ending.told) {
    const { waited = '' } = ending;
    ending = { ...ending, ...explained, cause: `${explained.cause}${waited}` };
  }
  await run.journal.write({
    type: 'item-end',
    ...name,
    verdict: ending.verdict,
    signals: ending.signals,
    cause: ending.cause ?? null,
    remedy: ending.remedy ?? null,
    page: ending.page ?? null,
    diagnosis,
  });
  return {
    key: item.key,
    verdict: ending.verdict,
    facts: ending.facts,
    cause: ending.cause ?? null,
    remedy: ending.remedy ?? null,
    page: ending.page ?? null,
  };
}

class Carrier {
  readonly #run: RunContext;
  readonly #at: Parameters<typeof carryItem>[1];
  readonly #name: { phase: string; step: string; item: string };
  readonly #outs: Record<string, Uint8Array> = {};
  readonly #deviations = new Set<string>();
  #held = false;
  #shown = '';
  #attempt = 0;
  /** How often a guard said that the world had moved on before anything was sent. */
  #moved = 0;
  /** What was made beforehand; undefined as long as it was not asked for. */
  #prepared: Prepared | undefined;
  /** When the last attempt ended, and how; undefined before the first. */
  #acted: { at: number; ok: boolean; judged?: Judgement } | undefined;
  last: Observation | undefined;

  constructor(
    run: RunContext,
    at: Parameters<typeof carryItem>[1],
    name: { phase: string; step: string; item: string },
  ) {
    this.#run = run;
    this.#at = at;
    this.#name = name;
  }

  async carry(): Promise<Ending> {
    const { step } = this.#at;
    const world = this.#run.world;
    const settle = step.settle?.(this.#at.facts.all());
    let since = world.mono();
    let steadySince: number | undefined;
    let blind = 0;
    if (step.kind === 'change' && step.looksAtPrepared) await this.#prepare();
    if (this.#at.holdUntilSettled) await this.#take();
    for (;;) {
      const seen = await this.#observe();
      if (seen.state !== 'done') steadySince = undefined;
      blind = seen.state === 'unknown' ? blind + 1 : 0;

      if (seen.state === 'done') {
        if (!this.#acted) return (await this.#pin(seen)) ?? reached(step.kind === 'change' ? 'skipped' : 'done', seen);
        steadySince ??= world.mono();
        if (!settle || world.mono() - steadySince >= settle.stableFor)
          return (await this.#pin(seen)) ?? reached('done', seen);
        await this.#wait(Math.min(settle.every, settle.stableFor));
        continue;
      }
      if (seen.state === 'blocked') return blocked(seen, this.#attempt > 0);
      // That its preparation failed is its failure, unless it is done already.
      const unprepared = this.#prepared?.failure;
      if (unprepared) return { verdict: 'failed', signals: seen.signals, ...unprepared };

      if (seen.state === 'needed' && step.kind === 'change') {
        if (this.#inGrace()) {
          await this.#wait(settle?.every ?? BLIND_EVERY);
          continue;
        }
        const due = await this.#mayAct(seen);
        if (due === 'again') continue;
        if (due) return due;
        if (this.#at.slots && !this.#held) {
          // Others may have acted while this one waited for its turn: look again.
          await this.#take();
          continue;
        }
        if (!this.#prepared) {
          const asked = world.mono();
          const { failure } = await this.#prepare();
          if (failure || world.mono() - asked > STALE) continue;
        }
        const acted = (await this.#pin(seen)) ?? (await this.#act(seen));
        if (acted) return acted;
        since = world.mono();
        continue;
      }
      const within = settle?.within ?? 0;
      // One look may take as long as the whole wait: what is not known is never judged by fewer than three in a row.
      const told = seen.state !== 'unknown' || blind >= BLIND_LOOKS;
      const bound = told && (!settle || world.mono() - since >= within);
      if (bound) return this.#timedOut(seen, world.mono() - since, settle);
      await this.#wait(settle?.every ?? BLIND_EVERY);
    }
  }

  /** What the step can find out about why a wait ended badly; never the cause of a second failure. */
  async diagnose(): Promise<Signal[]> {
    if (!this.#at.step.diagnose || this.#run.stop.aborted) return [];
    try {
      return await orStopped(this.#at.step.diagnose(this.#look()), this.#run.stop);
    } catch (error) {
      return [
        { name: 'diagnosis', expected: 'possible', observed: String(error), ok: false, source: this.#at.step.id },
      ];
    }
  }

  release(): void {
    if (this.#held) this.#at.slots?.give();
    this.#held = false;
    this.#at.slots?.pass(this.#at.index);
  }

  async #prepare(): Promise<Prepared> {
    const made = this.#at.preparations.of(this.#at.step, this.#at.item.key);
    return (this.#prepared = made ? await orStopped(made, this.#run.stop) : { artefacts: {} });
  }

  /** A slot is for acting: whoever only waits for the world does not hold one, unless the step says so. */
  async #take(): Promise<void> {
    if (!this.#at.slots) return;
    await orStopped(this.#at.slots.take(this.#at.index), this.#run.stop);
    this.#held = true;
  }

  async #wait(ms: number): Promise<void> {
    if (!this.#at.holdUntilSettled) this.release();
    await orStopped(this.#run.world.sleep(ms, this.#run.stop), this.#run.stop);
  }

  #look(): Look {
    return {
      cluster: this.#run.cluster,
      key: this.#at.item.key,
      item: this.#at.item.item,
      facts: this.#at.facts.all(),
      world: readerOf(this.#run.world),
      artefacts: this.#prepared?.artefacts ?? {},
      attempt: this.#attempt,
      past: this.#run.past,
    };
  }

  async #observe(): Promise<Observation> {
    const seen = await orStopped(this.#at.step.observe(this.#look()), this.#run.stop);
    this.last = seen;
    const shown = canonical({ state: seen.state, cause: seen.cause ?? null, signals: seen.signals as unknown as Json });
    if (shown !== this.#shown) {
      this.#shown = shown;
      await this.#run.journal.write({
        type: 'look',
        ...this.#name,
        state: seen.state,
        signals: seen.signals,
        cause: seen.cause ?? null,
      });
    }
    for (const what of seen.deviations ?? [])
      if (!this.#deviations.has(what)) {
        this.#deviations.add(what);
        await this.#run.journal.write({ type: 'deviation', what, subject: `${this.#name.step} ${this.#name.item}` });
      }
    return seen;
  }

  #inGrace(): boolean {
    return this.#acted?.ok === true && this.#run.world.mono() - this.#acted.at < GRACE;
  }

  /** Whether another attempt is due: an ending when not, `again` after waiting for it (the look is stale by then). */
  async #mayAct(seen: Observation): Promise<Ending | 'again' | undefined> {
    const { step } = this.#at;
    const retry = (step.kind === 'change' && step.retry?.(this.#at.facts.all())) || NO_RETRY;
    if (!this.#acted) return undefined;
    const judged = this.#acted.judged;
    if (this.#attempt > retry.retries) return spent(seen, judged, this.#attempt);
    const due = this.#acted.at + backoff(retry, this.#attempt, () => this.#run.world.random());
    const left = due - this.#run.world.mono();
    if (left <= 0) return undefined;
    await this.#run.journal.write({
      type: 'retry',
      ...this.#name,
      attempt: this.#attempt + 1,
      in: Math.round(left),
      cause: judged?.cause ?? seen.cause ?? 'it is needed again',
    });
    await this.#wait(left);
    return 'again';
  }

  /** Records what tells the cluster; a refusal where something else is recorded by now. */
  async #pin(seen: Observation): Promise<Ending | undefined> {
    if (!seen.pins || seen.pins.length === 0) return undefined;
    const { world, cluster, id, stop } = this.#run;
    const cause = await keepPins(world, cluster, seen.pins, { id, stop });
    if (cause === undefined) return undefined;
    return {
      verdict: 'refused',
      signals: seen.signals,
      cause,
      remedy: `Find out which of the two is this cluster. Where the recorded one is gone for good: --repin ${cluster}.`,
      page: 'identity',
    };
  }

  async #act(seen: Observation): Promise<Ending | undefined> {
    this.#attempt += 1;
    this.#at.preparations.begin();
    for (const [nth, action] of this.#at.actions.entries()) {
      const done = await this.#one(action, seen);
      if (done.outcome === 'ok') {
        if (action.out && done.stdout) this.#outs[action.out.as] = done.stdout;
        continue;
      }
      if (done.outcome === 'moved') {
        this.#moved += 1;
        // What came before it in this attempt was carried out.
        if (nth > 0) this.#acted = { at: this.#run.world.mono(), ok: false };
        return undefined;
      }
      this.#acted = { at: this.#run.world.mono(), ok: false };
      if (done.outcome === 'stopped') throw new Interrupted();
      if (done.outcome === 'refused') return refused(seen, done);
      const judged = this.#judge(done.failure);
      this.#acted.judged = judged;
      if (judged.kind === 'fatal') return fatal(seen, judged);
      return undefined;
    }
    this.#acted = { at: this.#run.world.mono(), ok: true };
    return undefined;
  }

  async #one(action: Action, seen: Observation): Promise<Acted> {
    const { world, kit } = this.#run;
    const name = { ...this.#name, action: action.id, attempt: this.#attempt };
    const before: Past = {
      run: this.#run.id,
      step: name.step,
      item: name.item,
      action: action.id,
      outcome: 'open',
      at: world.now(),
    };
    this.#run.past.push(before);
    const done = await act(action, {
      run: this.#run.id,
      name,
      kit,
      journal: this.#run.journal,
      masks: this.#run.masks,
      stop: this.#run.stop,
      mayLookAgain: this.#moved < BLIND_LOOKS,
      look: this.#look(),
      holes: {
        facts: this.#at.facts.all(),
        seen: seen.facts ?? {},
        outs: this.#outs,
        artefacts: this.#prepared?.artefacts ?? {},
        transforms: kit.transforms,
        merges: kit.merges,
        world,
      },
      judge: (failure) => this.#judge(failure),
    });
    const ended =
      done.outcome === 'ok'
        ? 'ok'
        : done.outcome === 'stopped'
          ? 'unknown'
          : done.outcome === 'failed' && this.#judge(done.failure).kind === 'ambiguous'
            ? 'unknown'
            : 'failed';
    Object.assign(before, { outcome: ended, mono: world.mono() });
    return done;
  }

  #judge(failure: Failure): Judgement {
    const { step } = this.#at;
    if (step.kind !== 'change') throw new Error(`${step.id} does not act`);
    return judge(step, failure);
  }

  #timedOut(seen: Observation, waited: number, settle: Settle | undefined): Ending {
    const once = this.#at.actions.some((action) => action.risk === 'once');
    const open = seen.state === 'unknown' && once && this.#attempt > 0;
    return timedOut(seen, { waited, settle, judged: this.#acted?.judged, open });
  }
}
