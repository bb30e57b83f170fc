import {
  type Problem,
  type Done,
  type Exec,
  type Facts,
  type LockHolder,
  type LockSeen,
  type SharedLock,
} from '@coldstart/contract';
import { canLive, refusal, whoIs } from '../world/lock.ts';
import type { RunContext } from './context.ts';
import { readerOf } from './reader.ts';

/** How many signs of life a holder may leave out before it is taken for dead. */
const MISSED = 3;
const LOOK_EVERY = 5000;
/** How often taking it is tried where it fails for reasons of the moment. */
const TRIES = 3;
const TRY_EVERY = 2000;

/**
 * The locks of a run that other machines see. Each is taken once its facts are there, kept by signs of life, and given back
 * at the end. One that another run holds is a refusal; one that cannot be reached is a deviation, since the lock file and the
 * guards still hold.
 */
export class SharedLocks {
  readonly #run: RunContext;
  readonly #holder: LockHolder;
  readonly #locks: readonly SharedLock[];
  readonly #takeover: boolean;
  readonly #tried = new Map<string, Promise<void>>();
  readonly #taken: { lock: SharedLock; facts: Facts }[] = [];
  readonly #beats: Promise<void>[] = [];
  readonly #over = new AbortController();
  readonly #lose: (problem: Problem) => void;

  /** `lose` is called when another run has taken a lock over while this one still goes on. */
  constructor(
    run: RunContext,
    at: {
      locks: readonly SharedLock[];
      procedure: string;
      takeover: boolean;
      lose: (problem: Problem) => void;
    },
  ) {
    this.#run = run;
    this.#holder = { ...run.world.host(), run: run.id, procedure: at.procedure, at: run.world.now() };
    this.#locks = at.locks;
    this.#takeover = at.takeover;
    this.#lose = at.lose;
  }

  /** Takes what can be taken with these facts. Throws a refusal where another run holds one. */
  async take(facts: Facts): Promise<void> {
    for (const lock of this.#locks) {
      if (!lock.needs.every((need) => facts[need] !== undefined)) continue;
      const trying = this.#tried.get(lock.id) ?? this.#take(lock, facts);
      this.#tried.set(lock.id, trying);
      await trying;
    }
  }

