import { parseAllDocuments } from 'yaml';
import { knownKeys } from './known-keys.ts';

export type Tree = { [key: string]: unknown };

/** A machine config that does not decode. `how` tells which of Talos' messages it gets. */
export class Undecodable extends Error {
  readonly how: 'yaml' | 'empty' | 'unknown-keys';
  constructor(how: 'yaml' | 'empty' | 'unknown-keys', message: string) {
    super(message);
    this.name = 'Undecodable';
    this.how = how;
  }
}

/** Nodes read the same few configs again and again; what was decoded is only ever read. */
const decoded = new Map<string, { config: Tree; others: Tree[] }>();
const MOST_DECODED = 128;

/**
 * The v1alpha1 document of a machine config, and further documents beside it.
 * Throws `Undecodable` with the text that Talos' own decoder gives.
 */
export function decode(bytes: Uint8Array): { config: Tree; others: Tree[] } {
  const text = new TextDecoder().decode(bytes);
  const known = decoded.get(text);
  if (known) return known;
  const read = decodeText(text);
  if (decoded.size >= MOST_DECODED) decoded.clear();
  decoded.set(text, read);
  return read;
}

function decodeText(text: string): { config: Tree; others: Tree[] } {
  const parsed = parseAllDocuments(text, { maxAliasCount: 0 } as never);
  const trees: Tree[] = [];
  for (const document of 'empty' in parsed ? [] : parsed) {
    const error = document.errors[0];
    if (error) {
      const at = error.linePos?.[0];
      const where = at ? `line ${at.line}, column ${at.col}: ` : '';
      throw new Undecodable(
        'yaml',
        `yaml: while parsing a block mapping at <unknown position>: ${where}did not find expected key`,
      );
    }
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    if (value === null || value === undefined) continue;
    if (!isTree(value)) throw new Undecodable('yaml', 'yaml: unmarshal errors: cannot unmarshal into a machine config');
    trees.push(value);
  }
  const config = trees.find((tree) => tree['kind'] === undefined);
  if (!config) throw new Undecodable('empty', 'config not found');
  const unknown = unknownKeys(config);
  if (unknown !== '') throw new Undecodable('unknown-keys', `unknown keys found during decoding:\n${unknown}`);
  return { config, others: trees.filter((tree) => tree !== config) };
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

function unknownKeys(config: Tree): string {
  const lines: string[] = [];
  for (const key of foreign(config, '')) lines.push(`${key}: ${shown(config[key])}`);
  const machine = foreign(below(config, 'machine'), 'machine').map(
    (key) => `    ${key}: ${shown(below(config, 'machine')[key])}`,
  );
  const install = foreign(below(config, 'machine.install'), 'machine.install').map(
    (key) => `        ${key}: ${shown(below(config, 'machine.install')[key])}`,
  );
  if (machine.length > 0 || install.length > 0) lines.push('machine:', ...machine);
  if (install.length > 0) lines.push('    install:', ...install);
  const cluster = foreign(below(config, 'cluster'), 'cluster').map(
    (key) => `    ${key}: ${shown(below(config, 'cluster')[key])}`,
  );
  if (cluster.length > 0) lines.push('cluster:', ...cluster);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function foreign(tree: Tree, at: keyof typeof knownKeys): string[] {
  return Object.keys(tree).filter((key) => !knownKeys[at].has(key));
}

function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
