import type { Ms } from '@coldstart/contract';

/** `1h30m` in milliseconds. What does not fit the grammar is the schema's business; here it is 0. */
export function parseDuration(text: string): Ms {
  const [, h = '0', m = '0', s = '0'] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  return ((Number(h) * 60 + Number(m)) * 60 + Number(s)) * 1000;
}

/** `1 h 02 m`, `4 m 05 s`, `12 s`, `0.4 s`: a duration for the eye. */
export function showDuration(ms: Ms): string {
  if (ms < 1000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${two(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
}

const two = (n: number): string => String(n).padStart(2, '0');
