import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

/** Root of this project. */
export const project = fileURLToPath(new URL('../../', import.meta.url));

/** The example repository, as an operator would have it checked out. */
export const example = join(project, 'examples/k8s-ops');

export const clusters = ['infra', 'apps'] as const;
export type Cluster = (typeof clusters)[number];

/** A parsed document. Its shape is what the tests are about, so it has no type beforehand. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Tree = Record<string, any>;

/** All files below a folder, relative to it, sorted. */
export function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/**
 * The YAML documents of a file of the example, empty ones left out.
 *
 * @throws Error that names file and position, for a syntax error, a duplicate key, or an alias.
 */
export function documents(path: string): Tree[] {
  const text = readFileSync(join(example, path), 'utf8');
  return parseDocuments(text, path);
}

export function parseDocuments(text: string, path: string): Tree[] {
  const found: Tree[] = [];
  for (const document of parseAllDocuments(text, { uniqueKeys: true })) {
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem) throw new Error(`${path}: ${problem.message}`);
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    if (value !== null) found.push(value as Tree);
  }
  return found;
}

/** The one document of a file that holds one. */
export function document(path: string): Tree {
  const all = documents(path);
  if (all.length !== 1) throw new Error(`${path}: ${all.length} documents, expected 1`);
  return all[0]!;
}

export type Node = { hostname: string; address: string; controlPlane: boolean; talconfig: Tree; config: Tree };

/** Nodes in talconfig's order, each with its rendered machine config. */
export function nodesOf(cluster: Cluster): Node[] {
  const talconfig = document(`clusters/${cluster}/talos/talconfig.yaml`);
  return (talconfig.nodes as Tree[]).map((node) => ({
    hostname: node.hostname,
    address: node.ipAddress,
    controlPlane: node.controlPlane,
    talconfig: node,
    // read when asked for, so that a missing file fails its own test and not the collection of all
    get config() {
      return machineConfig(cluster, node.hostname);
    },
  }));
}

/** The v1alpha1 document of a rendered config, which has no `kind`. */
function machineConfig(cluster: Cluster, hostname: string): Tree {
  const path = `clusters/${cluster}/talos/clusterconfig/${cluster}-${hostname}.yaml`;
  const found = documents(path).filter((each) => each.version === 'v1alpha1');
  if (found.length !== 1) throw new Error(`${path}: ${found.length} v1alpha1 documents, expected 1`);
  return found[0]!;
}
