import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Document, Node as Parsed, Scalar, YAMLError } from 'yaml';
import { Undecodable } from './undecodable.ts';

/** YAML as Go's go-yaml v4 reads it, where what a plain word stands for depends on what it is read into. */
export type Node = ScalarNode | MapNode | SeqNode | AliasNode;
/** `shown` is the value as it stands in the text; `odd` why it cannot be read at all. */
export type ScalarNode = {
  kind: 'scalar';
  line: number;
  tag: string;
  value: string;
  shown: string;
  odd?: string;
} & Anchored;
export type MapNode = { kind: 'map'; line: number; entries: { key: Node; value: Node }[]; flow: boolean } & Anchored;
export type SeqNode = { kind: 'seq'; line: number; items: Node[]; flow: boolean } & Anchored;
type Anchored = { anchor?: string | undefined };
export type AliasNode = { kind: 'alias'; line: number; name: string; target: () => Node };

/** The documents of a text, one after another: what is wrong with a later one shows when it is asked for. */
export function* documents(text: string): Generator<Node> {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: false, lineCounter: lines });
  for (const document of 'empty' in parsed ? [] : parsed) {
    const error = document.errors[0];
    if (error) throw new Undecodable('yaml', `decode error: yaml: ${syntax(error, text)}`);
    if (document.contents) yield new Reader(document, lines).read(document.contents);
  }
}

