import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { ofGroups, remainsAfter } from './fixtures/processes.ts';

const starter = fileURLToPath(new URL('fixtures/starter.ts', import.meta.url));

/** Runs the starter and gives the pids that it says; each is the leader of a process group. */
const startStarter = async (argv: string[], env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [starter, ...argv], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', env['FAIL'] ? 'ignore' : 'inherit'],
  });
  starters.push(child);
  const ended = once(child, 'exit');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const pids = Object.values(JSON.parse(line) as Record<string, number>);
  return { child, pids, ended };
};

let dir: string;
const starters: ChildProcess[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coldstart-lifetime-'));
});
afterEach(async () => {
  for (const child of starters.splice(0)) child.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

describe('what a starter leaves behind', () => {
  test.for(['SIGKILL', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const)('nothing, when %s ends it', async (signal) => {
    const { child, pids, ended } = await startStarter(['sleepers', '60000']);
    expect(await ofGroups(pids)).toEqual(expect.arrayContaining(pids));

    child.kill(signal);
    expect(await ended).toEqual([null, signal]);
    expect(await remainsAfter(pids, 15_000)).toEqual([]);
  });

  test('nothing, when it dies of an error', async () => {
    const { pids, ended } = await startStarter(['sleepers', '60000'], { FAIL: 'uncaught' });
    expect(await ended).toEqual([1, null]);
    expect(await remainsAfter(pids, 15_000)).toEqual([]);
  });

  test('nothing after the time it asked for, though it lives', async () => {
    const { child, pids } = await startStarter(['sleepers', '1500']);
    expect(await remainsAfter(pids, 15_000)).toEqual([]);
    expect(child.exitCode).toBe(null);
  });

  test('nothing, when its supervisor is killed', async () => {
    const { pids } = await startStarter(['sleepers', '60000']);
    process.kill(pids[0] ?? 0, 'SIGKILL');
    expect(await remainsAfter(pids, 15_000)).toEqual([]);
  });

  test.for(['SIGKILL', 'SIGINT'] as const)('no Git server and no registry, when %s ends it', async (signal) => {
    const { child, pids, ended } = await startStarter(['sources', dir]);
    expect(pids).toHaveLength(4);
    expect(await ofGroups(pids)).toEqual(expect.arrayContaining(pids));

    child.kill(signal);
    expect(await ended).toEqual([null, signal]);
    expect(await remainsAfter(pids, 15_000)).toEqual([]);
  });

  test('no command that it waits for, when it ends without waiting', async () => {
    const children = new URL('children.ts', import.meta.url).href;
    const program = `
      const { run } = await import(${JSON.stringify(children)});
      const started = (pid) => process.stdout.write(pid + '\\n');
      process.stdin.once('data', () => process.exit(3));
      await run('sleep', ['0'], { deadline: 60_000 });
      await run('sleep', ['300'], { deadline: 400_000, started });
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    starters.push(child);
    const ended = once(child, 'exit');
    const [pid] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    expect(await ofGroups([Number(pid)])).toEqual([Number(pid)]);

    child.stdin.write('end\n');
    expect(await ended).toEqual([3, null]);
    expect(await remainsAfter([Number(pid)], 15_000)).toEqual([]);
  });

  test('no control plane, when it is killed', async () => {
    const { child, pids } = await startStarter(['control-plane', dir]);
    expect(pids).toHaveLength(6);
    expect(await ofGroups(pids)).toEqual(expect.arrayContaining(pids));

    child.kill('SIGKILL');
    expect(await remainsAfter(pids, 30_000)).toEqual([]);
  });
});
