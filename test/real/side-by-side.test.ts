/** Two runs of the lane at once, each a process of its own: they share nothing, and of one that Ctrl-C ends nothing is left. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { afterAll, expect, test } from 'vitest';

import type { Side } from './fixtures/side.ts';

type Running = { child: ChildProcess; last: () => Side | undefined };
const running: Running[] = [];
afterAll(async () => {
  for (const { child, last } of running) {
    child.kill('SIGKILL');
    if (last()) await rm(last()?.dir ?? '', { recursive: true, force: true });
  }
});

const startSide = (): Running => {
  const file = fileURLToPath(new URL('fixtures/side.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=source', file], { stdio: ['pipe', 'pipe', 'inherit'] });
  let last: Side | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => (last = JSON.parse(line) as Side));
  const side = { child, last: () => last };
  running.push(side);
  return side;
};

/** Processes that were started with this text among their words, or work in a folder whose path holds it. */
const processesOf = async (text: string): Promise<string[]> => {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if (`${words} ${folder}`.includes(text)) found.push(`${pid} ${words.replaceAll('\0', ' ').slice(0, 200)}`);
  }
  return found;
};

const nodes = [1, 2, 3].map((n) => `infra-0${n}: machine config`);

test(
  'each comes to its end by itself; one is interrupted then, and the other does not notice',
  { timeout: 400_000 },
  async () => {
    const [first, second] = [startSide(), startSide()];
    for (const { last } of [first, second]) await expect.poll(last, { timeout: 120_000 }).toBeDefined();
    // At work at the same time, each with processes that are its own.
    await expect
      .poll(async () => [first, second].map(({ last }) => last()?.exits.length ?? 0).some((done) => done > 0), {
        timeout: 200_000,
      })
      .toBe(true);
    for (const { last } of [first, second]) expect(await processesOf(last()?.dir ?? '-')).not.toEqual([]);
    for (const { last } of [first, second])
      await expect.poll(() => last()?.server, { timeout: 250_000 }).toMatch(/^https:/);

    const [one, two] = [first.last(), second.last()];
    for (const side of [one, two]) {
      expect(side?.exits).toEqual([0, 0]);
      expect(side?.changes.toSorted()).toEqual(['infra-01: etcd bootstrapped', ...nodes]);
    }
    for (const own of ['dir', 'prefix', 'server'] as const) expect(one?.[own], own).not.toBe(two?.[own]);

    second.child.kill('SIGINT');
    await once(second.child, 'exit');
    await expect.poll(() => processesOf(two?.dir ?? '-'), { timeout: 120_000 }).toEqual([]);

    expect(await processesOf(`${one?.dir}/plane`)).not.toEqual([]);
    const ended = once(first.child, 'exit');
    first.child.stdin?.end();
    expect(await ended).toEqual([0, null]);
    await expect.poll(() => processesOf(one?.dir ?? '-'), { timeout: 120_000 }).toEqual([]);
  },
);

test('interrupted while coldstart is at work: nothing is left of it', { timeout: 300_000 }, async () => {
  const { child, last } = startSide();
  await expect.poll(() => last()?.dir, { timeout: 120_000 }).toBeDefined();
  const dir = last()?.dir ?? '-';
  const atWork = async (): Promise<boolean> => (await processesOf(dir)).some((line) => line.includes(' talos apply '));
  await expect.poll(atWork, { timeout: 120_000 }).toBe(true);
  child.kill('SIGINT');
  await once(child, 'exit');
  await expect.poll(() => processesOf(dir), { timeout: 120_000 }).toEqual([]);
});
