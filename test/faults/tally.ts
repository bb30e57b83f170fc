import type { Case } from './case.ts';
import { percent, quantile } from './figures.ts';
import type { Played } from './play.ts';
import { KINDS } from './troubles.ts';

/** What many runs came to: faults by how many runs they fired in, ends, and times. */
export class Tally {
  #runs = 0;
  #broken = 0;
  #processes = 0;
  readonly #fired = new Map<string, { runs: number; times: number }>();
  readonly #ends = new Map<string, number>();
  readonly #recoveries: number[] = [];
  readonly #scopes = new Map<string, number>();

  add({ scope }: Case, { broken, fired, ends, recovery }: Played): void {
    this.#runs += 1;
    if (broken.length > 0) this.#broken += 1;
    this.#processes += ends.length;
    this.#scopes.set(scope, (this.#scopes.get(scope) ?? 0) + 1);
    for (const [what, times] of Object.entries(fired)) {
      const known = this.#fired.get(what) ?? { runs: 0, times: 0 };
      this.#fired.set(what, { runs: known.runs + (times > 0 ? 1 : 0), times: known.times + times });
    }
    for (const end of ends) {
      const short = end.replace(/ \(.*/s, '');
      this.#ends.set(short, (this.#ends.get(short) ?? 0) + 1);
    }
    if (recovery !== null) this.#recoveries.push(recovery);
  }

  /** Kinds of faults that fired in less than `least` of the runs, with their shares. */
  seldom(least: number): string[] {
    return KINDS.map(({ name }) => ({ name, share: (this.#fired.get(name)?.runs ?? 0) / this.#runs }))
      .filter(({ share }) => share < least)
      .map(({ name, share }) => `${name} (${percent(share)})`);
  }

  /** `cpu`: processor time of all runs together, in ms. */
  text(cpu: number): string {
    const share = (runs: number): string => percent(runs / this.#runs).padStart(7);
    const by = (map: ReadonlyMap<string, number>): string =>
      [...map]
        .sort(([, a], [, b]) => b - a)
        .map(([what, n]) => `${what}: ${n}`)
        .join(', ');
    const at = (q: number): string => `${(quantile(this.#recoveries, q) / 60_000).toFixed(1)} min`;
    return [
      '',
      `${this.#runs} runs (${by(this.#scopes)}), ${this.#processes} processes, ${this.#broken} broke a law; CPU ${(cpu / 1000 / this.#runs).toFixed(2)} s per run`,
      `processes ended: ${by(this.#ends)}`,
      `from lifted faults to done, virtual: median ${at(0.5)}, 95 % ${at(0.95)}, longest ${at(1)}`,
      'fired in so many runs (and times):',
      ...[...this.#fired]
        .sort(([, a], [, b]) => b.runs - a.runs)
        .map(([what, { runs, times }]) => `  ${share(runs)}  ${what} (${times})`),
    ].join('\n');
  }
}
