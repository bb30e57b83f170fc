import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutants } from './mutant-list.ts';

/** `npm run test:mutants` takes minutes; that its list fits the code is seen here. */
test.each(mutants)('the mutant "$name" finds its text', ({ file, from, to }) => {
  const source = readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
  expect(source.split(from)).toHaveLength(2);
  expect(to).not.toBe(from);
});
