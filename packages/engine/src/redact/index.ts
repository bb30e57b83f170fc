import type { Json } from '@coldstart/contract';
import { isHarmless, isSecretKey, MASK } from './keys.ts';
import { KnownValues } from './known.ts';
import { findPatterns } from './patterns.ts';
import { maskSpans, type Span } from './span.ts';
import { findStructure } from './structure.ts';
import { plain, withoutCommands } from './terminal.ts';

export { MASK } from './keys.ts';

/** The one place that decides what may be shown, written or digested. */
export type Redactor = {
  /** A value that must never be shown, nor its lines, nor their base64. Shorter than 6 characters is ignored. */
  register(value: string): void;
  /** Whole lines in, the same without secrets, control characters and CI commands out. */
  text(text: string): string;
  /** Arguments for the eye; also the value after a flag such as `--token`. */
  argv(argv: readonly string[]): string[];
  /** Every string and every key inside, and all that stands under a secret's name. */
  json(value: Json): Json;
  /** A file's bytes as they may be digested. */
  maskFile(bytes: Uint8Array): Uint8Array;
  /** What still looks like a secret: `<rule> at <line>:<column>`, or for JSON `<rule> at <pointer>`; never the value. */
  scan(bytes: Uint8Array): string[];
};

export function createRedactor(): Redactor {
  const known = new KnownValues();
  const find = (text: string): Span[] => [...known.find(text), ...findPatterns(text), ...findStructure(text)];

  const text = (input: string): string => {
    let out = plain(input);
    // What is masked may lay a border bare that makes the neighbour a match, hence again until nothing is found.
    for (let round = 0; round < 8; round++) {
      const spans = find(out);
      if (spans.length === 0) break;
      out = maskSpans(out, spans);
    }
    return withoutCommands(out);
  };

  const json = (value: Json, secret = false): Json => {
    if (typeof value === 'string') return secret && !isHarmless(value) ? MASK : text(value);
    if (typeof value === 'number') return secret ? MASK : value;
    if (Array.isArray(value)) return value.map((entry) => json(entry, secret));
    if (value === null || typeof value !== 'object') return value;
    const ofSecret = value['kind'] === 'Secret';
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => {
        const inside = isSecretKey(key) && (typeof entry !== 'object' || entry === null);
        return [text(key), json(entry, secret || inside || (ofSecret && /^(?:data|stringData)$/.test(key)))];
      }),
    );
  };

  return {
    register: (value) => known.register(value),
    text,
    argv: (argv) =>
      argv.map((arg, i) => {
        const flag = /^--?([A-Za-z][\w-]*)$/.exec(argv[i - 1] ?? '')?.[1];
        return flag !== undefined && isSecretKey(flag) && !arg.startsWith('-') && !isHarmless(arg) ? MASK : text(arg);
      }),
    json: (value) => json(value),
    maskFile: (bytes) => {
      const utf8 = decode(bytes);
      return utf8 === undefined
        ? Buffer.from(text(Buffer.from(bytes).toString('latin1')), 'latin1')
        : new TextEncoder().encode(text(utf8));
    },
    scan: (bytes) => scan(decode(bytes) ?? Buffer.from(bytes).toString('latin1'), known),
  };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Shapes and known values are looked for in the raw text; names in the strings of JSON (a document, or one a line)
 * or, where it is not JSON, in the text.
 */
function scan(text: string, known: KnownValues): string[] {
  const raw = [...known.find(text), ...findPatterns(text)].map((span) => `${span.rule} at ${place(text, span.start)}`);
  const document = parse(text);
  if (document !== undefined) return unique([...raw, ...leaves(document, '')]);
  const lines = text.split('\n');
  const parsed = lines.map(parse);
  const plainText = lines.map((line, i) => (parsed[i] === undefined ? line : '')).join('\n');
  return unique([
    ...raw,
    ...parsed.flatMap((line, i) => (line === undefined ? [] : leaves(line, `line ${i + 1} `))),
    ...findStructure(plainText).map((span) => `${span.rule} at ${place(text, span.start)}`),
  ]);
}

function parse(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function leaves(value: Json, pointer: string, secret = false): string[] {
  if (typeof value === 'string')
    return secret
      ? isHarmless(value)
        ? []
        : [`secret by name at ${pointer}`]
      : [...findPatterns(value), ...findStructure(value)].map((span) => `${span.rule} at ${pointer}`);
  if (typeof value === 'number') return secret ? [`secret by name at ${pointer}`] : [];
  if (Array.isArray(value)) return value.flatMap((entry, i) => leaves(entry, `${pointer}/${i}`, secret));
  if (value === null || typeof value !== 'object') return [];
  const ofSecret = value['kind'] === 'Secret';
  return Object.entries(value).flatMap(([key, entry], i) => {
    const inside = isSecretKey(key) && (typeof entry !== 'object' || entry === null);
    // The name itself may be the secret, so a pointer shows only short plain names.
    const name = /^[\w.-]{1,40}$/.test(key) && findPatterns(key).length === 0 ? key : `(${i})`;
    return [
      ...[...findPatterns(key), ...findStructure(key)].map((span) => `${span.rule} in a name at ${pointer}`),
      ...leaves(entry, `${pointer}/${name}`, secret || inside || (ofSecret && /^(?:data|stringData)$/.test(key))),
    ];
  });
}

function place(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return `${line}:${offset - before.lastIndexOf('\n')}`;
}

const unique = (list: string[]): string[] => [...new Set(list)];