/** What go-yaml calls the commonest faults. Where a thing began that never ends, it knows only of the simplest. */
function syntax(error: YAMLError, text: string): string {
  const before = text.slice(0, error.pos[0]).split('\n');
  const line = before.length;
  const column = before.at(-1)!.length + 1;
  switch (error.code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
      return `line ${line}, column ${column + text.slice(error.pos[0]).search(/:\s/)}: mapping values are not allowed in this context`;
    case 'BAD_SCALAR_START':
      return `while scanning for the next token at line ${line}, column ${column}: found character that cannot start any token`;
    case 'TAB_AS_INDENT': {
      const start = /^\s*(?:- +|[^\s:]+: +)*/.exec(before.at(-2) ?? '')![0].length + 1;
      return `while scanning a plain scalar at line ${line - 1}, column ${start}: line ${line}: found a tab character that violates indentation`;
    }
    case 'MISSING_CHAR': {
      const start = text.slice(0, /[^"']*$/.exec(text.slice(0, error.pos[0]))!.index).split('\n');
      return `while scanning a quoted scalar at line ${start.length}, column ${start.at(-1)!.length}: line ${line}: found unexpected end of stream`;
    }
    default:
      if (error.message.startsWith('Flow sequence'))
        return `while parsing a flow node at line ${line - 1}: did not find expected node content`;
      if (error.message.startsWith('Flow map'))
        return `while parsing a flow mapping at <unknown position>: line ${line - 1}: did not find expected ',' or '}'`;
  }
  // Its parser counts lines from 0.
  const indent = /^ */.exec(text.slice(error.pos[0]))![0].length;
  return `while parsing a block mapping at <unknown position>: line ${line - 1}, column ${column + indent}: did not find expected key`;
}

class Reader {
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #seen = new Map<Parsed, Node>();

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  read(node: Parsed): Node {
    const known = this.#seen.get(node);
    if (known) return known;
    const { line, col } = this.#lines.linePos(node.range?.[0] ?? 0);
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      const unknown = `decode error: yaml: line ${line}, column ${col + 1}: unknown anchor '${node.source}' referenced`;
      if (!target) throw new Undecodable('yaml', unknown);
      return { kind: 'alias', line, name: node.source, target: () => this.read(target) };
    }
    if (isMap(node)) {
      const map: MapNode = { kind: 'map', line, entries: [], flow: node.flow === true, anchor: node.anchor };
      this.#seen.set(node, map);
      for (const { key, value } of node.items)
        map.entries.push({ key: this.#part(key, line), value: this.#part(value, line) });
      return map;
    }
    if (isSeq(node)) {
      const seq: SeqNode = { kind: 'seq', line, items: [], flow: node.flow === true, anchor: node.anchor };
      this.#seen.set(node, seq);
      for (const item of node.items) seq.items.push(this.#part(item, line));
      return seq;
    }
    return scalar(node as Scalar, line);
  }

  #part(node: unknown, line: number): Node {
    if (node === null || node === undefined) return { kind: 'scalar', line, tag: '!!null', value: '', shown: '' };
    return this.read(node as Parsed);
  }
}

function scalar(node: Scalar, line: number): ScalarNode {
  if (!isScalar(node)) throw new Error('a YAML node of no kind');
  const plain = node.type === 'PLAIN' || node.type === undefined;
  const given = node.tag?.replace('tag:yaml.org,2002:', '!!');
  const value = given === '!!binary' ? (node.source ?? '') : String(node.value ?? '');
  const natural = plain ? tagOf(value) : '!!str';
  const tag = given ?? natural;
  const read: ScalarNode = { kind: 'scalar', line, tag, value, shown: shown(node, value), anchor: node.anchor };
  const fits = tag === natural || (tag === '!!float' && natural === '!!int');
  if (!fits && ['!!int', '!!float', '!!bool', '!!null'].includes(tag))
    read.odd = `yaml: cannot construct ${natural} \`${value}\` as a ${tag}`;
  return read;
}

function shown({ type }: Scalar, value: string): string {
  if (type === 'QUOTE_DOUBLE') return JSON.stringify(value);
  if (type === 'QUOTE_SINGLE') return `'${value.replaceAll("'", "''")}'`;
  return value;
}

const WORDS: Readonly<Record<string, string>> = {
  true: '!!bool',
  True: '!!bool',
  TRUE: '!!bool',
  false: '!!bool',
  False: '!!bool',
  FALSE: '!!bool',
  '': '!!null',
  '~': '!!null',
  null: '!!null',
  Null: '!!null',
  NULL: '!!null',
  '<<': '!!merge',
  '-0': '!!float',
};

/** What a plain word is, before anybody wants it to be something. */
export function tagOf(word: string): string {
  const known = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (known) return known;
  if (/^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$/.test(word)) return '!!float';
  if (/^\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)?)?$/.test(word))
    return '!!timestamp';
  const digits = word.replaceAll('_', '');
  if (/^[-+]?(?:0|[1-9]\d*|0[xX][\da-fA-F]+|0[oO]?[0-7]+|0[bB][01]+)$/.test(digits)) return '!!int';
  if (/^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(digits)) return '!!float';
  return '!!str';
}

/** The number that a word of tag `!!int` or `!!float` stands for. */
export function numberOf(word: string): number {
  const [, sign, digits] = /^([-+]?)(.*)$/.exec(word.replaceAll('_', ''))!;
  const size = /^0\d+$/.test(digits!) ? Number.parseInt(digits!, 8) : Number(digits);
  return sign === '-' ? -size : size;
}

/** Keys that Talos does not know, below the keys that lead to them. */
export type Unknown = Map<string, Unknown | Node> | Unknown[];

/** As go-yaml writes it: sorted, four columns deep, where an item's own keys stand right behind its dash. */
export function written(unknown: Unknown | Node, indent = '', deeper = `${indent}    `): string {
  const item = (one: Unknown | Node): string =>
    `${indent}- ${written(one, `${indent}  `, `${indent}    `).slice(indent.length + 2)}`;
  if (Array.isArray(unknown)) return unknown.map(item).join('');
  if (unknown instanceof Map)
    return [...unknown]
      .sort(([a], [b]) => natural(a, b))
      .map(([key, value]) => `${indent}${plainly(key)}:${after(value, deeper)}`)
      .join('');
  if (unknown.kind === 'map' && !unknown.flow && unknown.entries.length > 0)
    return unknown.entries.map(({ key, value }) => `${indent}${inline(key)}:${after(value, deeper)}`).join('');
  if (unknown.kind === 'seq' && !unknown.flow && unknown.items.length > 0) return unknown.items.map(item).join('');
  return `${indent}${inline(unknown)}\n`;
}

function after(value: Unknown | Node, indent: string): string {
  if (Array.isArray(value) || value instanceof Map) return `\n${written(value, indent)}`;
  if (nested(value))
    return `${anchored(value)
      .trimEnd()
      .replace(/^(?=&)/, ' ')}\n${written(value, indent)}`;
  if (value.kind === 'scalar' && value.value.includes('\n') && value.shown === value.value)
    return ` |\n${value.value.replaceAll(/^(?=.)/gm, indent)}`;
  const text = inline(value);
  return text === '' ? '\n' : ` ${text}\n`;
}

/** A key, in quotation marks where it would be read as something else. */
function plainly(key: string): string {
  const old = /^(?:y|n|yes|no|on|off)$/i.test(key);
  return tagOf(key) === '!!str' && !old ? key : JSON.stringify(key);
}

function nested(node: Node): node is MapNode | SeqNode {
  if (node.kind === 'map') return !node.flow && node.entries.length > 0;
  return node.kind === 'seq' && !node.flow && node.items.length > 0;
}

function anchored(node: Exclude<Node, AliasNode>): string {
  return node.anchor === undefined ? '' : `&${node.anchor} `;
}

function inline(node: Node): string {
  if (node.kind === 'alias') return `*${node.name}`;
  return `${anchored(node)}${bare(node)}`;
}

function bare(node: Exclude<Node, AliasNode>): string {
  if (node.kind === 'scalar') return node.shown;
  if (node.kind === 'seq') return `[${node.items.map(inline).join(', ')}]`;
  return `{${node.entries.map(({ key, value }) => `${inline(key)}: ${inline(value)}`).join(', ')}}`;
}

/** b2 before b10, and capitals first. */
function natural(a: string, b: string): number {
  const left: string[] = a.match(/\d+|\D/g) ?? [];
  const right: string[] = b.match(/\d+|\D/g) ?? [];
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const [one, other] = [left[at]!, right[at]!];
    if (one === other) continue;
    if (/\d/.test(one) && /\d/.test(other) && Number(one) !== Number(other)) return Number(one) - Number(other);
    return one < other ? -1 : 1;
  }
  return left.length - right.length;
}
