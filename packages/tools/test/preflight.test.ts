import { expect, it } from 'vitest';
import { helm, lookForTools, missingTools } from '../src/index.ts';
import { fakeReader } from './fakes.ts';

it.each([
  [[], undefined, undefined],
  [['op'], 'op is not on the PATH', 'Install op, and put it on the PATH.'],
  [
    ['flux', 'git', 'op'],
    'flux is not on the PATH; git is not on the PATH; op is not on the PATH',
    'Install flux, git and op, and put them on the PATH.',
  ],
])('of missing %j', (missing, cause, remedy) => {
  expect(missingTools(missing)?.cause).toBe(cause);
  expect(missingTools(missing)?.remedy).toBe(remedy);
});

it.each([
  ['4.3.1', []],
  [null, [expect.stringMatching(/^helm did not tell its version; versions known to work are .* or newer, below /)]],
  ['1.0.0', [expect.stringMatching(/^helm 1\.0\.0 is outside of the versions known to work/)]],
])('helm at %s', async (version, deviations) => {
  const found = await lookForTools(fakeReader({}, { tools: { helm: version } }), [helm]);
  expect(found).toMatchObject({ missing: [], deviations });
});
