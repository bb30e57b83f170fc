import { describe, expect, test } from 'vitest';
import { derive, Evidence, evidenceJsonSchema, readJournal, renderJson, renderText } from '../../src/evidence/index.ts';
import { lawsBroken } from '../../src/evidence/laws.ts';
import { item, journalOf, runs, signal, start } from './runs.ts';

const evidenceOf = (events: (typeof runs)[string]): Evidence => derive(readJournal(journalOf(events)));
const run = (name: string): Evidence => evidenceOf(runs[name] ?? []);

describe.each(Object.keys(runs))('a run that ended as "%s"', (name) => {
  test('reads without a problem, breaks no law, and its evidence has the schema', () => {
    const read = readJournal(journalOf(runs[name] ?? []));
    expect(read.problems).toEqual([]);
    expect(lawsBroken(read.records)).toEqual([]);
    expect(read.torn).toBe(false);
    expect(Evidence.parse(derive(read))).toEqual(derive(read));
  });

  test('its text', async () => {
    await expect(renderText(run(name))).toMatchFileSnapshot(`golden/${name.replaceAll(/\W+/g, '-')}.txt`);
  });
});

test('outcome, exit, counts', () => {
  const told = Object.fromEntries(
    Object.keys(runs).map((name) => {
      const { outcome, exit, counts, journal } = run(name);
      return [
        name,
        [
          outcome,
          exit,
          counts.done,
          counts.skipped,
          counts.failed,
          counts.refused,
          counts.interrupted,
          counts['not-run'],
          counts.changes,
          counts.retries,
          journal.complete,
        ],
      ];
    }),
  );
  expect(told).toEqual({
    done: ['done', 0, 5, 1, 0, 0, 0, 0, 5, 1, true],
    'again, nothing to do': ['done', 0, 1, 5, 0, 0, 0, 0, 0, 0, true],
    // The third attempt could not be started, so it was not sent.
    failed: ['failed', 4, 1, 1, 1, 0, 0, 3, 3, 0, true],
    preflight: ['preflight', 3, 0, 0, 1, 0, 0, 5, 0, 0, true],
    refused: ['refused', 5, 0, 1, 0, 1, 0, 4, 0, 0, true],
    interrupted: ['interrupted', 130, 0, 1, 0, 0, 1, 4, 1, 0, true],
    killed: ['interrupted', null, 0, 1, 0, 0, 1, 4, 1, 0, false],
    'dry run': ['done', 0, 0, 0, 0, 0, 0, 6, 0, 0, true],
    bug: ['bug', 1, 0, 0, 0, 0, 0, 6, 0, 0, true],
  });
});

test('times against their bounds; the clock runs from the first change', () => {
  const { phases, clock, elapsed, slowest } = run('done');
  expect(phases.map(({ id, elapsed: time, slo, within }) => [id, time, slo, within])).toEqual([
    ['talos', 318_000, 420_000, true],
    ['core', 90_000, 60_000, false],
    ['validation', 30_000, null, null],
  ]);
  expect(clock).toEqual({ elapsed: 448_000, slo: 1_200_000, within: true });
  expect(elapsed).toBe(450_000);
  expect(slowest).toEqual([
    { step: 'talos/apply', elapsed: 298_000 },
    { step: 'helmfile/releases', elapsed: 90_000 },
    { step: 'flux/handover', elapsed: 30_000 },
    { step: 'talos/bootstrap', elapsed: 20_000 },
    { step: 'talos/tools', elapsed: 2_000 },
  ]);
  expect(run('again, nothing to do').clock).toEqual({ elapsed: null, slo: 1_200_000, within: null });
});

test('what nobody knows: an action without an end, and one that was cut off and not looked at again', () => {
  expect(run('killed').unknown).toEqual([
    {
      step: 'talos/bootstrap',
      item: 'cluster',
      action: 'bootstrap',
      attempt: 1,
      target: 'cluster',
      shown: 'talosctl bootstrap --nodes 192.0.2.11',
    },
  ]);
  expect(run('interrupted').unknown).toMatchObject([{ step: 'talos/apply', item: 'infra-01' }]);
  // Its second attempt found out.
  expect(run('done').unknown).toEqual([]);
  // A guard said no, so it was not sent.
  expect(run('refused').unknown).toEqual([]);
});

