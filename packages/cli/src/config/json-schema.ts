import type { ConfigSection, Json } from '@coldstart/contract';
import { z } from 'zod';
import { clusterShorthands, hostSections } from './schema.ts';

type Schema = { [key: string]: Json };

/** The JSON Schema of `coldstart.yaml` for editors: the host's sections and those that plugins bring. */
export function composeJsonSchema(plugins: readonly ConfigSection[]): Schema {
  const sections: Record<string, Schema> = {};
  for (const [name, schema] of Object.entries(hostSections)) sections[name] = plain(schema);
  for (const { section, jsonSchema } of plugins) {
    if (section in hostSections) continue;
    const { $schema: _, ...own } = jsonSchema;
    sections[section] = own as Schema;
  }
  const refs = Object.fromEntries(Object.keys(sections).map((name) => [name, { $ref: `#/$defs/${name}` }]));
  const shorthands = Object.fromEntries(
    Object.entries(clusterShorthands).map(([name, { schema }]) => [name, plain(schema)]),
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'coldstart.yaml',
    type: 'object',
    required: ['version'],
    additionalProperties: false,
    properties: {
      version: { const: 1 },
      clusters: {
        type: 'object',
        description: 'overrides by cluster; each section as it stands at the top',
        additionalProperties: {
          type: ['object', 'null'],
          additionalProperties: false,
          properties: { ...shorthands, ...refs },
        },
      },
      ...refs,
    },
    $defs: sections,
  };
}

function plain(schema: z.ZodType): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as Schema;
  return rest;
}
