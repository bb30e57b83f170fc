import type { Guard } from '@coldstart/contract';
import { expect, test } from 'vitest';
import { FakeWorld } from './support/fake-world.ts';
import { carryOut, changing, exec, ofType } from './support/harness.ts';

test('guards are looked at before every action, not once: what turned foreign between two tries is left alone', async () => {
  const world = new FakeWorld();
  world.answer = () => ({ exit: 1 });
  let looks = 0;
  const turning: Guard = {
    id: 'g/turning',
    look: async () =>
      ++looks === 1 ? { ok: true, signals: [] } : { ok: false, signals: [], cause: 'another CA by now' },
  };
  const ran = await carryOut(
    world,
    [
      changing(world, 'a/one', {
        observe: async () => ({ state: 'needed', signals: [] }),
        classify: () => ({ kind: 'transient', cause: 'not yet', remedy: 'wait' }),
        retry: () => ({ first: 1000, factor: 1, max: 1000, retries: 5, jitter: 0 }),
        plan: () => [exec('go', ['go'], { guard: ['g/turning'] })],
      }),
    ],
    { parts: { guards: [turning] } },
  );
  expect([ran.exit, world.spawned.length, looks]).toEqual([5, 1, 2]);
  expect(ofType(ran, 'action-start').map((record) => record.guards[0]?.ok)).toEqual([true, false]);
});

test('the world moved on before anything was sent: nothing is, and the step looks again', async () => {
  const world = new FakeWorld();
  let looks = 0;
  const moved: Guard = {
    id: 'g/moved',
    look: async () => ({ ok: false, moved: true, signals: [], cause: 'it is there' }),
  };
  const ran = await carryOut(
    world,
    [
      changing(world, 'a/one', {
        observe: async () => ({ state: ++looks === 1 ? 'needed' : 'done', signals: [] }),
        plan: () => [exec('go', ['go'], { guard: ['g/moved'] })],
      }),
    ],
    { parts: { guards: [moved] } },
  );
  expect([ran.exit, world.spawned.length, looks]).toEqual([0, 0, 2]);
  expect(ofType(ran, 'action-start')).toEqual([]);
  expect(ofType(ran, 'item-end').map(({ verdict }) => verdict)).toEqual(['skipped']);
});

test('a guard that says so for ever refuses in the end, and nothing is sent', async () => {
  const world = new FakeWorld();
  const moved: Guard = {
    id: 'g/moved',
    look: async () => ({ ok: false, moved: true, signals: [], cause: 'it is there' }),
  };
  const ran = await carryOut(
    world,
    [
      changing(world, 'a/one', {
        observe: async () => ({ state: 'needed', signals: [] }),
        plan: () => [exec('go', ['go'], { guard: ['g/moved'] })],
      }),
    ],
    { parts: { guards: [moved] } },
  );
  expect([ran.exit, world.spawned.length]).toEqual([5, 0]);
  expect(ofType(ran, 'action-start').map((record) => record.guards[0])).toEqual([
    { id: 'g/moved', ok: false, cause: 'it is there' },
  ]);
});
