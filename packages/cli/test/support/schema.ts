import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { HOST } from './run.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What of a document does not fit its published schema; empty where all does. */
export function misfits(name: string, document: unknown): string[] {
  const schema = JSON.parse(readFileSync(join(HOST, 'schema', `${name}.schema.json`), 'utf8')) as object;
  const validate = new Ajv2020({ allErrors: true, strict: false, formats: { uuid: UUID } }).compile(schema);
  return validate(document)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
