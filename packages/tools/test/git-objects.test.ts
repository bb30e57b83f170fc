import { describe, expect, it } from 'vitest';
import { git, parseBatch, parseLsTree } from '../src/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const [A, B] = ['a'.repeat(40), 'b'.repeat(40)];

describe('git ls-tree -r -z', () => {
  it('tells plain files by path, whatever stands in a name', () => {
    const said = [
      `100644 blob ${A}\tx/y.yaml`,
      `100755 blob ${B}\ta\tb\nc.sh`,
      `120000 blob ${A}\tlink`,
      `160000 commit ${B}\tmodule`,
      '',
    ].join('\0');
    expect([...parseLsTree(bytes(said))]).toEqual([
      ['x/y.yaml', A],
      ['a\tb\nc.sh', B],
    ]);
    expect(parseLsTree(bytes(''))).toEqual(new Map());
  });
});

describe('git cat-file --batch', () => {
  it('tells contents by length, not by line', () => {
    const said = `${A} blob 14\n${B} blob 0\n\n${'c'.repeat(40)} missing\n`;
    // The content of the first looks like the head of another object.
    const content = `${B.slice(0, 3)} blob 0\nxx\n`;
    expect(content).toHaveLength(14);
    const objects = parseBatch(bytes(said.replace(`14\n`, `14\n${content}\n`)));
    expect(objects && [...objects].map(([oid, found]) => [oid, new TextDecoder().decode(found)])).toEqual([
      [A, content],
      [B, ''],
    ]);
  });
  it.each([
    ['cut in a content', `${A} blob 5\nab`],
    ['cut in a head', `${A} blo`],
    ['another kind of object', `${A} tree 0\n\n`],
    ['no such answer', 'fatal: not a git repository\n'],
  ])('%s is no answer', (_, said) => expect(parseBatch(bytes(said))).toBeUndefined());
});

describe('git that only reads', () => {
  it.each([
    ['ls-tree -r -z --full-tree HEAD', true],
    ['cat-file --batch', true],
    ['cat-file --batch --filters', false],
    ['cat-file --textconv HEAD:x', false],
    ['ls-remote --upload-pack=/tmp/x origin', false],
    ['ls-remote --exec /tmp/x origin', false],
    ['diff --ext-diff', false],
    ['log --output=x', false],
    ['fetch origin', false],
    ['clone x y', false],
  ])('%s: %s', (line, reads) => expect(git.reads(line.split(' '))).toBe(reads));
});
