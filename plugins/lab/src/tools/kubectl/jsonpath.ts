import { isFields } from '../../kubernetes/object.ts';

/** Evaluates kubectl's JSONPath template. Throws `Unplayed` for what the lab does not play of it. */
export function jsonpath(template: string, data: unknown): string {
  let out = '';
  const stack: { items: unknown[]; body: number; index: number; outer: unknown }[] = [];
  const parts = split(template);
  let current = data;
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index] as Part;
    if (part.kind === 'text') {
      out += part.text;
      continue;
    }
    const expression = part.text.trim();
    if (expression.startsWith('range ')) {
      const items = select(expression.slice(6).trim(), current);
      if (items.length === 0) {
        index = parts.findIndex((each, at) => at > index && each.kind === 'expression' && each.text.trim() === 'end');
        if (index < 0) throw new Unplayed('range without end');
        continue;
      }
      stack.push({ items, body: index, index: 0, outer: current });
      current = items[0];
    } else if (expression === 'end') {
      const loop = stack.at(-1);
      if (loop === undefined) throw new Unplayed('end without range');
      loop.index += 1;
      if (loop.index < loop.items.length) {
        current = loop.items[loop.index];
        index = loop.body;
      } else {
        current = loop.outer;
        stack.pop();
      }
    } else if (/^(?:"[^"]*"|'[^']*')$/.test(expression))
      out += expression.slice(1, -1).replaceAll('\\n', '\n').replaceAll('\\t', '\t');
    else out += select(expression, current).map(show).join(' ');
  }
  return out;
}

/** The values that a path names. */
export function select(path: string, data: unknown): unknown[] {
  let found: unknown[] = [data];
  let rest = path.replace(/^\$/, '').replace(/^@/, '');
  while (rest !== '') {
    const field = /^\.((?:[\w/-]|\\.)+)/.exec(rest) ?? /^\['((?:[^'\\]|\\.)+)'\]/.exec(rest);
    const filter = /^\[\?\(@\.([\w.]+)\s*==\s*(?:"([^"]*)"|'([^']*)')\)\]/.exec(rest);
    const index = /^\[(-?\d+)\]/.exec(rest);
    if (field) {
      const name = (field[1] as string).replaceAll(/\\(.)/g, '$1');
      found = found.flatMap((value) => (isFields(value) && Object.hasOwn(value, name) ? [value[name]] : []));
      rest = rest.slice(field[0].length);
    } else if (rest.startsWith('[*]') || rest.startsWith('.*')) {
      found = found.flatMap((value) => (Array.isArray(value) ? value : isFields(value) ? Object.values(value) : []));
      rest = rest.slice(rest.startsWith('.*') ? 2 : 3);
    } else if (filter) {
      const wanted = filter[2] ?? filter[3];
      found = found.flatMap((value) =>
        Array.isArray(value) ? value.filter((entry) => select(`.${filter[1]}`, entry)[0] === wanted) : [],
      );
      rest = rest.slice(filter[0].length);
    } else if (index) {
      found = found.flatMap((value) =>
        Array.isArray(value) && value.at(Number(index[1])) !== undefined ? [value.at(Number(index[1]))] : [],
      );
      rest = rest.slice(index[0].length);
    } else throw new Unplayed(path);
  }
  return found;
}

export class Unplayed extends Error {
  constructor(path: string) {
    super(`JSONPath ${path}`);
  }
}

type Part = { kind: 'text' | 'expression'; text: string };

function split(template: string): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < template.length;) {
    const open = template.indexOf('{', at);
    if (open < 0) return [...parts, { kind: 'text', text: template.slice(at) }];
    if (open > at) parts.push({ kind: 'text', text: template.slice(at, open) });
    let close = open + 1;
    let quote = '';
    for (; close < template.length; close += 1) {
      const char = template[close] as string;
      if (quote !== '') quote = char === quote ? '' : quote;
      else if (char === '"' || char === "'") quote = char;
      else if (char === '}') break;
    }
    parts.push({ kind: 'expression', text: template.slice(open + 1, close) });
    at = close + 1;
  }
  return parts;
}

const show = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
