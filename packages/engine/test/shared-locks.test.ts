import type { Done, SharedLock } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
import { FakeWorld } from './support/fake-world.ts';
import { carryOut, changing, exec, ofType } from './support/harness.ts';

const call = (word: string) => exec(word, [word]) as Extract<ReturnType<typeof exec>, { do: 'exec' }>;
const lock: SharedLock = {
  id: 'lease',
  needs: [],
  every: 15_000,
  look: async () => ({ is: 'free' }),
  where: () => 'a lock',
  hold: () => ({ calls: [call('hold')], token: null }),
  free: () => [call('free')],
  failed: ({ how }) => ({ held: false, why: how }),
};

describe('a lock that other machines see', () => {
  const withHold = async (answer: Partial<Done>) => {
    const world = new FakeWorld();
    world.answer = ({ argv }) => (argv[0] === 'hold' ? answer : {});
    return carryOut(world, [changing(world, 'a/one')], { parts: { locks: [lock] } });
  };

  test('is taken, and given back', async () => {
    const ran = await withHold({});
    expect(ofType(ran, 'lock').map(({ what }) => what)).toEqual(['asked', 'taken', 'released']);
  });

  test.each(['deadline', 'signal'] as const)(
    'is not taken by a call that says 0 since it was ended (%s)',
    async (how) => {
      const ran = await withHold({ how, exit: 0 });
      expect(ofType(ran, 'lock').map(({ what }) => what)).toEqual(['asked', 'asked', 'asked']);
      expect(ofType(ran, 'deviation').map(({ what }) => what)).toEqual([
        expect.stringContaining('lease was not taken'),
      ]);
    },
  );
});
