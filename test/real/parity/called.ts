import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseSync } from 'oxc-parser';

import { ask } from '../../../plugins/talos/src/talosctl/argv.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** Where calls of tools are written: the steps, what they share, and the CLI's own steps. */
const FOLDERS = [
  'packages/tools/src',
  'packages/cli/src/steps',
  'plugins/cilium/src',
  'plugins/flux/src',
  'plugins/helmfile/src',
  'plugins/talos/src',
];
/** Functions that make an argv, with the tool it is for where nothing beside the call says another. */
const BUILDERS: Readonly<Record<string, string>> = {
  kubectlArgv: 'kubectl',
  helmArgv: 'helm',
  helmfileArgv: 'helmfile',
  ciliumArgv: 'cilium',
};
const VALUED = new Set(
  '--kubeconfig --context --kube-context --file --selector --server --talosconfig -n -e'.split(' '),
);

type Node = { type: string; [field: string]: unknown };
const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === 'string';
const below = (node: Node): Node[] =>
  Object.values(node).flatMap((value) => (Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []));
const nameOf = (node: unknown): string => (isNode(node) ? String(node['name'] ?? '') : '');
const callee = (node: Node): string => (node.type === 'CallExpression' ? nameOf(node['callee']) : '');

/** The texts in an expression, in their order; what decides between two of them is none. */
const texts = (node: Node): string[] => {
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? [node['value']] : [];
  if (node.type === 'ObjectExpression') return [];
  if (node.type !== 'ConditionalExpression') return below(node).flatMap(texts);
  return [node['consequent'], node['alternate']].filter(isNode).flatMap(texts);
};

/** Both sides of `a ? b : c`, also where it is the first word of a list. */
const sides = (node: Node): Node[] => {
  const [first] = node.type === 'ArrayExpression' ? (node['elements'] as Node[]) : [node];
  if (first?.type !== 'ConditionalExpression') return [node];
  return [first['consequent'], first['alternate']].filter(isNode);
};

/** `tool subcommand` of an argv: the first word that is no flag, and the second where one does not tell. */
export const asks = (tool: string, argv: readonly string[]): string => `${tool} ${told(tool, argv)}`;

const told = (tool: string, argv: readonly string[]): string => {
  let at = 0;
  while (at < argv.length && argv[at]?.startsWith('--')) at += VALUED.has(argv[at] ?? '') ? 2 : 1;
  const [first, second] = argv.slice(at);
  if (first === undefined) return argv[0] ?? '';
  if (first === 'get' && second === '--raw') return 'get --raw';
  if (tool === 'talosctl' && first === 'get') return `get ${second}`;
  return first === 'etcd' || first === 'account' || first === 'config' ? `${first} ${second}` : first;
};

const propertyOf = (object: Node, key: string): Node | undefined =>
  (object['properties'] as Node[])
    .filter((property) => nameOf(property['key']) === key && !property['shorthand'])
    .map((property) => property['value'])
    .find(isNode);

/** All `tool subcommand` that one source file calls. Throws where an argv cannot be told. */
export const calledIn = (path: string, text: string): string[] => {
  const found: string[] = [];
  const add = (tools: string[], argv: Node): void => {
    for (const [index, side] of sides(argv).entries()) {
      const words = texts(side);
      const tool = tools.length > 1 ? tools[index] : tools[0];
      if (tool === undefined) throw new Error(`${path}: nothing tells whose argv this is: ${words.join(' ')}`);
      // A flag's value is no text that is written there.
      const written = words.filter((word) => !VALUED.has(word));
      if (written.length > 0) found.push(asks(tool, written));
      else if (callee(side) === '') throw new Error(`${path}: an argv of ${tool} without a word that is written there`);
    }
  };
  const visit = (node: Node): void => {
    if (node.type === 'ObjectExpression') {
      const argv = propertyOf(node, 'argv');
      const version = propertyOf(node, 'version');
      if (version?.type === 'ObjectExpression' && propertyOf(version, 'argv')) {
        add(texts(propertyOf(node, 'name') ?? node), propertyOf(version, 'argv') as Node);
        return;
      }
      if (argv && argv.type !== 'ArrowFunctionExpression') {
        const named = propertyOf(node, 'tool');
        const other = BUILDERS[callee(argv)] ?? (path.startsWith('plugins/talos/') ? 'talosctl' : undefined);
        add(named ? sides(named).flatMap(texts) : other === undefined ? [] : [other], argv);
        return;
      }
    }
    const builder = BUILDERS[callee(node)];
    if (builder !== undefined && texts(node).length > 0) {
      add([builder], node);
      return;
    }
    // What is asked of a node in general is one of the table `ask`, which is taken as a whole.
    if (callee(node) === 'askTool' && !path.endsWith('talos/src/node/ask.ts'))
      add(['talosctl'], (node['arguments'] as Node[])[1] as Node);
    for (const child of below(node)) visit(child);
  };
  visit(parseSync(path, text).program as unknown as Node);
  return found;
};

/** All `tool subcommand` that our steps call, sorted. */
export const called = (): string[] => {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file)),
  );
  const inFiles = files.flatMap((file) => calledIn(file, readFileSync(join(root, file), 'utf8')));
  // What is asked of a node is a table already.
  const ofNodes = Object.values(ask).map((argv) => asks('talosctl', argv));
  return [...new Set([...inFiles, ...ofNodes])].toSorted();
};
