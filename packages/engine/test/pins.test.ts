import { identityPath, type Identity, type Pin } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
import { generationOf, retirePins } from '../src/run/identify.ts';
import { keepPins } from '../src/run/pins.ts';
import { FakeWorld } from './support/fake-world.ts';

const run = { id: 'r', stop: new AbortController().signal };
const PATH = identityPath('infra');

function worldWith(record?: object | string): FakeWorld {
  const world = new FakeWorld();
  const text = typeof record === 'string' ? record : JSON.stringify(record);
  if (record !== undefined) world.files.set(PATH, new TextEncoder().encode(text));
  return world;
}
const recordOf = (world: FakeWorld): Identity =>
  JSON.parse(new TextDecoder().decode(world.files.get(PATH))) as Identity;
const known = { schema: 'coldstart.identity/1', cluster: 'infra', kubeSystem: 'u', machines: { a: { serial: '1' } } };
const keep = (world: FakeWorld, ...pins: Pin[]) => keepPins(world, 'infra', pins, run);

describe('what tells a cluster', () => {
  test('is recorded at first sight, beside what is known', async () => {
    const world = worldWith();
    expect(await keep(world, { at: ['kubeSystem'], value: 'u' })).toBeUndefined();
    expect(await keep(world, { at: ['machines', 'a'], value: { serial: '1' } })).toBeUndefined();
    expect(recordOf(world)).toEqual(known);
  });

  test('is not written again where it is the same', async () => {
    const world = worldWith(known);
    await keep(world, { at: ['kubeSystem'], value: 'u' }, { at: ['machines', 'a'], value: { serial: '1' } });
    expect(world.writes).toEqual([]);
  });

  test('is never overwritten: the contradiction is told, and nothing of the same look is kept', async () => {
    const world = worldWith(known);
    const said = await keep(world, { at: ['machines', 'b'], value: {} }, { at: ['kubeSystem'], value: 'other' });
    expect(said).toBe(`${PATH} records kubeSystem "u", and "other" was seen`);
    expect(recordOf(world)).toEqual(known);
  });

  test('is replaced only where the pin says so', async () => {
    const world = worldWith(known);
    await keep(world, { at: ['machines', 'a'], value: { serial: '2' }, replace: true });
    expect(recordOf(world)).toEqual({ ...known, machines: { a: { serial: '2' } } });
  });

  test('a name of the language is a name like any other', async () => {
    const world = worldWith(known);
    await keep(world, { at: ['machines', '__proto__'], value: { serial: '3' } });
    expect(Object.getPrototypeOf(recordOf(world).machines)).toBe(Object.prototype);
    expect(({} as { serial?: string }).serial).toBeUndefined();
  });
});

describe('the next generation', () => {
  test('puts everything aside and keeps it', async () => {
    const world = worldWith(known);
    expect(await retirePins(world, 'infra', 'infra', run)).toMatch(
      /generation 1 was retired, generation 2 begins: kubeSystem, machines/,
    );
    expect(recordOf(world)).toEqual({
      schema: known.schema,
      cluster: 'infra',
      generation: 2,
      retired: [{ generation: 1, until: expect.any(String), kubeSystem: 'u', machines: known.machines }],
    });
    expect(await generationOf(world, 'infra')).toBe(2);
    await retirePins(world, 'infra', 'infra', run);
    expect(recordOf(world).retired).toHaveLength(2);
  });

  test('asks for the name of the cluster', async () => {
    const world = worldWith(known);
    await expect(retirePins(world, 'infra', 'apps', run)).rejects.toMatchObject({ exit: 5, page: 'identity' });
    expect(recordOf(world)).toEqual(known);
  });

  test('where nothing is recorded there is nothing to put aside', async () => {
    const world = worldWith();
    expect(await retirePins(world, 'infra', 'infra', run)).toBeUndefined();
    expect([world.writes, await generationOf(world, 'infra')]).toEqual([[], 1]);
  });

  test.each(['{', '[]', '{"schema":"x"}', '{"schema":"coldstart.identity/1","cluster":"infra","etcdMembers":"a"}'])(
    'a record that is none (%s) ends the run before it begins',
    async (text) => {
      await expect(generationOf(worldWith(text), 'infra')).rejects.toMatchObject({ exit: 2, page: 'identity' });
    },
  );
});