  /** Gives back what is held. Never throws: what stays behind is found dead by the next run. */
  async release(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#beats);
    for (const { lock, facts } of this.#taken.splice(0)) {
      const done = await this.#send(
        lock.free({ ...this.#at(facts), holder: this.#holder }),
        new AbortController().signal,
      );
      await this.#note(lock, done.exit === 0 ? 'released' : 'left', done.exit === 0 ? null : whyOf(done));
    }
  }

  #at(facts: Facts): { cluster: string; facts: Facts } {
    return { cluster: this.#run.cluster, facts };
  }

  async #take(lock: SharedLock, facts: Facts): Promise<void> {
    let why = 'it was held by others in turn';
    for (let tries = 0; tries < TRIES && !this.#run.stop.aborted; tries += 1) {
      if (tries > 0) await this.#run.world.sleep(TRY_EVERY, this.#run.stop);
      const seen = await this.#look(lock, facts);
      if (seen.is === 'untold') {
        why = seen.why;
        continue;
      }
      const over = seen.is === 'held' ? await this.#mayTakeOver(lock, facts, seen) : undefined;
      if (over === 'free again') continue;
      await this.#note(lock, 'asked', over ?? null);
      const done = await this.#hold(lock, facts, over !== undefined);
      if (done.exit !== 0) {
        why = whyOf(done);
        continue;
      }
      await this.#note(lock, 'taken', null);
      if (over !== undefined) await this.#deviation(`took the ${lock.id} over: ${over}`);
      this.#taken.push({ lock, facts });
      this.#beats.push(this.#beat(lock, facts));
      return;
    }
    if (!this.#run.stop.aborted)
      await this.#deviation(`the ${lock.id} was not taken (${why}): no other machine is kept out by it`);
  }

  #look(lock: SharedLock, facts: Facts): Promise<LockSeen> {
    return lock.look({ ...this.#at(facts), world: readerOf(this.#run.world) });
  }

  #hold(lock: SharedLock, facts: Facts, over: boolean): Promise<Done> {
    const { world, stop } = this.#run;
    return this.#send(lock.hold({ ...this.#at(facts), holder: this.#holder, now: world.now(), over }), stop);
  }

  /** Why it may be taken from its holder, in words; throws where it may not. */
  async #mayTakeOver(lock: SharedLock, facts: Facts, seen: Extract<LockSeen, { is: 'held' }>): Promise<string> {
    const { world } = this.#run;
    const who = seen.holder ? whoIs(seen.holder) : 'a holder that it does not name';
    if (seen.holder?.host === world.host().host) {
      if (!(await canLive(world, seen.holder))) return `a dead process had left it: ${who}`;
      throw refusal(
        `Another run holds the ${lock.id} of this cluster: ${who}.`,
        `Wait until it has ended, or stop it with: kill -INT ${seen.holder.pid}`,
      );
    }
    const since = world.mono();
    while (world.mono() - since < MISSED * lock.every && !this.#run.stop.aborted) {
      await world.sleep(LOOK_EVERY, this.#run.stop);
      const now = await this.#look(lock, facts);
      if (now.is === 'free') return 'free again';
      if (now.is === 'held' && now.token !== seen.token)
        throw refusal(
          `A run on another machine holds the ${lock.id} of this cluster, and is at work: ${who}.`,
          'Wait until it has ended, or stop it there.',
        );
    }
    const silent = `no sign of life for ${Math.round((world.mono() - since) / 1000)} s`;
    if (this.#takeover) return `${silent} from ${who}`;
    throw refusal(
      `Another machine holds the ${lock.id} of this cluster, and seems to be dead (${silent}): ${who}.`,
      'Make sure that this run has ended there, then run the same command with --takeover and the name of the cluster.',
    );
  }

  /** Signs of life until the run is over. A single one that fails means nothing; one that finds another holder means all. */
  async #beat(lock: SharedLock, facts: Facts): Promise<void> {
    const { world } = this.#run;
    for (;;) {
      await world.sleep(lock.every, this.#over.signal).catch(() => {});
      if (this.#over.signal.aborted || this.#run.stop.aborted) return;
      const done = await this.#hold(lock, facts, false);
      if (done.exit === 0 || !lock.held(done.stderr) || this.#over.signal.aborted) continue;
      this.#taken.splice(0, this.#taken.length, ...this.#taken.filter((held) => held.lock !== lock));
      await this.#note(lock, 'lost', null);
      this.#lose(
        refusal(
          `Another run has taken the ${lock.id} of this cluster over while this one went on.`,
          'See what the other run does before anything else; then run the same command again.',
        ),
      );
      return;
    }
  }

  #send({ do: _do, stop: rule, argv, stdin, ...call }: Exec, stop: AbortSignal): Promise<Done> {
    const words = argv.map((word) => (typeof word === 'string' ? word : ''));
    const text = stdin && 'text' in stdin ? new TextEncoder().encode(stdin.text) : undefined;
    return this.#run.world.spawn(
      { tool: call.tool, argv: words, env: {}, deadline: call.deadline, ...(text && { stdin: text }) },
      rule,
      async () => {},
      stop,
    );
  }

  #note(lock: SharedLock, what: 'asked' | 'taken' | 'lost' | 'released' | 'left', why: string | null): Promise<void> {
    return this.#run.journal.write({ type: 'lock', lock: lock.id, what, why });
  }

  #deviation(what: string): Promise<void> {
    return this.#run.journal.write({ type: 'deviation', what, subject: null });
  }
}

const whyOf = (done: Done): string =>
  done.how === 'exit' ? (done.stderr.trim().split('\n')[0] ?? `exit ${done.exit}`) : `it ended by ${done.how}`;
