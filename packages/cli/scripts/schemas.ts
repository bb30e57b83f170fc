// Writes schema/*.json: one for each document that --json prints, and the one of coldstart.yaml for editors.
// Run after a build: node packages/cli/scripts/schemas.ts && npm run format
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from '@oclif/core';
import { editorSchema } from '../dist/config/editors.js';
import { documentSchemas } from '../dist/output/json-schemas.js';
import { loadHost } from '../dist/plugins/host.js';

settings.enableAutoTranspile = false;
const folder = join(import.meta.dirname, '..', 'schema');
const schemas: Record<string, object> = {
  ...documentSchemas(),
  'coldstart.schema.json': await editorSchema(await loadHost()),
};
mkdirSync(folder, { recursive: true });
for (const file of readdirSync(folder)) if (!(file in schemas)) rmSync(join(folder, file));
for (const [file, schema] of Object.entries(schemas))
  writeFileSync(join(folder, file), `${JSON.stringify(schema, null, 2)}\n`);
