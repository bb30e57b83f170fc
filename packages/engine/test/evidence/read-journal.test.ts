import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJournal } from '../../src/evidence/index.ts';
import { journalOf, runs } from './runs.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const journal = journalOf(runs['failed'] ?? []);
const lines = new TextDecoder().decode(journal).split('\n').slice(0, -1);
const joined = (given: string[]): Uint8Array => bytes(given.map((line) => `${line}\n`).join(''));
const whats = (given: Uint8Array): string[] => readJournal(given).problems.map(({ line, what }) => `${line}: ${what}`);
const changed = (line: number, change: (text: string) => string): Uint8Array =>
  joined(lines.map((text, i) => (i === line - 1 ? change(text) : text)));

test('whole: every line a record, no problem, not torn, its head the digest of the last line', async () => {
  const read = readJournal(journal);
  expect(read.records).toHaveLength(lines.length);
  expect(read.problems).toEqual([]);
  const { createHash } = await import('node:crypto');
  expect(read.head).toBe(
    createHash('sha256')
      .update(lines.at(-1) ?? '')
      .digest('hex'),
  );
});

test('cut anywhere in its last line, also just before its newline: torn, no problem', () => {
  const whole = joined(lines.slice(0, -1)).length;
  for (let length = whole + 1; length < journal.length; length++) {
    const read = readJournal(journal.subarray(0, length));
    expect([read.torn, read.problems.length, read.records.length]).toEqual([true, 0, lines.length - 1]);
  }
  expect(readJournal(journal.subarray(0, whole)).torn).toBe(false);
});

describe('each thing that can be wrong with a line is named', () => {
  test.each<[what: string, given: () => Uint8Array, expected: string]>([
    ['no JSON', () => changed(3, (t) => t.slice(1)), '3: it is not a JSON text'],
    [
      'no UTF-8',
      () => Buffer.concat([joined(lines.slice(0, 2)), Buffer.from([0x22, 0xff, 0x22, 0x0a])]),
      '3: it is not a JSON text',
    ],
    ['no object', () => changed(3, () => '[1]'), '3: it is not an object'],
    ['an empty line', () => changed(3, (t) => `\n${t}`), '3: it is not a JSON text'],
    ['a blank', () => changed(3, (t) => t.replace(',', ', ')), '3: it is not in canonical form'],
    ['an escape', () => changed(3, (t) => t.replace('talos', '\\u0074alos')), '3: it is not in canonical form'],
    ['a name twice', () => changed(3, (t) => t.replace('{', '{"seq":0,')), '3: it is not in canonical form'],
    ['a byte order mark', () => changed(3, (t) => `\ufeff${t}`), '3: it is not a JSON text'],
    ['an unknown name', () => changed(3, (t) => t.replace(/\}$/, ',"extra":1}')), '3: Unrecognized key: "extra"'],
    ['a missing value', () => changed(3, (t) => t.replace(/"verdict":"\w+",/, '')), '3: verdict: '],
    ['an unknown type', () => changed(3, (t) => t.replace('item-end', 'item-over')), '3: type: '],
    ['no UTC', () => changed(3, (t) => t.replace('.000Z', '.000+')), '3: at: '],
    [
      'no day',
      () => changed(3, (t) => t.replace('2026-11-21', '2026-11-31')),
      '3: at: 2026-11-31T01:20:02.000Z is no moment in time',
    ],
    ['a fraction', () => changed(3, (t) => t.replace('"mono":2000', '"mono":2000.5')), '3: mono: '],
    [
      'time that runs back',
      () => changed(5, (t) => t.replace('"mono":2000', '"mono":1')),
      '5: its monotonic time lies before that of the line before',
    ],
    ['a wrong link', () => changed(3, (t) => t.replace(/"prev":"./, '"prev":"x')), '3: prev: '],
    ['another number', () => changed(3, (t) => t.replace('"seq":2', '"seq":3')), '3: seq is 3, expected 2'],
    [
      'a changed line',
      () => changed(3, (t) => t.replace('tools', 'fools')),
      '4: prev is not the digest of the line before',
    ],
    ['a dropped line', () => joined(lines.filter((_, i) => i !== 2)), '3: seq is 3, expected 2'],
    ['a dropped first line', () => joined(lines.slice(1)), '1: prev is not the digest of the line before'],
    [
      'swapped lines',
      () => joined(lines.map((t, i) => (i === 2 ? lines[3] : i === 3 ? lines[2] : t) ?? '')),
      '3: seq is 3, expected 2',
    ],
    [
      'an inserted line',
      () => joined([...lines.slice(0, 3), lines[2] ?? '', ...lines.slice(3)]),
      '4: seq is 2, expected 3',
    ],
  ])('%s', (_, given, expected) => {
    const found = whats(given());
    expect(
      found.some((what) => what.startsWith(expected)),
      found.join('\n'),
    ).toBe(true);
  });
});

test('it never throws, and makes no record of what is none, whatever it is given', () => {
  expect(readJournal(new Uint8Array())).toMatchObject({ records: [], problems: [], torn: false });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (given) => readJournal(given).records.length === 0),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.json(), fc.constantFrom(...lines)), { maxLength: 5 }),
      (given) => readJournal(joined(given)).records.length <= given.length,
    ),
    { numRuns: 500 },
  );
});
