import { expect, it } from 'vitest';
import { missingTools } from '../src/index.ts';

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
