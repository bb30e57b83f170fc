import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import type { Model } from '../../plugins/lab/src/model.ts';
import { talosctl } from '../../plugins/lab/src/tools/talosctl/index.ts';
import type { ToolCall } from '../../plugins/lab/src/tools/tool.ts';
import { run } from './children.ts';
import { configCases, configDifferences, configText, type ConfigCase } from './wire/configs.ts';
import { talosTypes, TYPES } from './wire/talos-types.ts';

/** Each of the table's machine configs, asked of the real `talosctl validate` and of the lab's. */

const { talosctl: built } = inject('toolchain');
const FILE = 'config.yaml';
type Answer = { exit: number | null; stdout: string; stderr: string };

let dir: string;
const real = new Map<string, Answer>();
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coldstart-validate-'));
  const left = [...configCases.entries()];
  const ask = async (): Promise<void> => {
    for (let next = left.pop(); next; next = left.pop()) {
      const file = `${next[0]}.yaml`;
      await writeFile(join(dir, file), configText(next[1]));
      const done = await run(built.path, argv(next[1], file), { cwd: dir, deadline: 60_000 });
      real.set(next[1].name, answer(done.exit, done.stdout, done.stderr, file));
    }
  };
  await Promise.all([ask(), ask()]);
});
afterAll(async () => {
  if (dir !== undefined) await rm(dir, { recursive: true });
});

const argv = (one: ConfigCase, file: string): string[] => [
  'validate',
  '-m',
  'metal',
  '-c',
  file,
  ...(one.strict ? ['--strict'] : []),
];

const answer = (exit: number | null, stdout: string, stderr: string, file: string): Answer => ({
  exit,
  stdout: stdout.replace(file, FILE),
  stderr,
});

async function lab(one: ConfigCase): Promise<Answer> {
  const call = { argv: argv(one, FILE), spend: async () => {}, read: () => Buffer.from(configText(one)) };
  // Nothing of the model is asked but how long talosctl takes to start.
  const model = { durations: { draw: () => 0 } };
  const said = await talosctl.run(model as unknown as Model, call as unknown as ToolCall);
  return { exit: said.exit, stdout: String(said.stdout), stderr: said.stderr };
}

test.each(configCases)('$on: $name, is $is by Talos', (one) => {
  const truth = real.get(one.name)!;
  expect(truth.exit, truth.stderr).toBe(one.is === 'accepted' ? 0 : 1);
  expect(truth.stderr, 'Talos itself does not fall over').not.toMatch(/^panic:|^goroutine /m);
});

test.each(configCases.filter(({ name }) => !(name in configDifferences)))('$on: $name, the lab agrees', async (one) => {
  expect(await lab(one)).toEqual(real.get(one.name));
});

test.each(configCases.filter(({ name }) => name in configDifferences))('$on: $name, differs', async (one) => {
  expect(await lab(one), 'agrees by now: take it off the list').not.toEqual(real.get(one.name));
});

test('the list of differences names cases, each once', () => {
  const names = configCases.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining(Object.keys(configDifferences)));
});

test('the lab’s table of keys is what the module of Talos says', async () => {
  expect(await readFile(TYPES, 'utf8')).toBe(await talosTypes());
});
