import { MASK } from './keys.ts';

/** A stretch of text that must not be shown: `[start, end)` in UTF-16 units, and which rule found it. */
export type Span = { start: number; end: number; rule: string };

/** Puts the mask in place of every span; overlapping ones become one. */
export function maskSpans(text: string, spans: readonly Span[]): string {
  if (spans.length === 0) return text;
  let out = '';
  let at = 0;
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (span.end <= at) continue;
    // An overlap with the span before is covered by its mask.
    if (span.start >= at) out += text.slice(at, span.start) + MASK;
    at = span.end;
  }
  return out + text.slice(at);
}
