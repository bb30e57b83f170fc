import { parseArgs } from 'node:util';
import { draw, type Case } from './case.ts';
import { play, type Played } from './play.ts';
import { shrink } from './shrink.ts';
import { Tally } from './tally.ts';
import { Grounds } from './topology.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    whole: { type: 'string', default: '0.05' },
    'keep-going': { type: 'boolean', default: false },
  },
});

const grounds = new Grounds();
const tally = new Tally();
const first = Number(values.only ?? values.seed);
const runs = values.only === undefined ? Number(values.runs) : 1;
const whole = Number(values.whole);

try {
  for (let seed = first; seed < first + runs; seed++) {
    const one = draw(seed, whole);
    const played = await play(one, grounds);
    tally.add(one, played);
    if (values.only !== undefined) show(one, played);
    if (played.broken.length === 0) continue;
    process.exitCode = 1;
    await report(one, played);
    if (!values['keep-going']) break;
  }
  console.log(tally.text());
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
    `again: node --conditions=source test/faults/run.ts --only ${one.seed}${whole === 0.05 ? '' : ` --whole ${whole}`}`,
  );
}
