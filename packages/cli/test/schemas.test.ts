import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { editorSchema } from '../src/config/editors.ts';
import type * as Host from '../src/plugins/host.ts';
import { documentSchemas } from '../src/output/json-schemas.ts';
import { HOST } from './support/run.ts';
import { misfits } from './support/schema.ts';

const folder = join(HOST, 'schema');
const onDisk = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'));

describe('the published schemas are those of the code (else: node packages/cli/scripts/schemas.ts)', () => {
  const schemas = documentSchemas();

  test('one file each, and no other', () => {
    expect(readdirSync(folder).sort()).toEqual([...Object.keys(schemas), 'coldstart.schema.json'].sort());
  });

  test.each(Object.keys(schemas))('%s', (file) => {
    expect(onDisk(file)).toEqual(JSON.parse(JSON.stringify(schemas[file])));
  });

  test('coldstart.schema.json holds the sections of every plugin here', async () => {
    // The built host: oclif loads plugins as their users do.
    const { loadHost } = (await import(join(HOST, 'dist/plugins/host.js'))) as typeof Host;
    expect(onDisk('coldstart.schema.json')).toEqual(JSON.parse(JSON.stringify(await editorSchema(await loadHost()))));
  });
});

describe('the schema for editors', () => {
  test.each([
    ['the least', 'version: 1'],
    [
      "the host's sections",
      'version: 1\nevidence: { dir: docs, story: "3.1" }\nslo: { total: 20m, phases: { crds: 90s, talos: { base: 4m, perNode: 30s } } }\nkubernetes: { context: x }',
    ],
    ['a cluster', 'version: 1\nclusters:\n  infra: { kubeconfig: ~/.kube/infra, slo: { total: 30m } }\n  apps:'],
    [
      "a plugin's section",
      'version: 1\ntalos: { bootstrapNode: infra-02 }\nclusters: { infra: { talos: { port: 50000 } } }',
    ],
  ])('takes %s', (_, yaml) => {
    expect(misfits('coldstart', parse(yaml))).toEqual([]);
  });

  test.each([
    ['no version', 'slo: {}'],
    ['an unknown section', 'version: 1\nsmaple: {}'],
    ['an unknown key of a cluster', 'version: 1\nclusters: { infra: { branchh: x } }'],
    ['a duration that is none', 'version: 1\nslo: { total: soon }'],
    ['an unknown phase', 'version: 1\nslo: { phases: { crd: 1m } }'],
  ])('refuses %s', (_, yaml) => {
    expect(misfits('coldstart', parse(yaml))).not.toEqual([]);
  });
});
