/**
 * Every string of a TypeScript source as a pattern: what a template fills in may be anything, and so may what a rule's
 * `$<name>` stands for. Comments are left out.
 */
export function patternsOf(source: string): RegExp[] {
  const found: RegExp[] = [];
  read(source, 0, found, undefined);
  return found;
}

/** Letters that a string must have outside of its holes: a string of holes alone would fit everything. */
const ENOUGH = 6;

/** Reads code up to `until` (a template's closing brace) or the end; answers where it stopped. */
function read(source: string, from: number, found: RegExp[], until: '}' | undefined): number {
  let depth = 0;
  for (let at = from; at < source.length; at++) {
    const here = source[at] ?? '';
    if (source.startsWith('//', at)) at = ends(source, '\n', at);
    else if (source.startsWith('/*', at)) at = ends(source, '*/', at) + 1;
    else if (here === "'" || here === '"') at = quoted(source, at, here, found);
    else if (here === '`') at = template(source, at, found);
    else if (here === '/' && /[=(,:[!&|?{;]\s*$/.test(source.slice(Math.max(0, at - 8), at)))
      at = expression(source, at);
    else if (here === '{') depth++;
    else if (here === '}' && depth-- === 0 && until) return at;
  }
  return source.length;
}

function ends(source: string, mark: string, from: number): number {
  const at = source.indexOf(mark, from);
  return at < 0 ? source.length : at;
}

function quoted(source: string, from: number, mark: string, found: RegExp[]): number {
  let text = '';
  for (let at = from + 1; at < source.length; at++) {
    const here = source[at] ?? '';
    if (here === '\\') text += source[++at] ?? '';
    else if (here === mark) {
      keep(text.split(/\$<\w+>/), found);
      return at;
    } else text += here;
  }
  return source.length;
}

function template(source: string, from: number, found: RegExp[]): number {
  const parts = [''];
  for (let at = from + 1; at < source.length; at++) {
    const here = source[at] ?? '';
    if (here === '\\') parts[parts.length - 1] += source[++at] ?? '';
    else if (here === '`') {
      keep(parts, found);
      return at;
    } else if (source.startsWith('${', at)) {
      at = read(source, at + 2, found, '}');
      parts.push('');
    } else parts[parts.length - 1] += here;
  }
  return source.length;
}

function expression(source: string, from: number): number {
  let set = false;
  for (let at = from + 1; at < source.length; at++) {
    const here = source[at] ?? '';
    if (here === '\n') return from;
    if (here === '\\') at++;
    else if (here === '[') set = true;
    else if (here === ']') set = false;
    else if (here === '/' && !set) return at;
  }
  return from;
}

function keep(parts: readonly string[], found: RegExp[]): void {
  if (parts.join('').replaceAll(/[^A-Za-z]/g, '').length < ENOUGH) return;
  found.push(new RegExp(`^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')}$`, 's'));
}
