import { parseArgs } from 'node:util';
import { draw, WHOLE, type Case } from './case.ts';
import { play, type Played } from './play.ts';
import { JOBS, pool, serve } from './pool.ts';
import { shrink } from './shrink.ts';
import { Tally } from './tally.ts';
import { Grounds } from './topology.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    whole: { type: 'string', default: String(WHOLE) },
    jobs: { type: 'string', default: JOBS },
    'keep-going': { type: 'boolean', default: false },
    worker: { type: 'boolean', default: false },
  },
});

const first = Number(values.only ?? values.seed);
const runs = values.only === undefined ? Number(values.runs) : 1;
const whole = Number(values.whole);
const grounds = new Grounds();

if (values.worker)
  await serve(
    (seed: number) => play(draw(seed, whole), grounds),
    () => grounds.close(),
  );
else
  try {
    const tally = new Tally();
    const seeds = Array.from({ length: runs }, (_, i) => first + i);
    const failed: { one: Case; played: Played }[] = [];
    const args = ['--whole', values.whole];
    const cpu = await pool<number, Played>(import.meta.filename, args, seeds, Number(values.jobs), (seed, played) => {
      const one = draw(seed, whole);
      tally.add(one, played);
      if (values.only !== undefined) show(one, played);
      if (played.broken.length > 0) failed.push({ one, played });
      return failed.length === 0 || values['keep-going'];
    });
    for (const { one, played } of failed) await report(one, played);
    console.log(tally.text(cpu));
    if (failed.length > 0) process.exitCode = 1;
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
  console.log(
    `again: node --conditions=source test/faults/run.ts --only ${one.seed}${whole === WHOLE ? '' : ` --whole ${whole}`}`,
  );
}
