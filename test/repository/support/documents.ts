import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../../..');

export type Block = { language: string; lines: string[] };
export type Document = { file: string; text: string; blocks: Block[] };

const NOT_OURS = /(?:^|\/)(?:node_modules|dist|\.coldstart|coverage)\//;

/** Every Markdown file of the repository, with its fenced blocks in order. */
export function documents(): Document[] {
  return globSync('**/*.md', {
    cwd: root,
    exclude: (name) => name === 'node_modules' || name === '.coldstart' || name === 'dist',
  })
    .filter((file) => !NOT_OURS.test(file))
    .sort()
    .map((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return { file, text, blocks: blocksOf(text) };
    });
}

export function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', body = '']) => ({
    language,
    lines: body.split('\n').slice(0, -1),
  }));
}

/** The part of a document below the heading that begins so, up to the next heading of that rank. */
export function section(text: string, heading: string): string {
  const at = text.indexOf(`\n## ${heading}`);
  if (at < 0) throw new Error(`no section "${heading}"`);
  const next = text.indexOf('\n## ', at + 1);
  return text.slice(at, next < 0 ? undefined : next);
}

/** Command lines of coldstart in a document: those in shell blocks, and those that stand in the text as code. */
export function coldstartLines({ text, blocks }: Document): string[] {
  const shell = blocks.filter((block) => block.language === 'sh').flatMap((block) => block.lines);
  const inline = [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/`((?:npx )?coldstart [^`]+)`/g)].map(
    ([, line = '']) => line,
  );
  return [...shell, ...inline]
    .map((line) =>
      line
        .replace(/\s+#.*$/, '')
        .replace(/^npx /, '')
        .trim(),
    )
    .filter((line) => /^coldstart\s/.test(line));
}
