import { expect, test } from 'vitest';
import { FakeWorld } from './support/fake-world.ts';
import { carryOut, changing, done, needed, ofType } from './support/harness.ts';

test('a lock that another machine left beside a file is a refusal with a way out, and no bug of ours', async () => {
  const world = new FakeWorld();
  const holder = {
    user: 'op',
    host: 'another',
    pid: 7,
    started: '1',
    boot: 'b',
    run: 'r',
    procedure: 'merge',
    at: '2026-01-01T00:00:00.000Z',
  };
  world.files.set('kubeconfig.coldstart-lock', new TextEncoder().encode(JSON.stringify(holder)));
  let looks = 0;
  const ran = await carryOut(
    world,
    [
      changing(world, 'a/one', {
        plan: () => [
          {
            do: 'merge',
            id: 'm',
            why: 'm',
            path: 'kubeconfig',
            fn: 'keep',
            in: [],
            mode: 0o600,
            risk: 'change',
            guard: [],
          },
        ],
        observe: async () => (looks++ ? done() : needed()),
      }),
    ],
    { parts: { merges: { keep: () => new Uint8Array() } } },
  );
  expect(ran).toMatchObject({
    exit: 5,
    outcome: 'refused',
    failure: { cause: expect.stringContaining('Another machine holds the lock'), remedy: expect.stringMatching(/\w/) },
  });
  expect(ofType(ran, 'run-end')).toMatchObject([{ outcome: 'refused', exit: 5 }]);
  expect(world.files.has('kubeconfig')).toBe(false);
});
