/** A small seeded source of chance for drawing cases: the same seed gives the same case on every machine. */
export type Chance = {
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number;
  /** Whether something of probability `p` happens. */
  happens(p: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** One of several by weight. */
  weighed<T>(from: readonly (readonly [T, number])[]): T;
  /** Whole, from `min` to `max`, as likely between 1 and 10 as between 100 and 1000. */
  log(min: number, max: number): number;
};

export function chance(seed: number): Chance {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  // Mulberry32: 32 bits of state are plenty for a case of some dozen draws.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  next();
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    int,
    happens: (p) => next() < p,
    pick: (from) => from[int(0, from.length - 1)]!,
    weighed: (from) => {
      let left = next() * from.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [what, weight] of from) if ((left -= weight) < 0) return what;
      return from.at(-1)![0];
    },
    log: (min, max) => Math.round(min * (max / min) ** next()),
  };
}
