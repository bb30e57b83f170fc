import type { Span } from './span.ts';

/**
 * What looks like a secret by its shape. Every pattern begins at a border and has no nested repetition, so that a
 * pass is linear in the text.
 */
const patterns: { rule: string; regex: RegExp; group?: number; unless?: (hit: string) => boolean }[] = [
  {
    rule: 'base64 of PEM',
    // `-----BEGIN` at each of the three offsets, and the lines that follow where the base64 is wrapped.
    regex: /(?:LS0tLS1CRUdJTi|0tLS0tQkVHSU4|tLS0tLUJFR0lO)[A-Za-z0-9+/=_-]*(?:\n[ \t]*[A-Za-z0-9+/=]{16,})*/g,
  },
  { rule: 'age key', regex: /AGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9-]{1,40})-(?:PQ-)?1[A-Z0-9]{20,}/gi },
  { rule: 'JWT', regex: /(?<![\w-])eyJ[\w-]{10,}\.[\w-]{4,}(?:\.[\w-]*){0,4}/g },
  { rule: '1Password token', regex: /(?<!\w)ops_[\w+/=.-]{20,}/g },
  { rule: 'GitHub token', regex: /(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})/g },
  { rule: 'GitLab token', regex: /(?<!\w)gl(?:pat|dt|rt|cbt|ptt)-[\w-]{20,}/g },
  { rule: 'Vault token', regex: /(?<!\w)hv[sbr]\.[\w-]{20,}/g },
  { rule: 'AWS key', regex: /(?<!\w)A(?:KIA|SIA)[A-Z0-9]{16}(?!\w)/g },
  { rule: 'Slack token', regex: /(?<!\w)xox[abeprs]-[\w-]{10,}/g },
  // Machine and bootstrap tokens of Talos and Kubernetes.
  { rule: 'Talos token', regex: /(?<![\w.-])[a-z0-9]{6}\.[a-z0-9]{16}(?![\w-]|\.\w)/g },
  {
    // aescbc and secretbox keys, WireGuard keys: 32 bytes in base64.
    rule: '32-byte key',
    regex: /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])/g,
    unless: (hit) => !(/[a-z]/.test(hit) && /[A-Z]/.test(hit)),
  },
  { rule: 'bearer', regex: /(?<!\w)bearer[ \t]+([\w.~+/=-]{16,})/gi, group: 1 },
  {
    rule: 'password in URL',
    regex: /:\/\/[^\s/:@"'\\]{0,100}:([^\s/@"'\\]{1,200})@/g,
    group: 1,
    unless: (hit) => hit === '[redacted]',
  },
];

/** No pattern matches less; most strings of a record are shorter. */
const SHORTEST = 15;

export function findPatterns(text: string): Span[] {
  if (text.length < SHORTEST && !text.includes('://')) return [];
  const spans = findPem(text);
  for (const { rule, regex, group = 0, unless } of patterns) {
    regex.lastIndex = 0;
    for (let match = regex.exec(text); match; match = regex.exec(text)) {
      const hit = match[group] ?? '';
      if (unless?.(hit)) continue;
      const start = match.index + (group === 0 ? 0 : match[0].lastIndexOf(hit));
      spans.push({ start, end: start + hit.length, rule });
    }
  }
  return spans;
}

/** PEM blocks of any kind, also those whose beginning or end was cut off, also with `\n` spelled out as in JSON. */
function findPem(text: string): Span[] {
  const spans: Span[] = [];
  if (!text.includes('-----')) return spans;
  const marks = [...text.matchAll(/-----(BEGIN|END) [A-Z0-9 ]{1,60}-----/g)];
  marks.forEach((mark, i) => {
    const after = mark.index + mark[0].length;
    if (mark[1] === 'BEGIN') {
      const next = marks[i + 1];
      const end = next?.[1] === 'END' ? next.index + next[0].length : bodyEnd(text, after);
      spans.push({ start: mark.index, end, rule: 'PEM' });
    } else if (marks[i - 1]?.[1] !== 'BEGIN') {
      const previous = marks[i - 1];
      spans.push({
        start: bodyStart(text, mark.index, previous ? previous.index + previous[0].length : 0),
        end: after,
        rule: 'PEM',
      });
    }
  });
  return spans;
}

const body = /[A-Za-z0-9+/=\s\\]/;

function bodyEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && body.test(text.charAt(at))) at++;
  return at;
}

function bodyStart(text: string, from: number, floor: number): number {
  let at = from;
  while (at > floor && body.test(text.charAt(at - 1))) at--;
  return at;
}
