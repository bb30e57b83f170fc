import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseSync } from 'oxc-parser';

import { ask } from '../../../plugins/talos/src/talosctl/argv.ts';
import {
  bare,
  behind,
  below,
  boundTo,
  callee,
  isFunction,
  isNode,
  nameOf,
  scopeOf,
  takenBy,
  wordsOf,
} from './written.ts';
import type { Builder, Node, Scope, Word } from './written.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** Where calls of tools are written: the steps, what they share, and the CLI's own steps. */
const FOLDERS = [
  'packages/tools/src',
  'packages/cli/src',
  'plugins/cilium/src',
  'plugins/flux/src',
  'plugins/helmfile/src',
  'plugins/talos/src',
];
/** Functions that make an argv of the words they are given, with the tool it is for where nothing beside the call says another. */
const BUILDERS: readonly (Builder & { name: string; in?: string })[] = [
  { name: 'kubectlArgv', tool: 'kubectl', takes: 'rest', at: 1 },
  { name: 'helmArgv', tool: 'helm', takes: 'rest', at: 1 },
  { name: 'helmfileArgv', tool: 'helmfile', takes: 'rest', at: 3 },
  { name: 'ciliumArgv', tool: 'cilium', takes: 'rest', at: 2 },
  { name: 'askNode', tool: 'talosctl', takes: 'list', at: 4 },
  { name: 'askTool', tool: 'talosctl', takes: 'list', at: 1 },
  { name: 'callTool', tool: 'talosctl', takes: 'list', at: 1, in: 'plugins/talos/src/node/ask.ts' },
  { name: 'talosctl', tool: 'talosctl', takes: 'object', at: 0, in: 'plugins/talos/src/steps/' },
  { name: 'argvOf', tool: 'git', takes: 'list', at: 0, in: 'packages/tools/src/git/lock.ts' },
  { name: 'exec', tool: 'git', takes: 'list', at: 0, in: 'packages/tools/src/git/lock.ts' },
  { name: 'probe', tool: 'git', takes: 'list', at: 0, in: 'packages/tools/src/git/lock.ts' },
];
/** Functions that return nothing but what one of those makes, and whose argv is found there. */
const WHOLE = new Set(['applyArgv', 'listRelease']);
const VALUED = new Set(
  '--kubeconfig --context --kube-context --namespace --file --selector --server --talosconfig -n -e -c'.split(' '),
);

/** `tool subcommand` of an argv: the first word that is no flag, and the second where one does not tell. */
export const asks = (tool: string, argv: readonly string[]): string => `${tool} ${told(tool, argv) as string}`;

/** The same without the tool; the word that would have to be known for it, where it is not written. */
const told = (tool: string, argv: readonly Word[]): Word => {
  let at = 0;
  for (let word = argv[at]; typeof word === 'string'; word = argv[at])
    if (VALUED.has(word)) {
      const value = argv[at + 1];
      if (typeof value === 'object' && value.many) return value;
      at += 2;
    } else if (word.startsWith('--')) at += 1;
    else break;
  const [first, second] = argv.slice(at);
  if (first === undefined) return argv[0] ?? '';
  if (typeof first === 'object') return first;
  if (first === 'get' && second === '--raw') return 'get --raw';
  // git does quite different things by the flag that follows.
  const both =
    tool === 'git' || (tool === 'talosctl' && first === 'get') || ['etcd', 'account', 'config'].includes(first);
  if (!both || second === undefined) return first;
  return typeof second === 'object' ? second : `${first} ${second}`;
};

const propertyOf = (object: Node, key: string): Node | undefined =>
  (object['properties'] as Node[])
    .filter(({ key: of }) => nameOf(of) === key || (isNode(of) && of['value'] === key))
    .map((property) => property['value'])
    .find(isNode);

/** What holds a name that may be that of a builder, and is no use of it. */
const NAMING = new Set(['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration']);

