import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { mutants, type Mutant } from './mutant-list.ts';

/**
 * Breaks the safety code on purpose, one way at a time, in a copy of the tree, and runs the tests that must notice.
 * Ends with exit 1 where a mutant survives, or where its text is not found any more.
 */
const { values } = parseArgs({ options: { only: { type: 'string' }, keep: { type: 'boolean', default: false } } });
const root = resolve(import.meta.dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'coldstart-mutants-'));
const LONG = 15 * 60_000;

/** Sources and tests are copied; packages from the registry are linked, and the workspace's own lead into the copy. */
function copyTree(): void {
  for (const name of [
    'packages',
    'plugins',
    'test',
    'examples',
    'package.json',
    'vitest.config.ts',
    'tsconfig.base.json',
  ])
    cpSync(join(root, name), join(copy, name), {
      recursive: true,
      filter: (path) => !/\/(?:dist|node_modules|\.coldstart|bin\/real)(?:\/|$)/.test(path.slice(root.length)),
    });
  mkdirSync(join(copy, 'node_modules/@coldstart'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@coldstart') symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  for (const kind of ['packages', 'plugins'])
    for (const folder of readdirSync(join(copy, kind))) {
      const manifest = join(copy, kind, folder, 'package.json');
      if (!existsSync(manifest)) continue;
      const { name } = JSON.parse(readFileSync(manifest, 'utf8')) as { name: string };
      if (name.startsWith('@coldstart/')) symlinkSync(join(copy, kind, folder), join(copy, 'node_modules', name));
    }
}

/** Replaces exactly one place; returns what puts it back. */
function mutate({ name, file, from, to }: Mutant): () => void {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  const parts = source.split(from);
  if (parts.length !== 2) throw new Error(`${name}: ${file} holds its text ${parts.length - 1} times instead of once`);
  writeFileSync(path, parts.join(to));
  return () => writeFileSync(path, source);
}

function runTests(tests: readonly string[]): { failed: boolean; said: string } {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const done = spawnSync(process.execPath, [vitest, 'run', '--bail', '1', '--reporter', 'verbose', ...tests], {
    cwd: copy,
    encoding: 'utf8',
    timeout: LONG,
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { failed: done.status !== 0, said: `${done.stdout}\n${done.stderr}` };
}

/** The first test that failed. */
const noticed = (said: string): string =>
  /^\s*(?:×|FAIL)\s+(.*)$/m.exec(said)?.[1]?.trim().slice(0, 120) ?? 'the run itself failed';

try {
  copyTree();
  const chosen = mutants.filter(({ name }) => values.only === undefined || name.includes(values.only));
  // A test that fails without a mutant proves nothing.
  const tests = [...new Set(chosen.flatMap((mutant) => mutant.tests))];
  const healthy = runTests(tests);
  if (healthy.failed) throw new Error(`the tests fail without a mutant:\n${healthy.said}`);
  const survivors: string[] = [];
  for (const mutant of chosen) {
    const restore = mutate(mutant);
    const { failed, said } = runTests(mutant.tests);
    restore();
    if (!failed) survivors.push(mutant.name);
    console.log(`${failed ? 'killed  ' : 'SURVIVED'}  ${mutant.name}${failed ? `   (${noticed(said)})` : ''}`);
  }
  console.log(`\n${chosen.length - survivors.length} of ${chosen.length} mutants were noticed`);
  if (survivors.length > 0) process.exitCode = 1;
} finally {
  if (values.keep) console.log(copy);
  else rmSync(copy, { recursive: true, force: true });
}
