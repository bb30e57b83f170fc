import { type Document, isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Finding } from '@coldstart/contract';

const MAX_BYTES = 1024 * 1024;
const MAX_DEPTH = 32;
const MAX_ALIASES = 20;
const DANGEROUS = new Set(['__proto__', 'constructor', 'prototype']);

export type Path = readonly (string | number)[];

/** A YAML file of the operator's with the places of its values, so that an error can point at one. */
export type ConfigDocument = {
  file: string;
  value: unknown;
  /** The place of the value at a path, or of the nearest thing above it that is there. `key`: of the key itself. */
  place(path: Path, key?: boolean): { line: number; column: number };
  /** Whether the file says anything at this path. */
  has(path: Path): boolean;
};

/**
 * Parses configuration strictly: one document, no duplicate keys, no custom tags, few aliases, bounded size and depth, no
 * key that could reach an object's prototype.
 *
 * @param file the name that findings carry
 */
export function parseConfig(file: string, bytes: Uint8Array): ConfigDocument | { findings: Finding[] } {
  if (bytes.length > MAX_BYTES) {
    return { findings: [{ file, found: `${bytes.length} bytes`, expected: `at most ${MAX_BYTES} bytes` }] };
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { findings: [{ file, found: 'bytes that are not UTF-8', expected: 'UTF-8 text' }] };
  }
  const lines = new LineCounter();
  const doc = parseDocument(text, {
    lineCounter: lines,
    schema: 'core',
    uniqueKeys: true,
    stringKeys: true,
    prettyErrors: false,
  });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };

  const findings: Finding[] = [...doc.errors, ...doc.warnings].map((problem) => ({
    file,
    ...at(problem.pos[0]),
    ...explain(problem.code, problem.message),
  }));
  if (findings.length === 0) findings.push(...dangers(doc, (offset) => ({ file, ...at(offset) })));
  if (findings.length > 0) return { findings };

  return {
    file,
    value: doc.toJS({ maxAliasCount: MAX_ALIASES }) as unknown,
    place: (path, key = false) => at(offsetOf(doc, path, key)),
    has: (path) => path.length === 0 || doc.hasIn(path),
  };
}

function explain(code: string, message: string): { found: string; expected: string } {
  switch (code) {
    case 'DUPLICATE_KEY':
      return { found: 'a key that stands there twice', expected: 'each key once' };
    case 'TAG_RESOLVE_FAILED':
      return { found: `a custom tag (${message})`, expected: 'plain YAML without tags' };
    case 'MULTIPLE_DOCS':
      return { found: 'a second document', expected: 'one document' };
    case 'NON_STRING_KEY':
      return { found: 'a key that is not a string', expected: 'keys that are strings' };
    default:
      return { found: message, expected: 'valid YAML' };
  }
}

function dangers(doc: Document, at: (offset: number) => { file: string; line: number; column: number }): Finding[] {
  const findings: Finding[] = [];
  let aliases = 0;
  visit(doc, {
    Alias(_, node) {
      aliases += 1;
      if (aliases === MAX_ALIASES + 1) {
        findings.push({
          ...at(node.range?.[0] ?? 0),
          found: `more than ${MAX_ALIASES} aliases`,
          expected: 'values written out',
        });
      }
    },
    Pair(_, pair) {
      if (isScalar(pair.key) && DANGEROUS.has(String(pair.key.value))) {
        const found = `the key "${String(pair.key.value)}"`;
        findings.push({ ...at(pair.key.range?.[0] ?? 0), found, expected: 'a key that is a setting' });
      }
    },
    Collection(_, node, path) {
      // Each level of nesting adds a collection and, in a map, a pair to the path.
      if (path.filter((above) => 'items' in above).length === MAX_DEPTH) {
        findings.push({ ...at(node.range?.[0] ?? 0), found: 'more nesting', expected: `at most ${MAX_DEPTH} levels` });
        return visit.SKIP;
      }
      return undefined;
    },
  });
  return findings;
}

function offsetOf(doc: Document, path: Path, key: boolean): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? doc.contents : doc.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === last);
      if (pair && isScalar(pair.key)) {
        const value = pair.value as { range?: [number, number, number] | null } | null;
        const offset = key && length === path.length ? pair.key.range?.[0] : (value?.range?.[0] ?? pair.key.range?.[0]);
        if (offset !== undefined) return offset;
      }
    }
    const node = doc.getIn(path.slice(0, length), true) as { range?: [number, number, number] | null } | undefined;
    if (node?.range) return node.range[0];
  }
  return doc.contents?.range?.[0] ?? 0;
}
