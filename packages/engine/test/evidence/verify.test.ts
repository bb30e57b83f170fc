import fc from 'fast-check';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Event, Json, World } from '@coldstart/contract';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readJournal, verifyEvidence, writeEvidence, type EvidenceVerdict } from '../../src/evidence/index.ts';
import { lawsBroken } from '../../src/evidence/laws.ts';
import { evidenceFiles, scanFile } from '../../src/evidence/write.ts';
import { derive } from '../../src/evidence/derive.ts';
import { createRedactor } from '../../src/redact/index.ts';
import { sandbox, type Sandbox } from '../world/sandbox.ts';
import { item, journalOf, runs, signal, start } from './runs.ts';

let at: Sandbox;
let world: World;
beforeEach(async () => {
  at = sandbox();
  world = await at.open();
});
afterEach(() => at.end());

const errors = ({ findings }: EvidenceVerdict): string[] =>
  findings.filter((f) => f.level === 'error').map((f) => `${f.file}: ${f.what}`);
const verify = (path: string): Promise<EvidenceVerdict> => verifyEvidence((file) => world.read(file), path);

describe('the files', () => {
  test("three of them, under the operators' name, and they verify by any of their names", async () => {
    const paths = await writeEvidence(world, 'docs/qa/evidence', journalOf(runs['done'] ?? []));
    expect(paths).toEqual(['.txt', '.json', '.jsonl'].map((e) => `docs/qa/evidence/1.2-rehearsal-infra-20261121${e}`));
    for (const path of [...paths, 'docs/qa/evidence/1.2-rehearsal-infra-20261121'])
      expect(await verify(path)).toMatchObject({ ok: true, findings: [] });
    expect(readFileSync(join(at.root, paths[2] ?? ''))).toEqual(Buffer.from(journalOf(runs['done'] ?? [])));
  });

  test('never over another one: the time is added, then a number', async () => {
    const names: string[] = [];
    for (const name of ['done', 'failed', 'refused', 'killed']) {
      const [path = ''] = await writeEvidence(world, 'e', journalOf(runs[name] ?? []));
      names.push(path);
      expect(errors(await verify(path))).toEqual([]);
    }
    expect(names).toEqual(
      ['', '-012000', '-012000-2', '-012000-3'].map((more) => `e/1.2-rehearsal-infra-20261121${more}.txt`),
    );
    // Any one of the three is enough to count as taken.
    rmSync(join(at.root, 'e/1.2-rehearsal-infra-20261121.txt'));
    rmSync(join(at.root, 'e/1.2-rehearsal-infra-20261121.json'));
    expect(await writeEvidence(world, 'e', journalOf(runs['done'] ?? []))).toHaveLength(3);
    expect(readdirSync(join(at.root, 'e'))).toHaveLength(13);
    expect(errors(await verify('e/1.2-rehearsal-infra-20261121'))).toHaveLength(2);
  });

  test('names stay inside the folder, whatever story and cluster are called', async () => {
    const journal = journalOf([{ at: 0, event: start({ story: '../../-x', cluster: '.a/b c' }) }]);
    const [path] = await writeEvidence(world, 'e', journal);
    expect(path).toBe('e/x-rehearsal-a-b-c-20261121.txt');
    expect((await verify(path ?? '')).ok).toBe(true);
  });

  test('a journal that was cut off before its first record writes nothing; one cut off later is interrupted', async () => {
    expect(await writeEvidence(world, 'e', journalOf(runs['done'] ?? []).subarray(0, 100))).toEqual([]);
    const whole = journalOf(runs['done'] ?? []);
    const [path] = await writeEvidence(world, 'e', whole.subarray(0, whole.length - 10));
    const verdict = await verify(path ?? '');
    expect(verdict.ok).toBe(true);
    expect(verdict.evidence).toMatchObject({
      outcome: 'interrupted',
      exit: null,
      journal: { torn: true, complete: false },
    });
    expect(verdict.findings.map((f) => f.what)).toEqual([
      'the run has no last record: it was killed, and counts as interrupted',
      'its last line was cut off',
    ]);
  });

  test('what looks like a secret is not written, and not shown', async () => {
    const leaking = (cause: string): Uint8Array =>
      journalOf([{ at: 0, event: start() }, ...item(1, 2, 'talos', 'talos/apply', 'infra-01', { cause })]);
    const refused = writeEvidence(world, 'e', leaking('it said ghp_a1B2a1B2a1B2a1B2a1B2a1B2'));
    await expect(refused).rejects.toMatchObject({ exit: 5, message: expect.stringMatching(/GitHub token at/) });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('a1B2') });
    const redactor = createRedactor();
    redactor.register('hunter22');
    await expect(writeEvidence(world, 'e', leaking('hunter22'), redactor.scan)).rejects.toMatchObject({
      message: expect.stringMatching(/known value/),
    });
    expect(readdirSync(at.root)).toEqual([]);
  });

  test('what was redacted before the journal is never taken for a secret afterwards', async () => {
    const nasty = fc
      .array(
        fc.constantFrom(
          'token',
          'secret',
          'password',
          ': ',
          '=',
          '"',
          "'",
          '\n',
          ' ',
          '{',
          '}',
          '- ',
          '|',
          '::',
          'hunter22',
          'abcdef.0123456789abcdef',
          'x9',
          'kind',
          'Secret',
          'data',
          '://',
          '@',
          '\\',
        ),
        { maxLength: 12 },
      )
      .map((p) => p.join(''));
    const redactor = createRedactor();
    redactor.register('hunter22');
    fc.assert(
      fc.property(nasty, nasty, nasty, nasty, (a, b, c, d) => {
        const events = [
          { at: 0, event: start({ assumed: [a, b], cluster: c }) },
          { at: 0, event: { type: 'deviation' as const, what: a, subject: b } },
          ...item(
            1,
            2,
            'talos',
            'talos/apply',
            b,
            {
              verdict: 'failed',
              cause: a,
              remedy: c,
              page: d,
              signals: [signal(a, false, { subject: b, observed: { [c]: d }, expected: d, source: c })],
            },
            [{ shown: d, target: a, end: { outcome: 'failed', exit: 1, cause: b, tail: `${c}\n${a}` } }],
          ),
        ].map(({ at: when, event }) => ({
          at: when,
          event: redactor.json(event as unknown as Json) as unknown as Event,
        }));
        const journal = journalOf(events);
        const read = readJournal(journal);
        expect(read.problems).toEqual([]);
        for (const [ending, file] of Object.entries(evidenceFiles(derive(read), journal)))
          expect(scanFile(redactor.scan, ending, file)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('every change is found', () => {
  const files = new Map<string, Record<string, Uint8Array>>();
  for (const [name, events] of Object.entries(runs)) {
    const journal = journalOf(events);
    files.set(name, evidenceFiles(derive(readJournal(journal)), journal));
  }
  const base = (name: string): string =>
    `e/1.2-${derive(readJournal(files.get(name)?.['.jsonl'] ?? new Uint8Array())).mode}-infra-20261121`;
  const check = (name: string, changed: Record<string, Uint8Array | undefined>): Promise<EvidenceVerdict> => {
    const given = { ...files.get(name), ...changed };
    return verifyEvidence(async (path) => given[path.slice(base(name).length)], base(name));
  };
  let tried = 0;
  afterAll(() => expect(tried).toBeGreaterThan(1000));

  test('none at all: all is well', async () => {
    for (const name of Object.keys(runs)) expect(errors(await check(name, {})), name).toEqual([]);
  });

  test('each single byte of a short run, in each of its files', async () => {
    const plan = {
      digest: '',
      phases: [{ id: 'a', title: '', slo: null, steps: [{ id: 'a/b', title: '', items: ['c'] }] }],
    };
    const journal = journalOf([
      { at: 0, event: start({ plan, criteria: [], tools: [], inputs: [], assumed: [] }) },
      ...item(1, 2, 'a', 'a/b', 'c', {}),
      { at: 3, event: { type: 'run-end', outcome: 'done', exit: 0, cause: null, next: null } },
    ]);
    const whole: Record<string, Uint8Array> = evidenceFiles(derive(readJournal(journal)), journal);
    const verdict = (given: Record<string, Uint8Array>): Promise<EvidenceVerdict> =>
      verifyEvidence(async (path) => given[path.slice(base('done').length)], base('done'));
    expect(errors(await verdict(whole))).toEqual([]);
    const { head } = readJournal(journal);
    const missed: string[] = [];
    for (const [ending, bytes] of Object.entries(whole)) {
      for (let i = 0; i < bytes.length; i++) {
        const other = Uint8Array.from(bytes);
        other[i] = (other[i] ?? 0) ^ (1 << (i % 8));
        tried += 1;
        // What a verifier rests on: a problem in the chain, or another last line than the one that the other files name.
        const read = ending === '.jsonl' ? readJournal(other) : undefined;
        if (read && read.problems.length === 0 && read.head === head) missed.push(`${ending} byte ${i}, when read`);
        if (i % 13 === 0 && (await verdict({ ...whole, [ending]: other })).ok) missed.push(`${ending} byte ${i}`);
      }
    }
    expect(missed).toEqual([]);
  });

  test('any byte, or cut, or doubled stretch of any run', async () => {
    const names = Object.keys(runs);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.constantFrom('.txt', '.json', '.jsonl'),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom('flip', 'cut', 'insert', 'drop'),
        async (name, ending, where, by, how) => {
          const bytes = files.get(name)?.[ending] ?? new Uint8Array();
          const i = where % bytes.length;
          const other =
            how === 'flip'
              ? Uint8Array.from(bytes, (b, j) => (j === i ? b ^ by : b))
              : how === 'cut'
                ? bytes.subarray(0, i)
                : how === 'insert'
                  ? Buffer.concat([bytes.subarray(0, i), Buffer.from([by]), bytes.subarray(i)])
                  : Buffer.concat([bytes.subarray(0, i), bytes.subarray(i + 1)]);
          expect((await check(name, { [ending]: other })).ok).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('lines dropped, swapped, doubled; the last ones cut off; a file missing', async () => {
    for (const name of ['done', 'failed', 'killed']) {
      const lines = new TextDecoder().decode(files.get(name)?.['.jsonl']).split('\n').slice(0, -1);
      const broken = async (given: string[]): Promise<void> => {
        const bytes = new TextEncoder().encode(given.map((l) => `${l}\n`).join(''));
        expect((await check(name, { '.jsonl': bytes })).ok).toBe(false);
      };
      for (let i = 0; i < lines.length; i++) {
        await broken(lines.filter((_, j) => j !== i));
        await broken(lines.toSpliced(i, 0, lines[i] ?? ''));
        await broken(lines.slice(0, i));
        if (i > 0) await broken(lines.with(i, lines[i - 1] ?? '').with(i - 1, lines[i] ?? ''));
      }
      for (const ending of ['.txt', '.json', '.jsonl'])
        expect((await check(name, { [ending]: undefined })).ok).toBe(false);
    }
  });

  test('files of another run beside it', async () => {
    for (const ending of ['.txt', '.json'])
      expect((await check('done', { [ending]: files.get('failed')?.[ending] })).ok).toBe(false);
  });

  test.each([
    ['another story', '1.3-rehearsal-infra-20261121'],
    ['another mode', '1.2-live-infra-20261121'],
    ['another cluster', '1.2-rehearsal-apps-20261121'],
    ['another day', '1.2-rehearsal-infra-20261122'],
    ['another time', '1.2-rehearsal-infra-20261121-012001'],
    ['a tail', '1.2-rehearsal-infra-20261121-FINAL'],
    ['a number without the time', '1.2-rehearsal-infra-20261121-2'],
  ])('%s in the name', async (_, name) => {
    const [path = ''] = await writeEvidence(world, 'e', journalOf(runs['done'] ?? []));
    for (const ending of ['.txt', '.json', '.jsonl'])
      renameSync(join(at.root, path.replace('.txt', ending)), join(at.root, 'e', name + ending));
    expect(errors(await verify(`e/${name}.txt`))).toEqual([
      `e/${name}: its name does not agree with story, mode, cluster and date`,
    ]);
  });

  test('a secret that all three files agree on', async () => {
    const journal = journalOf([{ at: 0, event: start({ assumed: ['ghp_a1B2a1B2a1B2a1B2a1B2a1B2'] }) }]);
    for (const [ending, bytes] of Object.entries(evidenceFiles(derive(readJournal(journal)), journal)))
      writeFileSync(join(at.root, `1.2-rehearsal-infra-20261121${ending}`), bytes);
    expect(errors(await verify('1.2-rehearsal-infra-20261121'))).toEqual([
      expect.stringMatching(/\.txt: it holds what looks like a secret: GitHub token at \d+:\d+$/),
      expect.stringMatching(/\.json: it holds what looks like a secret: GitHub token at \/assumed\/0$/),
      expect.stringMatching(/\.jsonl: it holds what looks like a secret: GitHub token at \/assumed\/0$/),
    ]);
  });
});

describe('what cannot be so, though chain and files agree', () => {
  type Events = { at: number; event: Event }[];
  const done = runs['done'] ?? [];
  const change = (type: Event['type'], more: object, nth = 0): Events => {
    let seen = -1;
    return done.map((r) =>
      r.event.type === type && ++seen === nth ? { ...r, event: { ...r.event, ...more } as Event } : r,
    );
  };
  const without = (type: Event['type'], nth = 0): Events => {
    let seen = -1;
    return done.filter((r) => !(r.event.type === type && ++seen === nth));
  };
  const last = done.at(-1) ?? { at: 0, event: start() };

  test.each<[what: string, events: () => Events, expected: RegExp]>([
    ['a second last record', () => [...done, { ...last, at: 451 }], /the end of the run is not the last record/],
    [
      'a record after the end',
      () => [...done, { at: 451, event: { type: 'phase-start', phase: 'x' } }],
      /the end of the run is not the last record/,
    ],
    ['a second start', () => [...done.slice(0, -1), { at: 450, event: start() }, last], /a second start of the run/],
    ['no start', () => done.slice(1), /not the start of a run/],
    ['an end without a beginning', () => without('action-start'), /has no beginning/],
    ['done with an open action', () => without('action-end', 1), /done, and .* has no end/],
    [
      'a doubled beginning',
      () => done.flatMap((r) => (r.event.type === 'action-start' ? [r, r] : [r])),
      /begun again before its end/,
    ],
    [
      'an exit code that is no success',
      () => change('action-end', { exit: 1 }),
      /is ok though it ended with exit code 1/,
    ],
    ['ok by deadline', () => change('action-end', { how: 'deadline' }), /is ok though it did not end by itself/],
    [
      'ok without an exit',
      () => change('action-end', { how: null, exit: null }),
      /is ok though it did not end by itself/,
    ],
    [
      'ok against a guard',
      () => change('action-start', { guards: [{ id: 'g', ok: false, cause: 'no' }] }),
      /is ok though a guard said no/,
    ],
    [
      'a skip with a bad signal',
      () => change('item-end', { signals: [signal('a', false)] }),
      /is skipped though a signal is not ok/,
    ],
    ['a skip after acting', () => change('item-end', { verdict: 'skipped' }, 1), /is skipped though it was acted on/],
    ['an item that ends twice', () => done.flatMap((r) => (r.event.type === 'item-end' ? [r, r] : [r])), /ends twice/],
    [
      'a phase that ends twice',
      () => done.flatMap((r) => (r.event.type === 'phase-end' ? [r, r] : [r])),
      /the phase talos ends twice/,
    ],
    ['a phase without a beginning', () => without('phase-start'), /the phase talos ends without a beginning/],
    ['done with another exit code', () => change('run-end', { exit: 4 }), /the outcome is done, and the exit code 4/],
    [
      'failed with exit 0',
      () => change('run-end', { outcome: 'failed' }),
      /the outcome is failed, and the exit code 0/,
    ],
    [
      'done with a failure',
      () => change('item-end', { verdict: 'failed' }, 1),
      /the outcome is done, and talos\/apply infra-01 is failed/,
    ],
    [
      'done with something not run',
      () => without('item-end', 5),
      /the outcome is done, and flux\/handover cluster is not ended/,
    ],
    [
      'a criterion twice',
      () =>
        change('run-start', {
          criteria: [
            ...(start() as { criteria: object[] }).criteria,
            { id: 'AC1', title: '', step: 'x/y', needs: 'any' },
          ],
        }),
      /the criterion AC1 appears more than once/,
    ],
    [
      'live, with simulated tools',
      () => change('run-start', { mode: 'live' }),
      /the mode is live, and the tool kubectl is simulated/,
    ],
  ])('%s', (_, events, expected) => {
    const read = readJournal(journalOf(events()));
    expect(read.problems).toEqual([]);
    expect(lawsBroken(read.records).join('\n')).toMatch(expected);
  });

  test('a failure that a deviation names may go with a run that is done', () => {
    const events = change('item-end', { verdict: 'failed' }, 1);
    events.splice(-1, 0, {
      at: 449,
      event: { type: 'deviation', what: 'goes on without it', subject: 'talos/apply infra-01' },
    });
    expect(lawsBroken(readJournal(journalOf(events)).records)).toEqual([]);
  });
});
