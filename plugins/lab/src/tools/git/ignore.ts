import { posix } from 'node:path';

/** Whether Git would ignore a path (relative to `top`): the .gitignore files above it, the last pattern that fits decides. */
export function ignored(files: { read(path: string): Uint8Array | undefined }, top: string, path: string): boolean {
  if (path.startsWith('..')) return false;
  const parts = path.split('/');
  // A folder that is ignored takes everything below with it.
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const target = parts.slice(0, depth).join('/');
    let verdict = false;
    for (let level = 0; level < depth; level += 1) {
      const folder = parts.slice(0, level).join('/');
      const bytes = files.read(posix.join(top, folder, '.gitignore'));
      for (const rule of bytes === undefined ? [] : rulesOf(bytes)) {
        if (fits(rule, posix.relative(folder === '' ? '.' : folder, target), depth < parts.length))
          verdict = !rule.negated;
      }
    }
    if (verdict) return true;
  }
  return false;
}

const read = new WeakMap<Uint8Array, Rule[]>();

/** The rules of one file; a whole tree is held against the same few files. */
function rulesOf(bytes: Uint8Array): Rule[] {
  const rules =
    read.get(bytes) ??
    new TextDecoder()
      .decode(bytes)
      .split('\n')
      .flatMap((line) => ruleOf(line) ?? []);
  read.set(bytes, rules);
  return rules;
}

type Rule = { pattern: RegExp; negated: boolean; folderOnly: boolean };

function ruleOf(line: string): Rule | undefined {
  const text = line.replace(/(?<!\\)\s+$/, '');
  if (text === '' || text.startsWith('#')) return undefined;
  const negated = text.startsWith('!');
  const body = (negated ? text.slice(1) : text).replace(/\/$/, '');
  const anchored = body.replace(/^\*\*\//, '').includes('/');
  const source = body
    .replace(/^\//, '')
    .split(/(\*\*\/|\/\*\*|\*\*|\*|\?)/)
    .map(
      (part) =>
        ({ '**/': '(?:.*/)?', '/**': '/.*', '**': '.*', '*': '[^/]*', '?': '[^/]' })[part] ??
        part.replaceAll(/[.+^${}()|\\]/g, '\\$&'),
    )
    .join('');
  return { pattern: new RegExp(`^${anchored ? '' : '(?:.*/)?'}${source}$`), negated, folderOnly: text.endsWith('/') };
}

const fits = (rule: Rule, path: string, isFolder: boolean): boolean =>
  (!rule.folderOnly || isFolder) && rule.pattern.test(path);
