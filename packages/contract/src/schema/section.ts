import { z } from 'zod';
import type { ConfigSection } from '../contribution.ts';
import type { Json } from './json.ts';

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const DURATION = /^(\d{1,9})(ms|s|m|h)$/;

function milliseconds(value: string | number): number {
  if (typeof value === 'number') return value;
  const [, digits, unit] = DURATION.exec(value) ?? [];
  return Number(digits) * UNITS[unit as keyof typeof UNITS];
}

/** A duration: whole milliseconds, or a number with its unit (`250ms`, `5s`, `10m`, `1h`). Comes out in milliseconds. */
export const duration = (fallback: string) =>
  z
    .union([z.number().int().nonnegative(), z.string().regex(DURATION, 'a number with its unit: 250ms, 5s, 10m, 1h')])
    .default(fallback)
    .transform(milliseconds);

/** A group whose values all have defaults, and which may be left out. */
export const group = <S extends z.ZodRawShape>(shape: S) => z.strictObject(shape).prefault({} as never);

/** A path relative to the repository's root that does not climb out of it, and is no flag. */
export const pathInside = z
  .string()
  .min(1)
  .regex(/^(?![-/])(?!.*(?:^|\/)\.\.(?:\/|$))/, 'a path inside the repository');

/** A plugin's section of coldstart.yaml from its zod schema: JSON Schema for editors, and a check that says what was found. */
export function configSection(
  section: string,
  schema: z.ZodType,
  flags?: Record<string, string>,
  consents?: string[],
): ConfigSection {
  return {
    section,
    jsonSchema: z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' }) as { [key: string]: Json },
    validate: (value) => {
      const result = schema.safeParse(value ?? {});
      // Values that are not given are left out, so that the result is plain JSON.
      if (result.success) return { value: JSON.parse(JSON.stringify(result.data)) as Json };
      return {
        issues: result.error.issues.map((issue) => ({
          path: issue.path.filter((part) => typeof part !== 'symbol'),
          found: issue.code === 'unrecognized_keys' ? `the key ${issue.keys.join(', ')}` : shown(at(value, issue.path)),
          expected: issue.code === 'unrecognized_keys' ? 'only keys that the section knows' : issue.message,
        })),
      };
    },
    ...(flags && { flags }),
    ...(consents && { consents }),
  };
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (here, part) =>
      typeof here === 'object' && here !== null ? (here as Record<PropertyKey, unknown>)[part] : undefined,
    value,
  );
}

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
