import type { SharedLock, Witness } from '@coldstart/contract';
import { expect, test } from 'vitest';
import { derive } from '../src/evidence/index.ts';
import { readJournal } from '../src/evidence/read-journal.ts';
import { FakeWorld } from './support/fake-world.ts';
import { carryOut, changing, ofType } from './support/harness.ts';

/** Answers `told[i]` at its i-th look, then the last for good. */
function witness(...told: string[][]): Witness & { looks: number } {
  const self = {
    id: 'test/witness',
    looks: 0,
    look: async () => told[Math.min(self.looks++, told.length - 1)] ?? [],
  };
  return self;
}

async function evidenceOf(
  mode: 'live' | 'rehearsal',
  said: Witness,
  at: { world?: FakeWorld; lock?: SharedLock; stop?: AbortSignal } = {},
) {
  const world = at.world ?? new FakeWorld();
  world.mode = mode;
  const ran = await carryOut(world, [changing(world, 'a/one')], {
    parts: { witnesses: [said], locks: at.lock ? [at.lock] : [] },
    ...(at.stop && { stop: at.stop }),
  });
  const bytes = await world.read(ran.journal);
  return { ran, evidence: derive(readJournal(bytes ?? new Uint8Array())) };
}

test('a part that declares itself as simulated makes a live run a run in mode lab-wire', async () => {
  const { ran, evidence } = await evidenceOf('live', witness(['node infra-01']));
  expect(ofType(ran, 'simulated').map((r) => r.part)).toEqual(['node infra-01']);
  expect(evidence).toMatchObject({ mode: 'lab-wire', simulated: ['node infra-01'] });
});

test('one that could not be asked at the start is heard at the end, and each only once', async () => {
  const said = witness([], ['node infra-01', 'node infra-02']);
  const { evidence } = await evidenceOf('live', said);
  expect(said.looks).toBe(2);
  expect(evidence).toMatchObject({ mode: 'lab-wire', simulated: ['node infra-01', 'node infra-02'] });
});

test('where nothing declares itself the run is live', async () => {
  const { evidence } = await evidenceOf('live', witness([]));
  expect(evidence).toMatchObject({ mode: 'live', simulated: [] });
});

test('a rehearsal asks nobody', async () => {
  const said = witness(['node infra-01']);
  const { evidence } = await evidenceOf('rehearsal', said);
  expect(said.looks).toBe(0);
  expect(evidence).toMatchObject({ mode: 'rehearsal', simulated: [] });
});

const SIMULATED = { mode: 'lab-wire', simulated: ['node infra-01'] };
const late = (world: FakeWorld, after: number): Witness => ({
  id: 'test/late',
  look: async () => {
    await world.sleep(after);
    return ['node infra-01'];
  },
});
const taken: SharedLock = {
  id: 'ref',
  needs: [],
  every: 15_000,
  look: async () => ({ is: 'held', holder: null, token: 'another' }),
  where: () => 'a lock',
  hold: () => ({ calls: [], token: null }),
  free: () => [],
  failed: () => ({ held: true, why: 'held' }),
};

test('a run that is refused while a witness still looks waits for what it tells', async () => {
  const world = new FakeWorld();
  const { ran, evidence } = await evidenceOf('live', late(world, 3_000), { world, lock: taken });
  expect(ran.exit).toBe(5);
  expect(evidence).toMatchObject(SIMULATED);
  expect(ran.records.at(-1)?.type).toBe('run-end');
});

test('a run that is stopped while a witness still looks writes what it tells', async () => {
  const world = new FakeWorld();
  const stop = new AbortController();
  stop.abort();
  const { ran, evidence } = await evidenceOf('live', late(world, 3_000), { world, stop: stop.signal });
  expect(ran.outcome).toBe('interrupted');
  expect(evidence).toMatchObject(SIMULATED);
});

test('a witness that does not answer in time is a deviation, and writes nothing after the end', async () => {
  const world = new FakeWorld();
  const { ran } = await evidenceOf('live', late(world, 60_000), { world, lock: taken });
  expect(ofType(ran, 'deviation').map(({ what }) => what)).toContain(
    'not everything answered that was asked whether it is simulated',
  );
  await world.sleep(120_000);
  expect(ofType(ran, 'simulated')).toEqual([]);
});
