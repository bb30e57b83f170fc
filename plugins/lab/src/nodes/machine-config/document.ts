import { Decoder, typeOfKind, unknownKeys } from './go-decode.ts';
import { documents, written, type MapNode, type Node } from './go-yaml.ts';
import { Undecodable } from './undecodable.ts';

export { Undecodable } from './undecodable.ts';

export type Tree = { [key: string]: unknown };

/** What a machine config holds: the v1alpha1 document, which may be missing, and those beside it. */
export type Decoded = { config: Tree | null; others: Tree[] };

/** Nodes read the same few configs again and again; what was decoded is only ever read. */
const decoded = new Map<string, Decoded>();
const MOST_DECODED = 128;

/** The documents of a machine config. Throws `Undecodable` with the text that Talos' own decoder gives. */
export function decode(bytes: Uint8Array): Decoded {
  const text = new TextDecoder().decode(bytes);
  const known = decoded.get(text);
  if (known) return known;
  const read = decodeText(text);
  if (decoded.size >= MOST_DECODED) decoded.clear();
  decoded.set(text, read);
  return read;
}

function decodeText(text: string): Decoded {
  const read: Decoded = { config: null, others: [] };
  const seen = new Set<string>();
  for (const node of documents(text)) {
    if (node.kind === 'scalar' && node.tag === '!!null') continue;
    if (node.kind !== 'map') throw new Undecodable('yaml', `expected a YAML document at line ${node.line}`);
    const kind = valueOf(node, 'kind');
    const id = `${valueOf(node, 'apiVersion')}/${kind || 'v1alpha1'}/${valueOf(node, 'name')}`;
    if (seen.has(id)) throw new Undecodable('document', `duplicate document ${id} is not allowed (line ${node.line})`);
    seen.add(id);
    const tree = framed(`error decoding document ${id} (line ${node.line}): `, () => decodeDocument(node, kind));
    if (kind === '') read.config = tree;
    else read.others.push(tree);
  }
  if (seen.size === 0) throw new Undecodable('empty', 'config not found');
  return read;
}

function decodeDocument(node: MapNode, kind: string): Tree {
  const old = ['machine', 'cluster', 'debug', 'persist'].some((key) => node.entries.some((one) => isKey(one.key, key)));
  const version = old ? 'v1alpha1' : valueOf(node, 'apiVersion');
  if (kind === '' && version !== 'v1alpha1') throw new Undecodable('document', 'missing kind');
  if (version === '') throw new Undecodable('document', 'missing apiVersion');
  const type = kind === '' ? 'v1alpha1.Config' : typeOfKind(kind);
  if (type === undefined || version !== 'v1alpha1')
    throw new Undecodable('document', `${JSON.stringify(kind)} ${JSON.stringify(version)}: not registered`);
  const tree = framed(`error decoding ${kind} to *${type}: `, () => new Decoder().decode(node, type));
  const unknown = unknownKeys(node, type);
  if (unknown) throw new Undecodable('unknown-keys', `unknown keys found during decoding:\n${written(unknown)}`);
  return tree;
}

function framed<T>(at: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Undecodable) throw new Undecodable(error.how, error.message, `${at}${error.at}`);
    throw error;
  }
}

function valueOf(node: MapNode, key: string): string {
  const value = node.entries.find((one) => isKey(one.key, key))?.value;
  return value?.kind === 'scalar' ? value.value : '';
}

function isKey(node: Node, key: string): boolean {
  return node.kind === 'scalar' && node.value === key;
}

/** The subtree at a dotted path; an empty one where it is absent. */
export function below(tree: Tree, path: string): Tree {
  let at: unknown = tree;
  for (const key of path.split('.')) at = isTree(at) ? at[key] : undefined;
  return isTree(at) ? at : {};
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
