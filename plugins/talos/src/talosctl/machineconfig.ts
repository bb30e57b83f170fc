import { parseAllDocuments } from 'yaml';

/** Limits on what is parsed: a machine config of many kilobytes is normal, aliases are not. */
const MOST_ALIASES = 50;

type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

/**
 * Reads a machine config: one or several YAML documents. Throws SyntaxError where it is not YAML; duplicate keys and
 * custom tags are errors too. The message never holds a value of the file.
 */
export function parseMachineConfig(text: string): readonly Plain[] {
  const known = parsed.get(text);
  if (known) return known;
  const documents = parse(text);
  if (parsed.size >= MOST_PARSED) parsed.clear();
  parsed.set(text, documents);
  return documents;
}

/** A wait of minutes looks at the same two texts every few seconds. */
const parsed = new Map<string, readonly Plain[]>();
const MOST_PARSED = 64;

function parse(text: string): readonly Plain[] {
  const documents = parseAllDocuments(text, { uniqueKeys: true });
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem) throw new SyntaxError(`not a machine config (${problem.code})`);
    return document.toJS({ maxAliasCount: MOST_ALIASES }) as Plain;
  });
}

/** What a config says of the node itself. */
export function identityOf(documents: readonly Plain[]): { hostname: string | null; type: string | null } {
  let hostname: string | null = null;
  let type: string | null = null;
  for (const document of documents) {
    const machine = member(document, 'machine');
    type ??= text(member(machine, 'type'));
    hostname ??= text(member(member(machine, 'network'), 'hostname'));
    if (text(member(document, 'kind')) === 'HostnameConfig') hostname ??= text(member(document, 'hostname'));
  }
  return { hostname, type };
}

/**
 * Where two configs differ, as paths without values (`machine.install.image`), at most `most` of them.
 * Order of keys and comments do not count; order of documents does not either where their kind and name tell them apart.
 */
export function differences(one: readonly Plain[], other: readonly Plain[], most = 8): string[] {
  const found: string[] = [];
  const left = byKind(one);
  const right = byKind(other);
  for (const kind of new Set([...left.keys(), ...right.keys()]))
    compare(left.get(kind), right.get(kind), kind, found, most);
  return found;
}

function compare(a: Plain | undefined, b: Plain | undefined, path: string, found: string[], most: number): void {
  if (found.length >= most || a === b) return;
  if (isRecord(a) && isRecord(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)]))
      compare(a[key], b[key], path === '' ? key : `${path}.${key}`, found, most);
  } else if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
    for (const [i, value] of a.entries()) compare(value, b[i], `${path}[${i}]`, found, most);
  } else found.push(path === '' ? 'the whole document' : path);
}

function byKind(documents: readonly Plain[]): Map<string, Plain> {
  const kinds = new Map<string, Plain>();
  for (const document of documents) {
    if (document === null) continue;
    const kind = text(member(document, 'kind')) ?? '';
    const name = text(member(document, 'name'));
    let key = name === null ? kind : `${kind}/${name}`;
    while (kinds.has(key)) key += '+';
    kinds.set(key, document);
  }
  return kinds;
}

const isRecord = (value: Plain | undefined): value is { [key: string]: Plain } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const member = (value: Plain | undefined, key: string): Plain | undefined => (isRecord(value) ? value[key] : undefined);
const text = (value: Plain | undefined): string | null => (typeof value === 'string' ? value : null);
