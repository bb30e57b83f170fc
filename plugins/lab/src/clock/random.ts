import { hash } from 'node:crypto';
import type { Random } from '../model.ts';

/** The seeded source of chance of a world: SHA-256 over the seed and what the number is for. */
export type SavedRandom = { seed: number; drawn: number };

/**
 * Every number is the digest of the seed, its subject and (for the main stream) a counter. Slower than a shift register,
 * and worth it: what one part draws never depends on what another part drew before it.
 */
export function seeded(seed: number, drawn = 0): Random & { save(): SavedRandom } {
  let count = drawn;
  const digest = (parts: readonly (string | number)[]): string => hash('sha256', JSON.stringify([seed, ...parts]));
  const of = (...parts: (string | number)[]): number => Number.parseInt(digest(parts).slice(0, 12), 16) / 2 ** 48;
  return {
    seed,
    next: () => of('main', count++),
    of,
    hex: (bytes, ...parts) => {
      if (bytes > 32) throw new RangeError(`at most 32 bytes of hex, not ${bytes}`);
      return digest(parts).slice(0, bytes * 2);
    },
    save: () => ({ seed, drawn: count }),
  };
}
