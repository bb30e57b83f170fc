import type { Config } from '@oclif/core';
import { gather } from '@coldstart/engine';
import { collect } from '../hooks/collect.ts';
import { composeJsonSchema } from './json-schema.ts';

/** The JSON Schema of `coldstart.yaml`, with the sections of every plugin that this oclif configuration has. */
export async function editorSchema(config: Config): Promise<object> {
  return composeJsonSchema(gather(await collect(config)).configs);
}
