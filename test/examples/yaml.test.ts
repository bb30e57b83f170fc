import { expect, test } from 'vitest';
import { documents, example, filesBelow, parseDocuments } from './repository.ts';

const yaml = filesBelow(example).filter((path) => /\.ya?ml(\.tpl)?$/.test(path));

test('the example holds YAML to look at', () => {
  expect(yaml.length).toBeGreaterThan(60);
});

test.each(yaml)('%s parses, without duplicate keys or aliases', (path) => {
  expect(documents(path).length).toBeGreaterThan(0);
});

test.each([
  ['a duplicate key', 'a: 1\na: 2\n', 'Map keys must be unique'],
  ['an alias', 'a: &x [1]\nb: *x\n', 'Alias resolution is disabled'],
  ['an unknown tag', 'a: !vault b\n', 'Unresolved tag'],
])('%s would be refused', (_, text, message) => {
  expect(() => parseDocuments(text, 'made-up.yaml')).toThrow(message);
});
