import type { Json } from '@coldstart/contract';
import { isHarmless, isSecretKey, MASK } from './keys.ts';
import { KnownValues } from './known.ts';
import { findPatterns } from './patterns.ts';
import { maskSpans, type Span } from './span.ts';
import { findStructure } from './structure.ts';
import { plain, withoutCommands } from './terminal.ts';

export { MASK } from './keys.ts';

/**
 * `prose`: text that was put together from values that are scanned themselves. There a name beside a value says nothing, so
 * only known values and shapes are looked for.
 */
export type Scan = (bytes: Uint8Array, options?: { prose: boolean }) => string[];

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
  scan: Scan;
};

const REMEMBERED = 100;
const MOST_REMEMBERED = 10_000;

export function createRedactor(): Redactor {
  const known = new KnownValues();
  // Names and short values come again in every record.
  const clean = new Set<string>();
  const find = (text: string): Span[] => {
    if (clean.has(text)) return [];
    const spans = [...known.find(text), ...findPatterns(text), ...findStructure(text)];
    if (spans.length === 0 && text.length <= REMEMBERED && clean.size < MOST_REMEMBERED) clean.add(text);
    return spans;
  };

  // Texts that come out as they went in.
  const same = new Set<string>();
  const text = (input: string): string => {
    if (same.has(input)) return input;
    let out = plain(input);
    // What is masked or broken up may lay a border bare that makes its neighbour a match, hence again until nothing is found.
    for (let round = 0; round < 8; round++) {
      out = withoutCommands(out);
      const spans = find(out);
      if (spans.length === 0) break;
      out = maskSpans(out, spans);
    }
    if (out === input && input.length <= REMEMBERED && same.size < MOST_REMEMBERED) same.add(input);
    return out;
  };

  const json = (value: Json, secret = false): Json => {
    if (typeof value === 'string') return secret && !isHarmless(plain(value)) ? MASK : text(value);
    if (typeof value === 'number') return secret ? MASK : value;
    if (Array.isArray(value)) return value.map((entry) => json(entry, secret));
    if (value === null || typeof value !== 'object') return value;
    // By the names that will be read: control characters in one must not hide it.
    const named = Object.fromEntries(Object.entries(value).map(([key, entry]) => [text(key), entry]));
    return Object.fromEntries(
      Object.entries(named).map(([key, entry]) => [key, json(entry, secret || standsForSecret(named, key, entry))]),
    );
  };

  return {
    register: (value) => {
      known.register(value);
      clean.clear();
      same.clear();
    },
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
    scan: (bytes, options) => {
      const given = decode(bytes) ?? Buffer.from(bytes).toString('latin1');
      if (!options?.prose) return scan(given, find);
      return unique(
        [...known.find(given), ...findPatterns(given)].map((span) => `${span.rule} at ${place(given, span.start)}`),
      );
    },
  };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

type Find = (text: string) => Span[];

/**
 * Looks into the strings and names of JSON (a document, or one a line), where escapes do not stand in the way, and into the
 * text of everything else.
 */
function scan(text: string, find: Find): string[] {
  const document = parse(text);
  if (document !== undefined) return unique(inJson(document, '', find));
  const lines = text.split('\n');
  const parsed = lines.map(parse);
  const rest = lines.map((line, i) => (parsed[i] === undefined ? line : '')).join('\n');
  return unique([
    ...parsed.flatMap((line, i) => (line === undefined ? [] : inJson(line, `line ${i + 1} `, find))),
    ...find(rest).map((span) => `${span.rule} at ${place(rest, span.start)}`),
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

function inJson(value: Json, pointer: string, find: Find, secret = false): string[] {
  if (secret && (typeof value === 'number' || (typeof value === 'string' && !isHarmless(value))))
    return [`secret by name at ${pointer}`];
  if (typeof value === 'string') return find(value).map((span) => `${span.rule} at ${pointer}`);
  if (Array.isArray(value)) return value.flatMap((entry, i) => inJson(entry, `${pointer}/${i}`, find, secret));
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, entry], i) => {
    // The name itself may be the secret, so a pointer shows only short plain names.
    const name = /^[\w.-]{1,40}$/.test(key) && find(key).length === 0 ? key : `(${i})`;
    return [
      ...find(key).map((span) => `${span.rule} in a name at ${pointer}`),
      ...inJson(entry, `${pointer}/${name}`, find, secret || standsForSecret(value, key, entry)),
    ];
  });
}

/** Whether what stands under this name is a secret: by the name itself, or as data of a Kubernetes Secret. */
function standsForSecret(object: { [key: string]: Json }, key: string, entry: Json): boolean {
  if (isSecretKey(key)) return typeof entry !== 'object' || entry === null;
  const { kind } = object;
  return typeof kind === 'string' && plain(kind) === 'Secret' && (key === 'data' || key === 'stringData');
}

function place(text: string, offset: number): string {
  const before = text.slice(0, offset);
  return `${before.split('\n').length}:${offset - before.lastIndexOf('\n')}`;
}

const unique = (list: string[]): string[] => [...new Set(list)];
