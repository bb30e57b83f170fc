import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { configSection, duration, group, pathInside } from '../src/schema/index.ts';

const section = configSection(
  'demo',
  z.strictObject({ wait: duration('5s'), deep: group({ n: z.number().default(1) }), file: pathInside.optional() }),
  { wait: 'wait' },
);

describe("a plugin's section of coldstart.yaml", () => {
  test('an absent section is all defaults, as plain JSON', () => {
    expect(section.validate(undefined)).toEqual({ value: { wait: 5000, deep: { n: 1 } } });
  });

  test.each<[unknown, number]>([
    ['250ms', 250],
    ['10m', 600_000],
    ['1h', 3_600_000],
    [1500, 1500],
  ])('the duration %s', (wait, ms) => {
    expect(section.validate({ wait })).toMatchObject({ value: { wait: ms } });
  });

  test.each<[unknown, (string | number)[], string, string]>([
    [{ wait: '5 parsecs' }, ['wait'], '"5 parsecs"', 'a number with its unit'],
    [{ nonsense: 1 }, [], 'the key nonsense', 'only keys that the section knows'],
    [{ deep: { n: 'x' } }, ['deep', 'n'], '"x"', 'expected number'],
    [{ file: '../out' }, ['file'], '"../out"', 'a path inside the repository'],
    [{ file: '-flag' }, ['file'], '"-flag"', 'a path inside the repository'],
  ])('%j says where, what was found and what was expected', (value, path, found, expected) => {
    const checked = section.validate(value);
    expect(checked).toEqual({ issues: [{ path, found, expected: expect.stringContaining(expected) }] });
  });

  test('its JSON Schema is for what may be written', () => {
    expect(section.jsonSchema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(section.flags).toEqual({ wait: 'wait' });
  });
});
