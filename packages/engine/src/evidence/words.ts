import type { Json, Mode, Ms, Signal } from '@coldstart/contract';

/** What each mode means, so that none is mistaken for another. */
export const modeInWords: Record<Mode, string> = {
  'dry-run': 'DRY RUN: nothing was changed',
  rehearsal: 'REHEARSAL: simulated machines and tools in virtual time, no machine was touched',
  'lab-wire': 'LAB: real tools, simulated machines',
  live: 'LIVE: real tools, real machines',
};

/** `850 ms`, `4.2 s`, `3 m 07 s`, `1 h 02 m 09 s`; `-` for none. */
export function duration(ms: Ms | null): string {
  if (ms === null) return '-';
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h} h ${two(m)} m ${two(s)} s` : `${m} m ${two(s)} s`;
}

/** `2026-11-21 01:20:00 UTC` */
export const utc = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;

/** A signal in one line: what was seen, and where it is not as expected, what was. */
export function signalInWords(signal: Signal): string {
  const subject = signal.subject === undefined ? '' : ` of ${signal.subject}`;
  const seen = `${signal.ok ? 'ok ' : 'BAD'} ${signal.name}${subject} is ${value(signal.observed)}`;
  return `${seen}${signal.ok ? '' : `, expected ${value(signal.expected)}`} (${signal.source})`;
}

const value = (json: Json): string => (typeof json === 'string' ? json : JSON.stringify(json));

/** Columns as wide as their widest cell, two blanks between them. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
