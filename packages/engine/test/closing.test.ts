import type { Observation } from '@coldstart/contract';
import { expect, test } from 'vitest';
import { FakeWorld } from './support/fake-world.ts';
import { carryOut, checking, done, ofType } from './support/harness.ts';

const gone: Observation = {
  state: 'unknown',
  signals: [],
  cause: 'it does not answer',
  remedy: 'look',
  page: 'node-unreachable',
};

/** A step that stands, then shows `after[i]` at its i-th closing look, and the last for good. */
function standing(id: string, ...after: Observation[]) {
  let looks = 0;
  const step = checking(
    id,
    async () => (looks++ === 0 ? done() : (after[Math.min(looks - 2, after.length - 1)] ?? done())),
    {
      standing: true,
    },
  );
  return { step, looks: () => looks };
}

test('what stands is looked at once more before the run is a success', async () => {
  const { step, looks } = standing('a/node', done());
  const ran = await carryOut(new FakeWorld(), [step]);
  expect(ran.exit).toBe(0);
  expect(looks()).toBe(2);
  expect(ofType(ran, 'item-end').map((r) => `${r.step} ${r.item} ${r.verdict}`)).toEqual([
    'a/node cluster done',
    'coldstart/closing a/node done',
  ]);
});

test('what is back within its time is no failure', async () => {
  const { step } = standing('a/node', gone, gone, done());
  expect((await carryOut(new FakeWorld(), [step])).exit).toBe(0);
});

test('what goes while another is waited for is no success', async () => {
  const { step: slow } = standing('a/slow', gone, gone, done());
  const { step } = standing('a/node', done(), done(), gone);
  const ran = await carryOut(new FakeWorld(), [slow, step]);
  expect(ran).toMatchObject({ exit: 4, failure: { step: 'coldstart/closing', item: 'a/node' } });
});

test('all of one step count in one round, too', async () => {
  const { step: slow } = standing('a/slow', gone, gone, done());
  const { step, looks } = standing('a/node', done(), gone, done());
  expect((await carryOut(new FakeWorld(), [slow, step])).exit).toBe(0);
  expect(looks()).toBe(4);
});

test('what is gone ends the run as failed, with its cause and the way on', async () => {
  const { step } = standing('a/node', gone);
  const ran = await carryOut(new FakeWorld(), [step]);
  expect(ran).toMatchObject({
    exit: 4,
    outcome: 'failed',
    failure: {
      step: 'coldstart/closing',
      item: 'a/node',
      cause: 'it was done, and is not any more: it does not answer',
      remedy: 'look',
      page: 'node-unreachable',
      next: 'coldstart cluster create infra',
    },
  });
});

test('a step that is not said to stand is not looked at again', async () => {
  let looks = 0;
  const step = checking('a/node', async () => (looks++ === 0 ? done() : gone));
  expect((await carryOut(new FakeWorld(), [step])).exit).toBe(0);
  expect(looks).toBe(1);
});
