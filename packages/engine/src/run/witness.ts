import type { Facts, Ms } from '@coldstart/contract';
import type { RunContext } from './context.ts';
import { readerOf } from './reader.ts';

/** How long a run that ends waits for witnesses that were asked and have not answered. */
const LATE: Ms = 5_000;

/**
 * Asks every plugin's witness which parts of the world declare themselves as simulated, and journals what is new.
 * A rehearsal knows without asking. It is asked at the start and at the end: a node that installs while the run begins
 * cannot say what it is. A run that is refused or stopped waits for those that were asked, a while: its evidence would be
 * of a live cluster otherwise.
 */
export class Hearing {
  readonly #run: RunContext;
  readonly #facts: Facts;
  readonly #heard = new Set<string>();
  #asked: Promise<void>[] = [];
  #closed = false;

  constructor(run: RunContext, facts: Facts) {
    this.#run = run;
    this.#facts = facts;
  }

  ask(): Promise<void> {
    const { mode } = this.#run.world;
    if (mode !== 'live' && mode !== 'lab-wire') return Promise.resolve();
    const asked = this.#ask();
    asked.catch(() => {});
    this.#asked.push(asked);
    return asked;
  }

  async #ask(): Promise<void> {
    const world = readerOf(this.#run.world);
    await Promise.all(
      this.#run.kit.witnesses.map(async (witness) => {
        for (const part of await witness.look({ facts: this.#facts, world })) {
          if (this.#heard.has(part) || this.#closed) continue;
          this.#heard.add(part);
          await this.#run.journal.write({ type: 'simulated', part });
        }
      }),
    );
  }

  /** Nothing is journalled after it. A witness that has not answered by then is named as a deviation. */
  async end(): Promise<void> {
    const late = new AbortController();
    const all = Promise.allSettled(this.#asked).then((told) => told.every(({ status }) => status === 'fulfilled'));
    const answered = await Promise.race([all, this.#run.world.sleep(LATE, late.signal).then(() => false)]);
    late.abort();
    this.#closed = true;
    if (answered) return;
    const what = 'not everything answered that was asked whether it is simulated';
    await this.#run.journal.write({ type: 'deviation', what, subject: null });
  }
}
