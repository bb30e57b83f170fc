import { posix } from 'node:path';
import {
  type Problem,
  type Done,
  type Exec,
  type Facts,
  type LockAt,
  type LockHolder,
  type LockSeen,
  type SharedLock,
  succeeded,
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

/** A lock that this run holds. `sure`: no call is open whose answer was lost, so `token` is what it has. */
type Held = { lock: SharedLock; facts: Facts; token: string | null; sure: boolean };
type Seen = Extract<LockSeen, { is: 'held' }>;

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
  readonly #taken = new Set<Held>();
  readonly #beats: Promise<void>[] = [];
  readonly #over = new AbortController();
  readonly #lose: (problem: Problem) => void;
  #scratch: Promise<string> | undefined;

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
    // The last one first: whoever gets hold of the first must not find another still held.
    for (const held of [...this.#taken].reverse()) {
      this.#taken.delete(held);
      const why = await this.#free(held);
      await this.#note(held.lock, why === undefined ? 'released' : 'left', why ?? null);
    }
  }

  async #at(facts: Facts): Promise<LockAt> {
    this.#scratch ??= this.#run.world.scratch('locks', new Uint8Array()).then((path) => posix.dirname(path));
    return { cluster: this.#run.cluster, facts, scratch: await this.#scratch };
  }

  async #take(lock: SharedLock, facts: Facts): Promise<void> {
    let why = '';
    let others = false;
    let open: Held | undefined;
    for (let tries = 0; tries < TRIES && !this.#run.stop.aborted; tries += 1) {
      if (tries > 0) await this.#run.world.sleep(TRY_EVERY, this.#run.stop);
      const seen = await this.#look(lock, facts);
      if (seen.is === 'untold') {
        why = seen.why;
        continue;
      }
      const over = seen.is === 'held' && !this.#isMine(seen) ? await this.#mayTakeOver(lock, facts, seen) : undefined;
      others = over === 'free again';
      if (others) continue;
      await this.#note(lock, 'asked', over ?? null);
      const held: Held = { lock, facts, token: seen.is === 'held' ? seen.token : null, sure: true };
      const done = await this.#hold(held, over !== undefined);
      if (!succeeded(done)) {
        const failed = lock.failed(done);
        ({ why } = failed);
        others = failed.held;
        if (!held.sure) open = held;
        continue;
      }
      await this.#note(lock, 'taken', null);
      if (over !== undefined) await this.#deviation(`took the ${lock.id} over: ${over}`);
      this.#taken.add(held);
      this.#beats.push(this.#beat(held));
      return;
    }
    // Where only the answer was lost, it must not stay behind without a sign of life.
    if (open) await this.#free(open);
    if (this.#run.stop.aborted) return;
    if (others)
      throw refusal(
        `Other runs hold the ${lock.id} of this cluster in turn.`,
        'See what they do; then run the same command again.',
      );
    await this.#deviation(`the ${lock.id} was not taken (${why}): no other machine is kept out by it`);
  }

  async #look(lock: SharedLock, facts: Facts): Promise<LockSeen> {
    return lock.look({ ...(await this.#at(facts)), world: readerOf(this.#run.world) });
  }

  /** Our own: a call of this run whose answer was lost has done it. */
  #isMine(seen: Seen): boolean {
    return seen.holder?.run === this.#holder.run && seen.holder.host === this.#holder.host;
  }

  async #hold(held: Held, over: boolean): Promise<Done> {
    const { world, stop } = this.#run;
    const at = { ...(await this.#at(held.facts)), holder: this.#holder, now: world.now(), before: held.token, over };
    const { calls, token } = held.lock.hold(at);
    const done = await this.#send(calls, stop);
    held.sure = succeeded(done) || (held.sure && held.lock.failed(done).held);
    if (succeeded(done)) held.token = token;
    return done;
  }

  /** Why it was not given back, in words; undefined where it was. */
  async #free(held: Held): Promise<string | undefined> {
    const { lock, facts } = held;
    const send = async (before: string | null): Promise<Done> =>
      this.#send(lock.free({ ...(await this.#at(facts)), holder: this.#holder, before }), new AbortController().signal);
    let done = await send(held.token);
    if (!succeeded(done) && lock.failed(done).held && !held.sure) {
      const seen = await this.#look(lock, facts);
      if (seen.is === 'held' && this.#isMine(seen)) done = await send(seen.token);
    }
    return succeeded(done) ? undefined : lock.failed(done).why;
  }

  /** Why it may be taken from its holder, in words; throws where it may not. */
  async #mayTakeOver(lock: SharedLock, facts: Facts, seen: Seen): Promise<string> {
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
      await world.sleep(Math.max(LOOK_EVERY, lock.every / 4), this.#run.stop);
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
  async #beat(held: Held): Promise<void> {
    const { world } = this.#run;
    const { lock } = held;
    for (;;) {
      await world.sleep(lock.every, this.#over.signal).catch(() => {});
      if (this.#over.signal.aborted || this.#run.stop.aborted) return;
      const done = await this.#hold(held, false);
      if (succeeded(done) || !lock.failed(done).held || this.#over.signal.aborted) continue;
      if (!held.sure && (await this.#isStillMine(held))) continue;
      this.#taken.delete(held);
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

  /** Whether what it was moved by was a call of our own whose answer was lost, or where that cannot be told now. */
  async #isStillMine(held: Held): Promise<boolean> {
    const seen = await this.#look(held.lock, held.facts);
    if (seen.is === 'untold') return true;
    if (seen.is === 'free' || !this.#isMine(seen)) return false;
    held.token = seen.token;
    held.sure = true;
    return true;
  }

  /** One call after another; the first that fails is the answer. */
  async #send(calls: readonly Exec[], stop: AbortSignal): Promise<Done> {
    let done: Done = { exit: 0, how: 'exit', stdout: new Uint8Array(), stderr: '' };
    for (const call of calls) {
      done = await this.#call(call, stop);
      if (!succeeded(done)) break;
    }
    return done;
  }

  #call({ do: _do, stop: rule, argv, stdin, ...call }: Exec, stop: AbortSignal): Promise<Done> {
    const words = argv.map(literal);
    const env = Object.fromEntries(Object.entries(call.env ?? {}).map(([name, value]) => [name, literal(value)]));
    const text = stdin && 'text' in stdin ? new TextEncoder().encode(stdin.text) : undefined;
    return this.#run.world.spawn(
      { tool: call.tool, argv: words, env, deadline: call.deadline, ...(text && { stdin: text }) },
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

/** A lock's calls have no holes: there is no step whose facts could fill them. */
function literal(arg: NonNullable<Exec['env']>[string]): string {
  if (typeof arg !== 'string') throw new Error('a call of a lock has a hole');
  return arg;
}
