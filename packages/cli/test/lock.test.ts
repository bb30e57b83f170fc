import { contribution, type Facts } from '@coldstart/contract';
import { gather } from '@coldstart/engine';
import { expect, test } from 'vitest';
import { locksOf } from '../src/session/locks.ts';
import { lockSurvey } from '../src/survey/lock.ts';
import { memoryFiles } from './support/files.ts';

const lock = (id: string, needs: string[]) => ({
  id,
  needs,
  every: 1000,
  where: ({ cluster, facts }: { cluster: string; facts: Facts }) =>
    `${id} of ${cluster} at ${String((facts['lock/git'] as { remote?: string } | undefined)?.remote)}`,
  look: async () => ({ is: 'free' as const }),
  hold: () => ({ calls: [], token: null }),
  free: () => [],
  failed: () => ({ held: false, why: '' }),
});
const brought = contribution({
  plugin: 'p',
  locks: [lock('git-ref', ['lock/git']), lock('never', ['no/such-fact'])],
});

const survey = (git: string | undefined, from = [brought]) =>
  lockSurvey('/repo', from).run({
    cluster: 'infra',
    files: memoryFiles({}),
    config: git === undefined ? {} : { git },
    facts: {},
  });

test('without configuration there is no fact; with it, the remote', async () => {
  expect(await survey(undefined, [])).toMatchObject({ facts: {}, problems: [] });
  expect(await survey('origin')).toMatchObject({ facts: { 'lock/git': { remote: 'origin' } }, problems: [] });
  expect(await survey('file:///repo-locks.git')).toMatchObject({ problems: [] });
});

test.each([
  ['where no plugin takes that lock', 'origin', [], 'a plugin that takes that lock'],
  ['at a folder of the repository itself', 'file:///srv/../repo/vendor/x.git', [brought], 'outside of this repository'],
  ['at the repository itself', 'file:///repo', [brought], 'outside of this repository'],
])('is refused %s', async (_, git, from, expected) => {
  const told = await survey(git, from);
  expect(told.facts).toEqual({});
  expect(told.problems).toMatchObject([
    { file: 'coldstart.yaml', found: `lock.git: ${git}`, expected: expect.stringContaining(expected) },
  ]);
});

test('the locks of a run: the file, and each whose facts can be told', () => {
  const session = { kit: gather([brought]), cluster: 'infra', stateDir: '.coldstart/infra' };
  const told = (facts: Facts) => locksOf({ ...session, repository: { facts } } as never).map(({ where }) => where);
  expect(told({})).toEqual(['the file .coldstart/infra/lock']);
  expect(told({ 'lock/git': { remote: 'origin' } })).toEqual([
    'the file .coldstart/infra/lock',
    'git-ref of infra at origin',
  ]);
});
