import type { Witness } from '@coldstart/contract';
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

async function evidenceOf(mode: 'live' | 'rehearsal', said: Witness) {
  const world = new FakeWorld();
  world.mode = mode;
  const ran = await carryOut(world, [changing(world, 'a/one')], { parts: { witnesses: [said] } });
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
