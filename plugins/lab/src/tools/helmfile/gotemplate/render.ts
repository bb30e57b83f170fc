import { isFields } from '../../../kubernetes/object.ts';
import { functions, type World } from './functions.ts';
import { type Node, parseTemplate, type Pipe, type Place, TemplateError, type Term } from './parse.ts';

type Scope = { dot: unknown; variables: Map<string, unknown>[] };

/** Executes a Go template over `data`. Throws `TemplateError` for what is wrong in it or is not played. */
export function renderTemplate(source: string, data: unknown, world: World): string {
  const scope: Scope = { dot: data, variables: [new Map([['', data]])] };
  return run(parseTemplate(source), scope, world);
}

function run(nodes: Node[], scope: Scope, world: World): string {
  return nodes.map((node) => one(node, scope, world)).join('');
}

function one(node: Node, scope: Scope, world: World): string {
  if (node.node === 'text') return node.text;
  const value = pipeline(node.pipe, scope, world);
  if (node.node === 'out') return shown(value);
  if (node.node === 'set') {
    const home = node.declare ? scope.variables.at(-1) : scope.variables.findLast((frame) => frame.has(node.name));
    if (home === undefined) throw new TemplateError(`undefined variable "$${node.name}"`, node.pipe.at);
    home.set(node.name, value);
    return '';
  }
  const inner = (body: Node[], dot: unknown, names: [string, unknown][] = []): string =>
    run(body, { dot, variables: [...scope.variables, new Map(names)] }, world);
  if (node.node === 'if') return inner(truth(value) ? node.yes : node.no, scope.dot);
  if (node.node === 'with') return truth(value) ? inner(node.yes, value) : inner(node.no, scope.dot);
  const entries: [unknown, unknown][] = Array.isArray(value)
    ? value.map((each, index) => [index, each])
    : isFields(value)
      ? Object.keys(value)
          .toSorted()
          .map((key) => [key, value[key]])
      : typeof value === 'number'
        ? Array.from({ length: value }, (_, index) => [index, index])
        : [];
  if (entries.length === 0) return inner(node.no, scope.dot);
  return entries
    .map(([key, each]) =>
      inner(node.body, each, [
        ...(node.key === undefined ? [] : [[node.key, key] as [string, unknown]]),
        ...(node.value === undefined ? [] : [[node.value, each] as [string, unknown]]),
      ]),
    )
    .join('');
}

function pipeline(pipe: Pipe, scope: Scope, world: World): unknown {
  let piped: unknown[] = [];
  for (const call of pipe.calls) piped = [invoke(call, piped, scope, world)];
  return piped[0];
}

function invoke(call: Term[], piped: unknown[], scope: Scope, world: World): unknown {
  const [head, ...rest] = call;
  if (head === undefined) throw new TemplateError('missing value for command', { line: 0, column: 0, text: '' });
  if (head.term !== 'name') {
    if (rest.length > 0 || piped.length > 0)
      throw new TemplateError("can't give argument to non-function", { line: 0, column: 0, text: '' });
    return term(head, scope, world);
  }
  return apply(head.name, head.at, [...rest.map((each) => term(each, scope, world)), ...piped], world, rest);
}

function apply(name: string, at: Place, values: unknown[], world: World, terms: Term[]): unknown {
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (found === undefined) throw new TemplateError(`function "${name}" not defined`, at);
  try {
    return found(values, world);
  } catch (error) {
    if (error instanceof TemplateError) throw error;
    const [first] = terms;
    const text = [name, ...(first?.term === 'literal' ? [JSON.stringify(first.value)] : [])].join(' ');
    throw new TemplateError(
      `executing "stringTemplate" at <${text}>: error calling ${name}: ${error instanceof Error ? error.message : String(error)}`,
      at,
    );
  }
}

function term(of: Term, scope: Scope, world: World): unknown {
  if (of.term === 'literal') return of.value;
  if (of.term === 'field') return follow(scope.dot, of.path);
  if (of.term === 'group') return follow(pipeline(of.pipe, scope, world), of.path);
  if (of.term === 'variable') {
    const frame = scope.variables.findLast((each) => each.has(of.name));
    if (frame === undefined)
      throw new TemplateError(`undefined variable "$${of.name}"`, { line: 0, column: 0, text: `$${of.name}` });
    return follow(frame.get(of.name), of.path);
  }
  return apply(of.name, of.at, [], world, []);
}

const follow = (value: unknown, path: string[]): unknown =>
  path.reduce(
    (current: unknown, key) => (isFields(current) && Object.hasOwn(current, key) ? current[key] : undefined),
    value,
  );

/** Go's truth: neither empty nor zero. */
export const truth = (value: unknown): boolean =>
  !(
    value === undefined ||
    value === null ||
    value === false ||
    value === 0 ||
    value === '' ||
    (Array.isArray(value) && value.length === 0) ||
    (isFields(value) && Object.keys(value).length === 0)
  );

export const shown = (value: unknown): string => {
  if (value === undefined || value === null) return '';
  if (typeof value === 'object')
    return Array.isArray(value)
      ? `[${value.map(shown).join(' ')}]`
      : `map[${Object.entries(value)
          .toSorted()
          .map(([key, below]) => `${key}:${shown(below)}`)
          .join(' ')}]`;
  return String(value);
};
