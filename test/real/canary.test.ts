import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { filesHolding, formsOf, watchFor } from './canary.ts';

const forms = formsOf(['canary-of-this-test-1']);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coldstart-canary-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const inFolder = (name: string): string => join(folder, name);

test('a value is found in contents and names, however deep, and in base64', () => {
  mkdirSync(inFolder('a/b'), { recursive: true });
  writeFileSync(inFolder('a/b/content'), 'x canary-of-this-test-1 y');
  writeFileSync(inFolder('a/b/base64'), Buffer.from('canary-of-this-test-1').toString('base64'));
  writeFileSync(inFolder('canary-of-this-test-1'), '');
  writeFileSync(inFolder('harmless'), 'x');
  expect(filesHolding(folder, forms).toSorted()).toEqual(
    ['a/b/base64', 'a/b/content', 'canary-of-this-test-1'].map(inFolder),
  );
  expect(filesHolding(inFolder('nowhere'), forms)).toEqual([]);
});

test('a watch sees a file that gets the value late and for a moment, and a process that has it in its arguments', async () => {
  writeFileSync(inFolder('late'), 'harmless for now........');
  const watch = watchFor(forms, folder);
  const holder = execFile(process.execPath, ['-e', 'setTimeout(() => {}, 1500)', 'canary-of-this-test-1']);
  await sleep(400);
  // As long as what stood there before.
  writeFileSync(inFolder('late'), 'x canary-of-this-test-1 ');
  await sleep(400);
  rmSync(inFolder('late'));
  await sleep(200);
  const { found, samples, programs } = await watch.end();
  holder.kill();
  expect(found.toSorted()).toEqual([inFolder('late'), `process ${holder.pid}: ${process.execPath}`]);
  expect(samples).toBeGreaterThan(3);
  expect(programs).toContain(process.execPath);
});
