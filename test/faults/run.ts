import { parseArgs } from 'node:util';
import { draw, type Case } from './case.ts';
import { play, type Played } from './play.ts';
import { percent } from './figures.ts';
import { JOBS, pool, serve } from './pool.ts';
import { shrink } from './shrink.ts';
import { Tally } from './tally.ts';
import { Grounds } from './topology.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    /** `fresh`: another one each time. */
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    jobs: { type: 'string', default: JOBS },
    'keep-going': { type: 'boolean', default: false },
    worker: { type: 'boolean', default: false },
  },
});

/** Every fault fires in so many of the runs, as soon as there are enough to tell. */
const LEAST = 0.01;
const TELLING = 1000;

const first = Number(values.only ?? (values.seed === 'fresh' ? Date.now() % 2 ** 31 : values.seed));
const runs = values.only === undefined ? Number(values.runs) : 1;
const grounds = new Grounds();

if (values.worker)
  await serve(
    (seed: number) => play(draw(seed), grounds),
    () => grounds.close(),
  );
else
  try {
    const tally = new Tally();
    // Interrupted, it says what came of those that were played.
    let interrupted = false;
    process.once('SIGINT', () => (interrupted = true));
    const seeds = Array.from({ length: runs }, (_, i) => first + i);
    const failed: { one: Case; played: Played }[] = [];
    const cpu = await pool<number, Played>(import.meta.filename, [], seeds, Number(values.jobs), (seed, played) => {
      const one = draw(seed);
      tally.add(one, played);
      if (values.only !== undefined) show(one, played);
      if (played.broken.length > 0) {
        failed.push({ one, played });
        console.log(`seed ${seed} breaks a law: ${played.broken[0]}`);
      }
      return !interrupted && (failed.length === 0 || values['keep-going']);
    });
    for (const { one, played } of failed) await report(one, played);
    console.log(tally.text(cpu));
    const seldom = runs >= TELLING ? tally.seldom(LEAST) : [];
    if (seldom.length > 0) console.log(`fired in less than ${percent(LEAST)} of the runs: ${seldom.join(', ')}`);
    if (failed.length > 0 || seldom.length > 0) process.exitCode = 1;
  } finally {
    grounds.close();
  }

function show(one: Case, played: Played): void {
  console.log(JSON.stringify(one, null, 2));
  console.log(played.ends.map((end) => `  ${end}`).join('\n'));
}

async function report(one: Case, played: Played): Promise<void> {
  console.log(`\nseed ${one.seed} breaks a law:`);
  for (const line of new Set(played.broken)) console.log(`  ${line}`);
  const small = await shrink(one, played.broken, (smaller) => play(smaller, grounds));
  console.log(`the smallest case found (${small.tries} tries):\n${JSON.stringify(small.case)}`);
  for (const line of small.ends) console.log(`  ${line}`);
  for (const line of new Set(small.broken)) console.log(`  ! ${line}`);
  console.log(`again: node --conditions=source test/faults/run.ts --only ${one.seed}`);
}