/** All `tool subcommand` that one source file calls. Throws where an argv cannot be told. */
export const calledIn = (path: string, text: string): string[] => {
  const found = new Set<string>();
  const builders = new Map(
    BUILDERS.filter(({ in: where = '' }) => path.startsWith(where)).map((builder) => [builder.name, builder]),
  );
  /** The function that makes argvs in whose definition we are: what it is given is asked where it is called. */
  type Within = { builder: Builder; node: Node } | undefined;
  const refuse = (node: Node, why: string): never => {
    const line = text.slice(0, node.start).split('\n').length;
    const code = text.slice(node.start, node.end).replaceAll(/\s+/g, ' ').slice(0, 100);
    throw new Error(`${path}:${line}: ${why}: ${code}`);
  };
  const add = (tool: string, argvs: Word[][], node: Node, within: Within): void => {
    for (const argv of argvs) {
      const what = told(tool, argv);
      if (typeof what === 'string' && what !== '') {
        found.add(`${tool} ${what}`);
        continue;
      }
      const from = typeof what === 'object' && what.many ? what.from : undefined;
      if (from && within && from.of === within.node && from.at === within.builder.at) continue;
      refuse(
        node,
        `an argv of ${tool} whose subcommand cannot be told; write it as a text, in a list that is written there or in a ` +
          'const of this file, or name the function that makes it in BUILDERS (test/real/parity/called.ts)',
      );
    }
  };
  /** The names of tools that an expression may be; as many as it has sides. */
  const toolsOf = (given: Node, outside: Scope): (string | undefined)[] => {
    const { node, scope } = behind(given, outside);
    if (node.type === 'ConditionalExpression')
      return [node['consequent'], node['alternate']].filter(isNode).flatMap((one) => toolsOf(one, scope));
    return [typeof node['value'] === 'string' ? node['value'] : undefined];
  };
  /** Calls of builders whose tool stands beside them. */
  const seen = new Set<Node>();
  const addCall = (object: Node, given: Node, scope: Scope, within: Within, other?: string): void => {
    const argv = behind(given, scope);
    const named = propertyOf(object, 'tool');
    const called = builders.get(callee(argv.node))?.tool;
    const tools = named ? toolsOf(named, scope) : [other ?? called];
    seen.add(argv.node);
    if (tools.includes(undefined))
      refuse(object, 'nothing tells whose argv this is; write the tool as a text beside it');
    if (WHOLE.has(callee(argv.node))) return;
    if (within && tools[0] !== within.builder.tool)
      refuse(object, `this is in a function that BUILDERS has as one of ${within.builder.tool}`);
    const sides = tools.length === 1 ? [given] : sidesOf(named as Node, argv.node, argv.scope);
    for (const [index, side] of sides.entries())
      add(tools[index] as string, wordsOf(side, argv.scope, builders), object, within);
  };
  /** The lists that belong to the sides of `tool: a ? b : c`, which have to be chosen by the same `a`. */
  const sidesOf = (tool: Node, argv: Node, scope: Scope): Node[] => {
    const source = (node: unknown): string => (isNode(node) ? text.slice(node.start, node.end) : '');
    const [first, ...more] = argv.type === 'ArrayExpression' ? (argv['elements'] as Node[]) : [argv];
    const choice = behind(tool, scope).node;
    if (first?.type !== 'ConditionalExpression' || source(first['test']) !== source(choice['test']))
      return refuse(argv, 'which of two tools this argv is for cannot be told; choose both by the same condition');
    const both = [first['consequent'], first['alternate']].filter(isNode);
    return argv.type === 'ArrayExpression' ? both.map((one) => ({ ...argv, elements: [one, ...more] })) : both;
  };

  const visitObject = (node: Node, scope: Scope, within: Within): void => {
    const [argv, version] = [propertyOf(node, 'argv'), propertyOf(node, 'version')];
    const ofVersion =
      version && bare(version).type === 'ObjectExpression' ? propertyOf(bare(version), 'argv') : undefined;
    if (ofVersion) {
      const name = propertyOf(node, 'name');
      addCall({ ...node, properties: [] }, ofVersion, scope, within, name && toolsOf(name, scope)[0]);
      return;
    }
    if (argv) addCall(node, argv, scope, within);
    else if (propertyOf(node, 'tool') && toolsOf(propertyOf(node, 'tool') as Node, scope)[0] !== undefined)
      if (within?.builder.takes !== 'object') refuse(node, 'a call of a tool without an argv beside it');
    for (const child of below(node)) visit(child, scope, within);
  };

  const visitCall = (node: Node, scope: Scope, within: Within): void => {
    const builder = builders.get(callee(node));
    const given = node['arguments'] as Node[];
    if (builder?.takes === 'object') {
      const object = given[builder.at];
      const argv = object?.type === 'ObjectExpression' ? propertyOf(object, 'argv') : undefined;
      if (!object || !argv) return refuse(node, 'what is called has to be written there, with its argv');
      addCall(object, argv, scope, within, builder.tool);
      for (const child of [...below(object), ...given.filter((one) => one !== object)]) visit(child, scope, within);
      return;
    }
    if (builder && !seen.has(node)) {
      add(builder.tool, takenBy(builder, node, scope, builders), node, within);
    } else if (!builder && isNode(node['callee'])) visit(node['callee'], scope, within);
    for (const child of given) visit(child, scope, within);
  };

  /** What a function of `WHOLE` returns has to be found in it, as nothing is where it is called. */
  const holdWhole = (name: unknown, made: Node): void => {
    if (!WHOLE.has(nameOf(name))) return;
    const returned = (node: Node): Node[] =>
      isFunction(node)
        ? []
        : node.type === 'ReturnStatement'
          ? [node['argument'] as Node]
          : below(node).flatMap(returned);
    const body = made['body'] as Node;
    const ends = body.type === 'BlockStatement' ? returned(body) : [body];
    for (const end of ends)
      if (!builders.has(callee(bare(end)))) refuse(end, `${nameOf(name)} has to return what one of BUILDERS makes`);
  };

  const visit = (node: Node, scope: Scope, within: Within): void => {
    if (NAMING.has(node.type) && !isNode(node['declaration'])) return;
    if (node.type.startsWith('TS') && bare(node) === node) return;
    if (isFunction(node)) {
      const named = builders.get(nameOf(node['id']));
      holdWhole(node['id'], node);
      const inside = named ? { builder: named, node } : within;
      const own = scopeOf(node, scope, text);
      for (const child of below(node)) if (child !== node['id']) visit(child, own, inside);
      return;
    }
    if (node.type === 'VariableDeclarator' && isNode(node['init'])) {
      const [named, init] = [builders.get(nameOf(node['id'])), bare(node['init'])];
      if (isFunction(init)) holdWhole(node['id'], init);
      if (!named || !isFunction(init)) return visit(init, scope, within);
      const own = scopeOf(init, scope, text);
      for (const child of below(init)) visit(child, own, { builder: named, node: init });
      return;
    }
    const set = node.type === 'AssignmentExpression' ? (node['left'] as Node)['property'] : undefined;
    if (['argv', 'tool'].includes(nameOf(set)))
      refuse(node, 'a call that is changed after it was written; write it whole');
    if (node.type === 'CallExpression') return visitCall(node, scope, within);
    if (node.type === 'Identifier' && builders.has(nameOf(node)) && !boundHere(nameOf(node), scope))
      refuse(node, `${nameOf(node)} makes argvs and is handed on here, so what is called cannot be told; call it`);
    const skipped = node['computed'] === true ? undefined : (node['key'] ?? node['property']);
    if (node.type === 'ObjectExpression') return visitObject(node, scope, within);
    for (const child of below(node)) if (child !== skipped) visit(child, scope, within);
  };
  /** Whether a builder's name stands for something else here: a parameter, or what a function calls so. */
  const boundHere = (name: string, scope: Scope): boolean => {
    const bound = boundTo(name, scope);
    return bound !== undefined && bound !== boundTo(name, file);
  };

  const program = parseSync(path, text).program as unknown as Node;
  const file = scopeOf(program, null, text);
  for (const statement of below(program)) visit(statement, file, undefined);
  return [...found];
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
