import type { Finding } from '@coldstart/contract';
import { isAlias, isNode, LineCounter, parseAllDocuments, visit, type Document } from 'yaml';

export type Place = { line: number; column: number };

/** One document of a YAML file: its value, its own text, and where things stand in the file. */
export type YamlDocument = {
  value: unknown;
  text: string;
  /** Where the value at `path` stands; where it is not written there (an anchor's, a default), the nearest thing above it. */
  place: (path: readonly (string | number)[]) => Place;
};

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_ALIASES = 200;
const MAX_DEPTH = 64;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads every document of a YAML file: no duplicate keys, no custom tags, bounded in size, depth and aliases. Empty
 * documents are left out. Merge keys (`<<`) are resolved, as operators' helmfiles use them.
 */
export function readYaml(file: string, bytes: Uint8Array): { documents: YamlDocument[]; problems: Finding[] } {
  if (bytes.length > MAX_BYTES)
    return fail({ file, found: `${bytes.length} bytes`, expected: `at most ${MAX_BYTES} bytes` });
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return fail({ file, found: 'bytes that are not UTF-8', expected: 'UTF-8 text' });
  }
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    merge: true,
    uniqueKeys: true,
    prettyErrors: false,
    version: '1.2',
  });
  if (!Array.isArray(parsed)) return { documents: [], problems: [] };
  const problems: Finding[] = [];
  const documents: YamlDocument[] = [];
  for (const [index, document] of parsed.entries()) {
    const wrong = [...document.errors, ...document.warnings];
    problems.push(
      ...wrong.map((e) => ({
        file,
        ...at(e.pos[0]),
        found: firstLine(e.message),
        expected: 'plain YAML without custom tags or duplicate keys',
      })),
    );
    const danger = dangerOf(document);
    if (danger) problems.push({ file, ...at(danger.offset), found: danger.found, expected: danger.expected });
    if (wrong.length > 0 || danger || document.contents === null) continue;
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (error) {
      problems.push({ file, found: firstLine(String(error)), expected: `at most ${MAX_ALIASES} uses of anchors` });
      continue;
    }
    const start = document.range?.[0] ?? 0;
    const end = parsed[index + 1]?.range?.[0] ?? text.length;
    documents.push({ value, text: text.slice(start, end), place: (path) => at(offsetOf(document, path)) });
  }
  return { documents, problems };
}

const fail = (problem: Finding): { documents: YamlDocument[]; problems: Finding[] } => ({
  documents: [],
  problems: [problem],
});
const firstLine = (text: string): string => text.split('\n')[0]?.slice(0, 200) ?? '';

function dangerOf(document: Document): { offset: number; found: string; expected: string } | undefined {
  let danger: { offset: number; found: string; expected: string } | undefined;
  let aliases = 0;
  visit(document, (key, node, path) => {
    if (isAlias(node) && ++aliases > MAX_ALIASES)
      danger ??= {
        offset: offset(node),
        found: `more than ${MAX_ALIASES} aliases`,
        expected: `at most ${MAX_ALIASES}`,
      };
    if (path.length > MAX_DEPTH * 2)
      danger ??= { offset: offset(node), found: `more than ${MAX_DEPTH} levels`, expected: `at most ${MAX_DEPTH}` };
    if (key === 'key' && isNode(node) && 'value' in node && node.value === '__proto__')
      danger ??= { offset: offset(node), found: 'the key __proto__', expected: 'another key' };
    return danger ? visit.BREAK : undefined;
  });
  return danger;
}

const offset = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);

function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}
