import type { Json, Ms } from '@coldstart/contract';
import type { Clock, Events } from '../model.ts';
import { LabBug } from '../tools/tool.ts';
import { idle } from './idle.ts';
import { reallyWait } from './pace.ts';
import { Queue } from './queue.ts';

/** Where the world's wall clock begins unless told: a fixed date, so that the same seed gives the same bytes. */
export const EPOCH = Date.UTC(2027, 0, 4, 8);

/** No rehearsal lasts this long: whoever gets here waits for something that never comes. */
const FOR_EVER: Ms = 400 * 24 * 3_600_000;

type Entry = { event: string; data: Json } | { fire: () => void };
/** A call of the outside world into the lab that has not been answered yet. Time advances only while there is one. */
type Call = { what: string; fail: (error: Error) => void; abandon: AbortSignal };

export type SavedClock = { epoch: Ms; now: Ms; events: { at: Ms; event: string; data: Json }[] };

/**
 * Virtual time with its one queue. While a call is open, it lets everything run that can run, then goes to the next
 * entry of the queue. Several callers share it: the earliest is served first, whoever asked.
 * With calls open, nothing runnable and an empty queue nobody would ever wake up: that is a bug, and each caller is told.
 */
export class VirtualClock implements Clock, Events {
  #now: Ms = 0;
  #next = 0;
  #queue = new Queue<Entry>();
  #handlers = new Map<string, (data: never) => void>();
  #calls = new Set<Call>();
  #pumping = false;
  readonly #pace: number | null;
  readonly #epoch: Ms;

  /** `pace`: virtual time per real time; null: as fast as it goes. `epoch`: when the world begins, ms since 1970; a saved world keeps its own. */
  constructor(pace: number | null = null, saved?: SavedClock, epoch: Ms = EPOCH) {
    this.#pace = pace;
    this.#epoch = saved?.epoch ?? epoch;
    if (!saved) return;
    this.#now = saved.now;
    for (const { at, event, data } of saved.events) this.#queue.push({ at, id: this.#next++, what: { event, data } });
  }

  get now(): Ms {
    return this.#now;
  }

  wall(at: Ms = this.#now): string {
    return new Date(this.#epoch + at).toISOString();
  }

  on(kind: string, handler: (data: never) => void): void {
    if (this.#handlers.has(kind)) throw new LabBug(`two handlers for event ${kind}`);
    this.#handlers.set(kind, handler);
  }

  in(ms: Ms, kind: string, data: Json): void {
    if (!this.#handlers.has(kind)) throw new LabBug(`no handler for event ${kind}`);
    this.#enter(ms, { event: kind, data });
  }

  drop(of: (kind: string, data: Json) => boolean): void {
    for (const { id, what } of this.#queue.list()) if ('event' in what && of(what.event, what.data)) this.cancel(id);
  }

  cancel(id: number): void {
    this.#queue.cancel(id);
  }

  /** A timer of a caller or of a running tool. It is not part of the world, so it is not saved. */
  timer(ms: Ms, fire: () => void): number {
    return this.#enter(ms, { fire });
  }

  sleep(ms: Ms, stop?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (stop?.aborted) return resolve();
      const done = (): void => {
        stop?.removeEventListener('abort', early);
        resolve();
      };
      const early = (): void => {
        this.cancel(timer);
        done();
      };
      const timer = this.timer(ms, done);
      stop?.addEventListener('abort', early, { once: true });
    });
  }

  /**
   * Holds a call open until `work` has answered; meanwhile time may advance. `abandon`, when it fires, lets go of it:
   * the caller is dead and gets no answer any more.
   */
  call<T>(what: string, work: () => Promise<T>, abandon: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (abandon.aborted) return;
      const call: Call = { what, fail: reject, abandon };
      this.#calls.add(call);
      const settle = (tell: () => void): void => {
        if (abandon.aborted) return;
        this.#calls.delete(call);
        tell();
      };
      work().then(
        (value) => settle(() => resolve(value)),
        (error: unknown) => settle(() => reject(error)),
      );
      if (!this.#pumping) void this.#pump();
    });
  }

  save(): SavedClock {
    const events = this.#queue
      .list()
      .flatMap(({ at, what }) => ('event' in what ? [{ at, event: what.event, data: what.data }] : []));
    return { epoch: this.#epoch, now: this.#now, events };
  }

  #enter(ms: Ms, what: Entry): number {
    if (!(ms >= 0)) throw new LabBug(`a duration of ${ms} ms`);
    const id = this.#next++;
    this.#queue.push({ at: this.#now + Math.round(ms), id, what });
    return id;
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      for (;;) {
        await idle();
        if (this.#waiters().length === 0) return;
        const due = this.#queue.pop();
        if (!due) return this.#fail(`${this.#waiting()} would wait for ever: nothing runs and nothing is due`);
        if (due.at > FOR_EVER) return this.#fail(`${this.#waiting()} still waits after 400 days`);
        if (this.#pace !== null && due.at > this.#now) await reallyWait((due.at - this.#now) / this.#pace);
        // While it really waited, a call from outside may have entered something earlier; time never goes back.
        this.#now = Math.max(this.#now, due.at);
        if ('fire' in due.what) due.what.fire();
        else this.#handlers.get(due.what.event)!(due.what.data as never);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error), error);
    } finally {
      this.#pumping = false;
    }
  }

  /** The calls whose caller lives; what a dead one asked for is forgotten here. */
  #waiters(): Call[] {
    for (const call of this.#calls) if (call.abandon.aborted) this.#calls.delete(call);
    return [...this.#calls];
  }

  #waiting(): string {
    return this.#waiters()
      .map((call) => call.what)
      .join(', ');
  }

  #fail(why: string, cause?: unknown): void {
    const error = cause instanceof LabBug ? cause : new LabBug(why);
    if (cause !== undefined && error !== cause) error.cause = cause;
    const calls = this.#waiters();
    this.#calls.clear();
    for (const call of calls) call.fail(error);
  }
}
