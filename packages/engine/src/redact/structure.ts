import { isHarmless, isSecretKey } from './keys.ts';
import type { Span } from './span.ts';

/** Finds values that stand under a secret's name, in YAML, in JSON (also JSON inside a string), and in `name=value`. */
export function findStructure(text: string): Span[] {
  if (!/[:=]/.test(text)) return [];
  const ofSecret = /\bkind\\{0,4}["']?\s{0,8}:\s{0,8}\\{0,4}["']?Secret\b/.test(text);
  return [...yamlLines(text, ofSecret), ...quotedKeys(text, ofSecret), ...inlineKeys(text)];
}

const yamlLine = /^([ \t]*(?:- +){0,4})(["']?)([A-Za-z0-9_./-]{1,80})\2[ \t]*:(?:[ \t]+(.*))?$/;

/** Lines `name: value`, with the lines of a block scalar, or of a value on the lines below. */
function yamlLines(text: string, ofSecret: boolean): Span[] {
  const spans: Span[] = [];
  const lines = text.split('\n');
  let offset = 0;
  let blockOf: { indent: number; from: number; kind: 'scalar' | 'map' } | undefined;
  lines.forEach((line, i) => {
    const start = offset;
    offset += line.length + 1;
    const indent = line.length - line.trimStart().length;
    if (blockOf && (line.trim() === '' || indent > blockOf.indent)) {
      if (!isHarmless(line))
        spans.push({ start: start + indent, end: start + line.trimEnd().length, rule: 'secret by name' });
      return;
    }
    blockOf = undefined;
    const match = yamlLine.exec(line);
    if (!match) return;
    const [, lead = '', , name = '', value = ''] = match;
    const map = ofSecret && /^(?:data|stringData)$/.test(name);
    if (!map && !isSecretKey(name)) return;
    const content = value.replace(/[ \t]+#.*$/, '').trim();
    if (map && content === '') blockOf = { indent: lead.length, from: i, kind: 'map' };
    else if (/^(?:![\w!]* *)?[|>][+-]?\d?[+-]?$/.test(content))
      blockOf = { indent: lead.length, from: i, kind: 'scalar' };
    else if (content === '') {
      const next = lines[i + 1] ?? '';
      const deeper = next.length - next.trimStart().length > lead.length;
      if (deeper && !yamlLine.test(next) && !/^\s*(?:- |[{[]|$)/.test(next))
        blockOf = { indent: lead.length, from: i, kind: 'scalar' };
    } else if (!/^[{[]/.test(content) || content === '[redacted]') {
      const bare = content.replace(/^(["'])(.*)\1,?$/, '$2').replace(/,$/, '');
      if (!isHarmless(bare) && !isHarmless(content)) {
        const from = start + line.length - value.length;
        spans.push({ start: from, end: from + value.trimEnd().length, rule: 'secret by name' });
      }
    }
  });
  return spans;
}

/** `"name": value` wherever it stands; quotes may be escaped, as in JSON inside of JSON. */
function quotedKeys(text: string, ofSecret: boolean): Span[] {
  const spans: Span[] = [];
  const key = /(["'])([A-Za-z0-9_./-]{1,80})\\{0,4}\1[ \t\n]{0,40}:[ \t\n]{0,40}/g;
  for (let match = key.exec(text); match; match = key.exec(text)) {
    const name = match[2] ?? '';
    const from = match.index + match[0].length;
    const map = ofSecret && /^(?:data|stringData)$/.test(name);
    if (!map && !isSecretKey(name)) continue;
    if (text[from] === '{' || (text[from] === '[' && !text.startsWith('[redacted]', from))) {
      if (!map) continue;
      const end = closing(text, from);
      if (!isHarmless(text.slice(from + 1, end))) spans.push({ start: from + 1, end, rule: 'data of a Secret' });
      key.lastIndex = end;
      continue;
    }
    const value = valueAt(text, from, /[^\s,}\]]+/y);
    if (!isHarmless(text.slice(value.start, value.end))) spans.push({ ...value, rule: 'secret by name' });
    key.lastIndex = Math.max(value.end, from);
  }
  return spans;
}

/** `name=value`, and `{name: value}`; in prose only where the value looks random, since `token: expired` tells no secret. */
function inlineKeys(text: string): Span[] {
  const spans: Span[] = [];
  const key = /(?<![\w./])([A-Za-z][\w.-]{0,79})([:=])[ \t]{0,8}/g;
  for (let match = key.exec(text); match; match = key.exec(text)) {
    const [whole, name = '', sign] = match;
    if (!isSecretKey(name)) continue;
    const from = match.index + whole.length;
    const value = valueAt(text, from, /[^\s,;&}\]]+/y);
    const content = text.slice(value.start, value.end);
    const flow = sign === '=' || /[{,]\s?$/.test(text.slice(Math.max(0, match.index - 2), match.index));
    if (!flow && !(content.length >= 8 && /\d/.test(content))) continue;
    if (isHarmless(content) || content === '[redacted') continue;
    spans.push({ ...value, rule: 'secret by name' });
    key.lastIndex = Math.max(value.end, from);
  }
  return spans;
}

/** Where the value that begins here ends: its closing quote (of the same depth of escaping) or the end of the line, or the bare word. */
function valueAt(text: string, from: number, bare: RegExp): { start: number; end: number } {
  let depth = 0;
  while (depth < 5 && text[from + depth] === '\\') depth++;
  const quote = text[from + depth];
  if (quote !== '"' && quote !== "'") {
    bare.lastIndex = from;
    return { start: from, end: from + (bare.exec(text)?.[0].length ?? 0) };
  }
  const start = from + depth + 1;
  let backslashes = 0;
  for (let at = start; at < text.length; at++) {
    const c = text[at];
    if (c === '\n') return { start, end: at };
    if (c === '\\') backslashes++;
    else {
      if (c === quote && (depth === 0 ? backslashes % 2 === 0 : backslashes <= depth))
        return { start, end: at - Math.min(backslashes, depth) };
      backslashes = 0;
    }
  }
  return { start, end: text.length };
}

/** The place of the bracket that closes the one at `from`, strings skipped; the end of the text where it is missing. */
function closing(text: string, from: number): number {
  let depth = 0;
  let inString = false;
  for (let at = from; at < text.length; at++) {
    const c = text[at];
    if (inString) {
      if (c === '\\') at++;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === '{' || c === '[') depth++;
    else if ((c === '}' || c === ']') && --depth === 0) return at;
  }
  return text.length;
}
