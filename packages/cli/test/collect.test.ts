import { contribution } from '@coldstart/contract';
import type { Config } from '@oclif/core';
import { describe, expect, test } from 'vitest';
import { collect } from '../src/hooks/collect.ts';

type Hook = { successes?: [plugin: string, result: unknown][]; failures?: [plugin: string, error: Error][] };
const config = ({ successes = [], failures = [] }: Hook): Config =>
  ({
    runHook: async () => ({
      successes: successes.map(([name, result]) => ({ plugin: { name, version: '1.0.0' }, result })),
      failures: failures.map(([name, error]) => ({ plugin: { name, version: '1.0.0' }, error })),
    }),
  }) as unknown as Config;

const good = (plugin: string) => contribution({ plugin });

describe('collect', () => {
  test('sorts by plugin, whatever order they answered in', async () => {
    const found = await collect(
      config({
        successes: [
          ['z', good('z')],
          ['a', good('a')],
          ['m', good('m')],
        ],
      }),
    );
    expect(found.map(({ plugin }) => plugin)).toEqual(['a', 'm', 'z']);
  });

  test('takes what another copy of the contract made: a brand by name, plain data', async () => {
    const foreign = {
      [Symbol.for('coldstart.contract/1')]: 1,
      plugin: 'x',
      surveys: [],
      steps: [],
      guards: [],
      transforms: {},
      merges: {},
      tools: [],
    };
    expect(await collect(config({ successes: [['x', foreign]] }))).toHaveLength(1);
  });

  test.each<[string, Hook, string]>([
    [
      'a plugin that throws',
      { successes: [['a', good('a')]], failures: [['b', new Error('import failed')]] },
      'the plugin b 1.0.0 failed: import failed',
    ],
    ['nothing', { successes: [['b', undefined]] }, 'the plugin b contributes nothing'],
    [
      'no brand',
      { successes: [['b', { ...good('b'), [Symbol.for('coldstart.contract/1')]: 2 }]] },
      'the plugin b was written for another version of the contract',
    ],
    ['no name', { successes: [['b', { ...good('b'), plugin: 7 }]] }, 'the plugin b does not say its name'],
    ['a missing list', { successes: [['b', { ...good('b'), steps: undefined }]] }, 'the plugin b has no list of steps'],
    [
      'a list for a mapping',
      { successes: [['b', { ...good('b'), merges: [] }]] },
      'the plugin b has no mapping of merges',
    ],
    [
      'the same plugin twice',
      {
        successes: [
          ['b', good('b')],
          ['c', good('b')],
        ],
      },
      'the plugin b contributes twice',
    ],
  ])('refuses %s', async (_, hook, said) => {
    await expect(collect(config(hook))).rejects.toMatchObject({ exit: 2, message: said });
  });
});
