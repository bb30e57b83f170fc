import type { Action, Guard } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
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

describe('the world moved on before anything was sent', () => {
  const moved: Guard = {
    id: 'g/moved',
    look: async () => ({ ok: false, moved: true, signals: [], cause: 'it is there' }),
  };
  const guarded = async (neededLooks: number, before: Action[] = []) => {
    const world = new FakeWorld();
    let looks = 0;
    const step = changing(world, 'a/one', {
      observe: async () => ({ state: ++looks <= neededLooks ? 'needed' : 'done', signals: [] }),
      plan: () => [...before, exec('go', ['go'], { guard: ['g/moved'] })],
    });
    const ran = await carryOut(world, [step], { parts: { guards: [moved] } });
    return { ran, sent: world.spawned.length, looks };
  };

  test('nothing is sent, and the step looks again', async () => {
    const { ran, sent, looks } = await guarded(1);
    expect([ran.exit, sent, looks]).toEqual([0, 0, 2]);
    expect(ofType(ran, 'action-start')).toEqual([]);
    expect(ofType(ran, 'item-end').map(({ verdict }) => verdict)).toEqual(['skipped']);
  });

  test('what stands before it in the same attempt was done, and the item with it', async () => {
    const { ran, sent } = await guarded(1, [exec('first', ['first'])]);
    expect([ran.exit, sent]).toEqual([0, 1]);
    expect(ofType(ran, 'action-start').map(({ action }) => action)).toEqual(['first']);
    expect(ofType(ran, 'item-end').map(({ verdict }) => verdict)).toEqual(['done']);
  });

  test('a guard that says so for ever refuses in the end', async () => {
    const { ran, sent } = await guarded(99);
    expect([ran.exit, sent]).toEqual([5, 0]);
    expect(ofType(ran, 'action-start').map((record) => record.guards[0])).toEqual([
      { id: 'g/moved', ok: false, cause: 'it is there' },
    ]);
  });
});