test('failures name step, node, cause, remedy, page and the command to go on with', () => {
  expect(run('failed').failures).toEqual([
    {
      step: 'talos/apply',
      item: 'infra-02',
      verdict: 'failed',
      cause: 'it fell back to maintenance\nand stayed there',
      remedy: 'Look at the disk selector.',
      page: 'node-in-maintenance',
      next: 'coldstart cluster create infra',
    },
  ]);
});

describe('criteria', () => {
  const judge = (name: string): Record<string, [string, string | null]> =>
    Object.fromEntries(
      run(name).criteria.map(({ id, verdict, reason, item: of }) => [
        id,
        [verdict, of === null ? reason : `${of}, ${reason}`],
      ]),
    );

  test('each exactly once, in every run', () => {
    for (const name of Object.keys(runs))
      expect(run(name).criteria.map((c) => c.id)).toEqual(['AC1', 'AC2', 'AC3', 'AC4']);
  });

  test('one that needs a live run is met by no other mode', () => {
    expect(judge('done')).toEqual({
      AC1: ['met', null],
      AC2: ['untested', 'it needs a live run; this is a run in mode rehearsal'],
      AC3: ['untested', 'its step is not part of this run'],
      AC4: ['met', null],
    });
    expect(judge('again, nothing to do')).toMatchObject({ AC1: ['met', null], AC2: ['met', null], AC4: ['met', null] });
    for (const mode of ['dry-run', 'rehearsal', 'lab-wire'] as const) {
      const [, ...rest] = runs['done'] ?? [];
      expect(evidenceOf([{ at: 0, event: start({ mode }) }, ...rest]).criteria[1]?.verdict).toBe('untested');
    }
  });

  test('unmet by a failure, untested by what was not run, by a dry run, by a killed one', () => {
    expect(judge('failed')).toMatchObject({
      AC1: ['untested', 'cluster, not-run'],
      AC4: ['unmet', 'infra-02, it fell back to maintenance\nand stayed there'],
    });
    expect(judge('refused')['AC1']).toEqual(['unmet', 'cluster, two etcd clusters']);
    expect(judge('dry run')['AC1']).toEqual(['untested', 'cluster, not-run']);
    expect(judge('killed')['AC1']).toEqual(['untested', 'cluster, interrupted']);
  });

  test('done is not enough: its signals must be there, and be ok', () => {
    const plan = (signals: ReturnType<typeof signal>[]): string | undefined =>
      evidenceOf([{ at: 0, event: start() }, ...item(1, 2, 'talos', 'talos/bootstrap', 'cluster', { signals })])
        .criteria[0]?.verdict;
    expect([plan([signal('a')]), plan([signal('a'), signal('b', false)]), plan([])]).toEqual([
      'met',
      'unmet',
      'untested',
    ]);
  });

  test('met cites the step and its signals', () => {
    expect(run('done').criteria[0]).toMatchObject({
      step: 'talos/bootstrap',
      cites: [{ item: 'cluster', signals: [{ name: 'talos/bootstrap holds', subject: null }] }],
    });
  });
});

test('a journal without a first record tells of no run', () => {
  expect(() => derive(readJournal(new Uint8Array()))).toThrow('does not begin with the start of a run');
  expect(() => derive(readJournal(new TextEncoder().encode('{"seq":0')))).toThrow();
});

test('the JSON ends with a newline, is the evidence, and has a JSON Schema that accepts it', async () => {
  const text = renderJson(run('failed'));
  expect(text.endsWith('}\n')).toBe(true);
  expect(JSON.parse(text)).toEqual(run('failed'));
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const validate = new Ajv2020({ strict: false }).compile(evidenceJsonSchema());
  for (const name of Object.keys(runs))
    expect(validate(JSON.parse(renderJson(run(name)))), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ ...JSON.parse(text), extra: 1 })).toBe(false);
});
