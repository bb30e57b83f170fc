// Prints what a rehearsal of the six-node example costs, and how near the bring-up of its machines comes to the shortest that
// their own durations allow. Fails on the ratio, never on seconds.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makespanBound } from '@coldstart/plugin-lab';
import { bareWorld, carryOut, EXAMPLE, survey } from '../rehearsal/support/bring-up.ts';

const MOST = 1.05;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const RUNS = 5;

type Node = { name: string; role: 'controlplane' | 'worker' };

/** From the first config sent until every node is registered and every control plane votes, in virtual ms; and its lower bound. */
async function makespan(seed: number, width: number | 'all'): Promise<{ took: number; bound: number }> {
  const parallel = width === 'all' ? 64 : width;
  const ground = await survey({ config: { talos: { apply: { parallel } } } });
  const lab = await bareWorld(ground, { seed });
  const ran = await carryOut(ground, lab);
  if (ran.exit !== 0) throw new Error(`seed ${seed} did not end well: ${JSON.stringify(ran.failure)}`);
  const first = lab.received().find((r) => r.argv[0] === 'apply-config');
  const ends = ran.records.filter(
    (r) => r.type === 'item-end' && (r.step === 'talos/registered' || r.step === 'talos/etcd'),
  );
  const began = ran.records.find((r) => r.type === 'action-start' && r.step === 'talos/apply-controlplanes');
  if (!first || !began || ends.length !== 2) throw new Error('the run tells no makespan');
  const nodes = ground.facts['talos/nodes'] as Node[];
  return {
    took: Math.max(...ends.map((r) => r.mono)) - began.mono,
    bound: makespanBound(lab.model.durations, { nodes, width }),
  };
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

function rehearsalSeconds(): number[] {
  const root = join(import.meta.dirname, '../..');
  return Array.from({ length: RUNS }, () => {
    const state = mkdtempSync(join(tmpdir(), 'coldstart-bench-'));
    try {
      const began = performance.now();
      const { status, stderr } = spawnSync(
        process.execPath,
        [
          join(root, 'packages/cli/bin/run.js'),
          'cluster',
          'create',
          'infra',
          '--rehearse',
          '--root',
          EXAMPLE,
          '--world',
          join(state, 'world'),
        ],
        { encoding: 'utf8' },
      );
      if (status !== 0) throw new Error(stderr);
      return (performance.now() - began) / 1000;
    } finally {
      rmSync(state, { recursive: true, force: true });
    }
  });
}

let worst = 0;
console.log('makespan of six nodes over its lower bound (virtual seconds)');
for (const width of [1, 'all'] as const)
  for (const seed of SEEDS) {
    const { took, bound } = await makespan(seed, width);
    worst = Math.max(worst, took / bound);
    console.log(
      `  --parallel ${String(width).padEnd(3)}  seed ${seed}  ${(took / 1000).toFixed(1).padStart(7)} / ${(bound / 1000).toFixed(1).padStart(7)} = ${(took / bound).toFixed(3)}`,
    );
  }
const seconds = rehearsalSeconds();
console.log(
  `one rehearsal of six nodes as a process: median ${median(seconds).toFixed(2)} s of ${RUNS} (${Math.min(...seconds).toFixed(2)} to ${Math.max(...seconds).toFixed(2)})`,
);
console.log(`worst ratio ${worst.toFixed(3)}, at most ${MOST} wanted`);
if (worst > MOST) process.exitCode = 1;
