const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** A duration in configuration: a number with its unit. */
export const DURATION = /^\d{1,9}(?:ms|s|m|h)$/;

/** Milliseconds of a text that `DURATION` accepts, or of a number that is milliseconds already. */
export function milliseconds(value: string | number): number {
  if (typeof value === 'number') return value;
  const [, digits, unit] = /^(\d+)(ms|s|m|h)$/.exec(value) ?? [];
  return Number(digits) * UNITS[unit as keyof typeof UNITS];
}
