import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { draw, type Case } from './case.ts';
import { play, type Played } from './play.ts';
import { JOBS, pool } from './pool.ts';
import { Grounds } from './topology.ts';
import { KINDS, leadOf } from './troubles.ts';
import { knownFaults } from '../../plugins/lab/src/faults/known.ts';

/** The smallest case that was found, and not the seed alone: how seeds are drawn may change. */
type Failed = { what: string; case: Case };
const failed = JSON.parse(readFileSync(join(import.meta.dirname, 'seeds.json'), 'utf8')) as Failed[];

const RUNS = 300;
/** CI gives a fresh one, and plays those that follow elsewhere. */
const FIRST = Number(process.env['COLDSTART_FAULTS_SEED'] ?? 1);
/** For what hangs: 300 take a minute where two processors are free. */
const BOUND = 40 * 60_000;

const grounds = new Grounds();
afterAll(() => grounds.close());

test('every fault that the lab knows leads its share of the cases, or comes beside others', () => {
  expect(KINDS.map(({ name }) => name).toSorted()).toEqual(knownFaults.map(({ name }) => name).toSorted());
  const seeds = Array.from({ length: 1000 }, (_, seed) => seed);
  const led = seeds.map((seed) => leadOf(seed)?.name);
  const came = seeds.flatMap((seed) => draw(seed).troubles).map(({ fault }) => fault.replace(/[@:].*/, ''));
  const times = (names: readonly (string | undefined)[], name: string): number =>
    names.filter((one) => one === name).length;
  for (const { name, share, comes } of KINDS)
    expect
      .soft(times(comes === undefined ? led : came, name), name)
      .toBeGreaterThan(comes === undefined ? share * 8 : 12);
});

test(
  `${RUNS} random histories of faults, kills and restarts from seed ${FIRST} break no law`,
  async () => {
    const seeds = Array.from({ length: RUNS }, (_, i) => FIRST + i);
    const found: string[] = [];
    await pool<number, Played>(join(import.meta.dirname, 'run.ts'), [], seeds, Number(JOBS), (seed, { broken }) => {
      found.push(...broken.map((line) => `${line}   [node --conditions=source test/faults/run.ts --only ${seed}]`));
      return true;
    });
    expect(found).toEqual([]);
  },
  BOUND,
);

describe('what failed once', () => {
  test.each(failed)(
    '$what',
    async ({ case: one }) => {
      const { broken: found, ends } = await play(one, grounds);
      expect(found, ends.join(' | ')).toEqual([]);
    },
    BOUND,
  );
});
