import type { z } from 'zod';
import { nearest } from '../runner/nearest.ts';
import type { Path } from './document.ts';

export type Issue = { path: (string | number)[]; found: string; expected: string; key?: boolean };

/** Checks a value against a schema; issues say what was found and what was expected. */
export function check<S extends z.ZodType>(schema: S, value: unknown): { value: z.output<S> } | { issues: Issue[] } {
  const result = schema.safeParse(value, { reportInput: true });
  return result.success
    ? { value: result.data }
    : { issues: result.error.issues.flatMap((issue) => explain(issue, schema, value)) };
}

function explain(issue: z.core.$ZodIssue, schema: z.ZodType, root: unknown): Issue[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const found = show(valueAt(root, path));
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], keysAt(schema, path)));
    case 'invalid_type':
      return [{ path, found, expected: article(issue.expected) }];
    case 'invalid_value':
      return [{ path, found, expected: issue.values.map((value) => JSON.stringify(value)).join(' or ') }];
    case 'invalid_key':
      return [
        {
          path,
          found: `the name ${JSON.stringify(path.at(-1))}`,
          expected: issue.issues[0]?.message ?? issue.message,
          key: true,
        },
      ];
    default:
      return [{ path, found, expected: issue.message }];
  }
}

/** The issue of a key that nobody knows, with the nearest one that is known. */
export function unknownKey(path: (string | number)[], known: readonly string[]): Issue {
  const name = String(path.at(-1));
  const guess = nearest(name, known);
  const list = [...known].sort().join(', ');
  return {
    path,
    found: `the key "${name}"`,
    expected: guess ? `"${guess}" (known: ${list})` : list ? `one of ${list}` : 'no key here',
    key: true,
  };
}

/** A value in words, short; objects and lists by kind only. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string')
    return `the string ${JSON.stringify(withoutLogin(value.length > 60 ? `${value.slice(0, 57)}…` : value))}`;
  return `the ${typeof value} ${String(value)}`;
}

/** A token may stand in a URL, where nobody looks for one. */
const withoutLogin = (text: string): string => text.replace(/:\/\/[^\s/@]*[@…]/, '://…@');

function article(type: string): string {
  const names: Record<string, string> = {
    object: 'a mapping',
    record: 'a mapping',
    array: 'a list',
    int: 'a whole number',
  };
  return names[type] ?? `a ${type}`;
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (value as Record<string | number, unknown> | null | undefined)?.[part],
    root,
  );
}

function keysAt(schema: z.ZodType, path: Path): string[] {
  let at: unknown = schema;
  for (const part of path) at = unwrap(at).shape?.[part];
  const { shape, keyType } = unwrap(at);
  return shape ? Object.keys(shape) : (keyType?.options ?? []);
}

/** The parts of zod's objects and of its records with a fixed set of keys that tell which keys there are. */
type Shaped = { shape?: Record<string | number, unknown>; keyType?: { options?: string[] }; unwrap?: () => unknown };
function unwrap(schema: unknown): Shaped {
  let at = (schema ?? {}) as Shaped;
  while (at.shape === undefined && at.keyType === undefined && typeof at.unwrap === 'function')
    at = at.unwrap() as Shaped;
  return at;
}
