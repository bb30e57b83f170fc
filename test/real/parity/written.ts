/** What of an argv is written in a source: its words, as far as they can be told without running it. */
import { ask } from '../../../plugins/talos/src/talosctl/argv.ts';

export type Node = { type: string; start: number; end: number; [field: string]: unknown };
export const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === 'string';
export const below = (node: Node): Node[] =>
  Object.values(node).flatMap((value) => (Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []));
const nodes = (list: unknown): Node[] => (Array.isArray(list) ? list.filter(isNode) : []);

/** A word as it is written; one that is not, or any number of them, perhaps from a function's parameter. */
export type Word = string | { many: boolean; from?: Parameter };
export type Parameter = { of: Node; at: number };
/** What a name stands for: what it is set to for good, or nothing that can be told. */
type Bound = { to: Node; in: Scope } | Parameter | 'untold';
export type Scope = { names: ReadonlyMap<string, Bound>; outer: Scope | null };
/** Where a function that makes an argv takes its words: one list, or all that follow. What it puts before them is flags. */
export type Builder = { tool: string; at: number; takes: 'list' | 'rest' | 'object' };

export const nameOf = (node: unknown): string =>
  isNode(node) && node.type === 'Identifier' ? String(node['name']) : '';
export const callee = (node: Node): string => (node.type === 'CallExpression' ? nameOf(node['callee']) : '');
export const isFunction = (node: Node): boolean => /^(Arrow)?Function(Expression|Declaration)?$/.test(node.type);

/** Without what only TypeScript sees. */
export const bare = (node: Node): Node =>
  /^(TS(As|Satisfies|NonNull)|Parenthesized)Expression$/.test(node.type) ? bare(node['expression'] as Node) : node;

/** All names that a pattern binds. */
const bindsOf = (pattern: Node): string[] => {
  if (pattern.type === 'Identifier') return [nameOf(pattern)];
  if (pattern.type === 'AssignmentPattern') return bindsOf(pattern['left'] as Node);
  if (pattern.type === 'Property') return bindsOf(pattern['value'] as Node);
  return below(pattern).flatMap((one) => (one.type.startsWith('TS') ? [] : bindsOf(one)));
};

const CHANGING = 'push|unshift|splice|shift|pop|fill|reverse|sort|copyWithin';

/** The names of a function, or of a file: parameters, and all that is declared in it outside of functions within it. */
export const scopeOf = (node: Node, outer: Scope | null, text: string): Scope => {
  const names = new Map<string, Bound>();
  const scope: Scope = { names, outer };
  // A name twice in one function stands for one here and for another there.
  const bind = (name: string, bound: Bound): unknown => names.set(name, names.has(name) ? 'untold' : bound);
  for (const [at, pattern] of nodes(node['params']).entries()) {
    const rest = pattern.type === 'RestElement' ? (pattern['argument'] as Node) : pattern;
    const named = rest.type === 'AssignmentPattern' ? (rest['left'] as Node) : rest;
    for (const name of bindsOf(named)) bind(name, named.type === 'Identifier' ? { of: node, at } : 'untold');
  }
  const gather = (inside: Node): void => {
    if (inside.type === 'VariableDeclaration')
      for (const { id, init } of nodes(inside['declarations'])) {
        const changed = new RegExp(`\\b${nameOf(id)}(\\.(${CHANGING})\\(|\\[[^\\]]*\\] = )`).test(text);
        const fixed = inside['kind'] === 'const' && nameOf(id) !== '' && isNode(init) && !changed;
        for (const name of bindsOf(id as Node)) bind(name, fixed ? { to: init, in: scope } : 'untold');
      }
    if (inside.type === 'CatchClause' && isNode(inside['param']))
      for (const name of bindsOf(inside['param'])) bind(name, 'untold');
    if (inside.type === 'FunctionDeclaration') bind(nameOf(inside['id']), 'untold');
    if (!isFunction(inside)) for (const one of below(inside)) gather(one);
  };
  for (const one of below(node)) gather(one);
  return scope;
};

export const boundTo = (name: string, scope: Scope): Bound | undefined =>
  scope.names.get(name) ?? (scope.outer ? boundTo(name, scope.outer) : undefined);

/** What an expression is, behind the names it has in this file. */
export const behind = (node: Node, scope: Scope): { node: Node; scope: Scope; from?: Parameter } => {
  const plain = bare(node);
  const bound = plain.type === 'Identifier' ? boundTo(nameOf(plain), scope) : undefined;
  if (bound === undefined || bound === 'untold') return { node: plain, scope };
  return 'of' in bound ? { node: plain, scope, from: bound } : behind(bound.to, bound.in);
};

const each = (parts: readonly Word[][][]): Word[][] =>
  parts.reduce<Word[][]>((before, part) => before.flatMap((head) => part.map((tail) => [...head, ...tail])), [[]]);

/** The one word that an expression may be. */
const wordOf = (given: Node, outside: Scope): Word[][] => {
  const { node, scope } = behind(given, outside);
  if (node.type === 'ConditionalExpression')
    return [node['consequent'], node['alternate']].filter(isNode).flatMap((one) => wordOf(one, scope));
  if (node.type === 'Literal' && typeof node['value'] === 'string') return [[node['value']]];
  const [first, ...more] = node.type === 'TemplateLiteral' ? nodes(node['quasis']) : [];
  const start = (first?.['value'] as { cooked?: string } | undefined)?.cooked ?? '';
  // Of a flag with its value in one word, it is the flag that counts.
  return [[first !== undefined && (more.length === 0 || start.startsWith('--')) ? start : { many: false }]];
};

/** All sequences of words that a list may be; `builders` are the functions that make one. */
export const wordsOf = (given: Node, outside: Scope, builders: ReadonlyMap<string, Builder>): Word[][] => {
  const { node, scope, from } = behind(given, outside);
  if (node.type === 'ConditionalExpression')
    return [node['consequent'], node['alternate']].filter(isNode).flatMap((one) => wordsOf(one, scope, builders));
  if (node.type === 'ArrayExpression') return listOf(nodes(node['elements']), scope, builders);
  const builder = builders.get(callee(node));
  if (builder) return takenBy(builder, node, scope, builders);
  const [table, key] = node.type === 'MemberExpression' ? [nameOf(node['object']), nameOf(node['property'])] : [];
  if (table === 'ask' && key && key in ask && !boundTo(table, scope)) return [[...ask[key as keyof typeof ask]]];
  return [[{ many: true, ...(from && { from }) }]];
};

const listOf = (list: Node[], scope: Scope, builders: ReadonlyMap<string, Builder>): Word[][] =>
  each(
    list.map((one) =>
      one.type === 'SpreadElement' ? wordsOf(one['argument'] as Node, scope, builders) : wordOf(one, scope),
    ),
  );

/** The words that a call of a builder gives it. */
export const takenBy = (
  { at, takes }: Builder,
  call: Node,
  scope: Scope,
  builders: ReadonlyMap<string, Builder>,
): Word[][] => {
  const given = nodes(call['arguments']);
  const early = given.slice(0, at).some((one) => one.type === 'SpreadElement');
  const one = given[at];
  if (early || (takes === 'list' && one === undefined)) return [[{ many: true }]];
  return takes === 'rest' ? listOf(given.slice(at), scope, builders) : wordsOf(one as Node, scope, builders);
};
