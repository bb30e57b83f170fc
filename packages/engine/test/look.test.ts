import { contribution, type Observation, type Step } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
import { gather, look, type Selection } from '../src/index.ts';
import { FakeWorld } from './support/fake-world.ts';
import { changing, checking, done, procedureOf } from './support/harness.ts';

const world = new FakeWorld();
const steps = (api: Observation): Step[] => [
  checking('a/pre', async () => done(), { kind: 'preflight' }),
  checking('a/api', async () => api, { provides: ['f/api'] }),
  changing(world, 'a/use', {
    needs: ['f/api'],
    observe: async ({ facts }) => (facts['f/api'] === 1 ? done() : { state: 'needed', signals: [] }),
  }),
];
const lookAt = async (api: Observation, selection?: Selection): Promise<string[]> => {
  const all = steps(api);
  const kit = gather([contribution({ plugin: 'test', steps: all })]);
  const looked = await look(kit, procedureOf(['one', all.map((s) => s.id)]), {
    cluster: 'infra',
    world,
    stop: new AbortController().signal,
    past: [],
    facts: {},
    ...(selection && { selection }),
  });
  return looked.map((l) => `${l.step} ${l.observation.state}`);
};

describe('a look at where a cluster stands', () => {
  test('gives what earlier steps learn to later ones, and changes nothing', async () => {
    expect(await lookAt(done({ 'f/api': 1 }))).toEqual(['a/pre done', 'a/api done', 'a/use done']);
    expect(world.spawned).toEqual([]);
  });

  test('does not look at what lacks its facts, and says so', async () => {
    expect(await lookAt({ state: 'converging', signals: [] })).toEqual([
      'a/pre done',
      'a/api converging',
      'a/use unknown',
    ]);
  });

  test('of one step looks at what it needs too, tells only the one, and leaves preflight out', async () => {
    expect(await lookAt(done({ 'f/api': 1 }), { steps: ['a/use'] })).toEqual(['a/use done']);
  });

  test('a look that throws is unknown, with the reason', async () => {
    const all = [checking('a/bad', async () => Promise.reject(new Error('oops')))];
    const kit = gather([contribution({ plugin: 'test', steps: all })]);
    const [looked] = await look(kit, procedureOf(['one', ['a/bad']]), {
      cluster: 'infra',
      world,
      stop: new AbortController().signal,
      past: [],
      facts: {},
    });
    expect(looked?.observation).toEqual({ state: 'unknown', signals: [], cause: 'oops' });
  });
});
