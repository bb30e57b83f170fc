import type { Ms, Retry } from '@coldstart/contract';

export const NO_RETRY: Retry = { first: 0, factor: 1, max: 0, retries: 0, jitter: 0 };

/**
 * How long to wait before retry `n` (1 for the first): first × factor^(n−1), at most `max`, ± `jitter`.
 * `random` is uniform in [0, 1).
 */
export function backoff(retry: Retry, n: number, random: () => number): Ms {
  const base = Math.min(retry.max, retry.first * retry.factor ** (n - 1));
  return Math.round(base * (1 + retry.jitter * (2 * random() - 1)));
}
