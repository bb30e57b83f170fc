import { plain } from '@coldstart/tools';

/** One line of `flux check`: what was checked, and whether it holds. */
export type CheckLine = { ok: boolean; text: string };

/** The checks of `flux check`, which prints them on stderr, with marks for good and bad. */
export function parseCheck(text: string): CheckLine[] {
  return [...plain(text).matchAll(/^([✔✗])\s+(.+)$/gmu)].map((m) => ({ ok: m[1] === '✔', text: (m[2] ?? '').trim() }));
}
