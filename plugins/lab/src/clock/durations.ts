import type { Durations, Random, Range } from '../model.ts';
import { LabBug } from '../tools/tool.ts';

export type DurationTable = Readonly<Record<string, Range>>;
/** How many draws were made, by `name subject`. */
export type SavedDurations = Record<string, number>;

/**
 * Durations by name, each drawn from its range by the seed, its subject and how often it was drawn before.
 * So a node's second install takes another time than its first, and neither depends on what other nodes did.
 * What has no source is listed as assumed, whether or not it is ever drawn.
 */
export function drawing(
  table: DurationTable,
  random: Random,
  assume: (what: string) => void,
  saved: SavedDurations = {},
): Durations & { save(): SavedDurations } {
  const drawn = new Map(Object.entries(saved));
  for (const { min, max, what, source } of Object.values(table))
    if (source === null) assume(`${what}: ${seconds(min)} to ${seconds(max)}`);
  const range = (name: string): Range => {
    const found = table[name];
    if (!found) throw new LabBug(`no duration named ${name}`);
    if (!(found.min >= 0 && found.max >= found.min))
      throw new LabBug(`duration ${name}: ${found.min} to ${found.max} ms`);
    return found;
  };
  const peek = (name: string, subject: string, n = 0): number => {
    const { min, max } = range(name);
    return Math.round(min + random.of('duration', name, subject, n) * (max - min));
  };
  return {
    peek,
    draw: (name, subject) => {
      const key = `${name} ${subject}`;
      const n = drawn.get(key) ?? 0;
      drawn.set(key, n + 1);
      return peek(name, subject, n);
    },
    save: () => Object.fromEntries([...drawn].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`;
}
