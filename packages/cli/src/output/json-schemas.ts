import { z } from 'zod';
import { documents } from './schema.ts';

/** The JSON Schema (draft 2020-12) of every document that `--json` prints, by the name of its file. */
export function documentSchemas(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(documents).map(([name, schema]) => [
      `${name}.schema.json`,
      z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'output', reused: 'ref' }),
    ]),
  );
}
