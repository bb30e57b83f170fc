import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { parseTar } from 'nanotar';
import { describe, expect, test } from 'vitest';
import { makeBundle, type Bundle, type BundleParts } from '../src/bundle/index.ts';
import { cutLines } from '../src/bundle/bound.ts';
import { pack } from '../src/bundle/pack.ts';
import { readJournal } from '../src/evidence/index.ts';
import { createRedactor, type Redactor } from '../src/redact/index.ts';
import { journalOf, runs } from './evidence/runs.ts';

const AT = {
  cluster: 'infra',
  mode: 'live',
  made: '2026-11-21T02:00:00.000Z',
  command: 'coldstart cluster create infra --bundle',
  coldstart: '0.1.0',
} as const;
const failedRun = runs['failed'] ?? [];
const TOKEN = `ghp_${'a1B2'.repeat(9)}`;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const make = (parts: Partial<BundleParts>, limits?: { perFile: number; inAll: number }, redactor = createRedactor()) =>
  makeBundle({ journal: null, documents: [], ...parts }, AT, redactor, limits);

/** Name, below the bundle's folder, to text. */
function unpacked({ bytes }: Bundle): Map<string, string> {
  const tar = gunzipSync(bytes);
  const files = parseTar(tar.buffer.slice(tar.byteOffset, tar.byteOffset + tar.length) as ArrayBuffer);
  return new Map(files.map((file) => [file.name.replace(/^[^/]+\//, ''), file.text]));
}

describe('what is in a bundle', () => {
  test('a failed run: its journal as it is, evidence, a file for each failed item, and a manifest of it all', async () => {
    const journal = journalOf(failedRun);
    const bundle = await make({ journal, documents: [{ name: 'plan', about: 'the plan', value: { phases: [] } }] });
    const files = unpacked(bundle);
    expect([...files.keys()]).toEqual([
      'MANIFEST.json',
      'evidence.txt',
      'failures/01-talos-apply-infra-02.json',
      'plan.json',
      'journal.jsonl',
      'evidence.json',
    ]);
    expect(files.get('journal.jsonl')).toBe(new TextDecoder().decode(journal));
    expect(readJournal(utf8(files.get('journal.jsonl') ?? '')).problems).toEqual([]);
    const failure = JSON.parse(files.get('failures/01-talos-apply-infra-02.json') ?? '') as Record<string, unknown>;
    expect(failure).toMatchObject({ step: 'talos/apply', item: 'infra-02', verdict: 'failed' });
    expect(failure['diagnosis']).toMatchObject([{ name: 'dmesg', observed: 'no disk matches' }]);
    const { manifest } = bundle;
    expect(JSON.parse(files.get('MANIFEST.json') ?? '')).toEqual(manifest);
    expect(manifest).toMatchObject({ mode: 'rehearsal', run: '20261121T012000Z-1a2b', outcome: 'failed' });
    expect(bundle.name).toBe('infra-rehearsal-20261121T012000Z-1a2b');
    for (const { name, size, sha256 } of manifest.files) {
      const bytes = utf8(files.get(name) ?? '');
      expect([name, bytes.length]).toEqual([name, size]);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    }
    expect(manifest.leftOut.at(-1)?.name).toContain('kubeconfig');
  });

  test('a run that was killed has no outcome, and the items that it was at are there', async () => {
    const cut = journalOf(failedRun.filter(({ event }) => event.type !== 'run-end' && event.type !== 'item-end'));
    const { manifest } = await make({ journal: cut.subarray(0, cut.length - 5) });
    expect(manifest.outcome).toBeNull();
    expect(manifest.files.filter(({ name }) => name.startsWith('failures/')).length).toBeGreaterThan(0);
  });

  test.each([
    ['no run', null, 'no run of this cluster is recorded here'],
    ['a journal that is gone', { missing: 'x is gone' }, 'x is gone'],
    ['garbage', utf8('{"schema":"coldstart.journal/2"}\n'), 'the journal does not begin with the start of a run'],
  ])('%s: it says so, and holds what else there is', async (_, journal, why) => {
    const { manifest } = await make({ journal, documents: [{ name: 'plan', about: '', value: {} }] });
    expect(manifest.leftOut.map((left) => left.why)).toContain(why);
    expect(manifest.files.map(({ name }) => name)).toContain('plan.json');
    expect(manifest).toMatchObject({ mode: 'live', run: null, outcome: null });
  });

  test('the same parts give the same bytes', async () => {
    const parts = { journal: journalOf(failedRun), documents: [{ name: 'a', about: '', value: { b: 1 } }] };
    expect(Buffer.compare((await make(parts)).bytes, (await make(parts)).bytes)).toBe(0);
  });
});

describe('secrets', () => {
  test('are masked in documents, in a journal (which says so), and in words of the manifest', async () => {
    const journal = utf8(new TextDecoder().decode(journalOf(failedRun)).replaceAll('infra-02', `infra-02 ${TOKEN}`));
    const bundle = await make({
      journal,
      documents: [{ name: 'configuration', about: `of ${TOKEN}`, value: { token: 'hunter2x', note: TOKEN } }],
      leftOut: [{ name: 'x', why: `no ${TOKEN}` }],
    });
    expect([...unpacked(bundle).values()].join('\n')).not.toMatch(/ghp_|hunter2x/);
    const masked = bundle.manifest.files.filter((file) => file.masked).map(({ name }) => name);
    expect(masked).toEqual(expect.arrayContaining(['journal.jsonl', 'configuration.json']));
  });

  test('a file that still looks like one after that is left out, with the place', async () => {
    const blind: Redactor = { ...createRedactor(), json: (value) => value };
    const { manifest } = await make({ documents: [{ name: 'odd', about: '', value: { a: TOKEN } }] }, undefined, blind);
    expect(manifest.files).toEqual([]);
    expect(manifest.leftOut).toContainEqual({
      name: 'odd.json',
      why: 'it holds what looks like a secret: GitHub token at /a',
    });
  });
});

describe('bounds', () => {
  const lines = (n: number): string => Array.from({ length: n }, (_, i) => `line ${i}\n`).join('');

  test('of lines, the beginning and more of the end stay, and the line between says what is gone', () => {
    const text = lines(1000);
    const cut = cutLines(utf8(text), 1000, ({ lines: gone, bytes }) => `[${gone} lines, ${bytes} bytes]`);
    const shown = new TextDecoder().decode(cut?.bytes);
    expect(cut?.bytes.length).toBeLessThanOrEqual(1000);
    const [, head = '', gone, bytes, tail = ''] = /^([^]*)\[(\d+) lines, (\d+) bytes\]\n([^]*)$/.exec(shown) ?? [];
    expect(text.startsWith(head)).toBe(true);
    expect(text.endsWith(tail)).toBe(true);
    expect(tail.length).toBeGreaterThan(2 * head.length);
    expect(head.length + Number(bytes) + tail.length).toBe(text.length);
    expect(`${head}${tail}`.split('\n').length - 1 + Number(gone)).toBe(1000);
  });

  test.each([
    ['what fits is whole', lines(10), 1000, { cut: null }],
    ['one endless line goes', 'x'.repeat(5000), 1000, { cut: { lines: 1, bytes: 5000 } }],
    ['without room there is nothing', lines(1000), 300, {}],
  ])('%s', (_, text, most, expected) => {
    expect(cutLines(utf8(text), most, () => 'gone') ?? {}).toMatchObject(expected);
    expect(cutLines(utf8(text), most, () => 'gone') === undefined).toBe(most === 300);
  });

  test('a journal is cut and its cut is a record; a document is left out; all together stay within the bound', async () => {
    const journal = journalOf(failedRun);
    const documents = [{ name: 'plan', about: '', value: { text: 'x'.repeat(4000) } }];
    const bundle = await make({ journal, documents }, { perFile: 3000, inAll: 8000 });
    const files = unpacked(bundle);
    const records = (files.get('journal.jsonl') ?? '').trim().split('\n');
    expect(records.map((line) => (JSON.parse(line) as { type: string }).type)).toContain('left-out');
    expect(bundle.manifest.files.find(({ name }) => name === 'journal.jsonl')?.cut?.lines).toBeGreaterThan(0);
    expect(bundle.manifest.leftOut.map(({ name }) => name)).toContain('plan.json');
    expect(bundle.manifest.files.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(8000);
  });
});

test('a tar ends with two empty blocks, also where its files fill its last record to the brim', async () => {
  const brim = 10_240 - 512;
  const tar = gunzipSync(await pack('x', [{ name: 'f', bytes: new Uint8Array(brim).fill(1) }], 0));
  expect(tar.subarray(10_240, 11_264)).toEqual(Buffer.alloc(1024));
  await expect(pack('x', [{ name: 'f'.repeat(100), bytes: utf8('') }], 0)).rejects.toThrow('no name');
  await expect(pack('x', [{ name: 'a b', bytes: utf8('') }], 0)).rejects.toThrow('no name');
});
