export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The 95 % interval of a share by Wilson's score. */
export function wilson(n: number, of: number): [number, number] {
  const z = 1.96;
  const share = n / of;
  const middle = share + (z * z) / (2 * of);
  const half = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const scale = 1 + (z * z) / of;
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)];
}

/** `q` from 0 to 1; 0 where there is none. */
export const quantile = (of: readonly number[], q: number): number =>
  of.toSorted((a, b) => a - b)[Math.floor(q * (of.length - 1))] ?? 0;
