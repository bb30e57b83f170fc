import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LockHolder, World } from '@coldstart/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from '../../src/world/index.ts';
import { sandbox, tree, type Sandbox } from './sandbox.ts';

let at: Sandbox;
let world: World;
beforeEach(async () => {
  at = sandbox();
  world = await at.open();
});
afterEach(() => at.end());

const want = { run: 'r1', procedure: 'create' };
const held = (): LockHolder => JSON.parse(readFileSync(join(at.root, 'lock'), 'utf8')) as LockHolder;
const put = (holder: Partial<LockHolder> | string): void => {
  const whole =
    typeof holder === 'string'
      ? holder
      : JSON.stringify({ ...world.host(), run: 'r0', procedure: 'create', at: '2026-11-21T01:20:00.000Z', ...holder });
  writeFileSync(join(at.root, 'lock'), whole);
};

test('it says who holds it, and goes when it is given back', async () => {
  const lock = await takeLock(world, 'lock', want);
  expect(lock.deviations).toEqual([]);
  expect(held()).toEqual({ ...world.host(), ...want, at: expect.stringMatching(/^\d{4}-.*Z$/) });
  await lock.release();
  expect(tree(at.root)).toEqual({});
});

test('held by a living process: refused, with owner, host, pid, since, and what to do', async () => {
  await takeLock(world, 'lock', want);
  const { user, host, pid } = world.host();
  const { at: since } = held();
  for (const takeover of [undefined, 'infra'])
    await expect(
      takeLock(world, 'lock', { ...want, ...(takeover !== undefined && { takeover }) }),
    ).rejects.toMatchObject({
      exit: 5,
      message: `Another run holds the lock lock: ${user} on ${host} (pid ${pid}, create run r1, since ${since}).`,
      remedy: `Wait until it has ended, or stop it with: kill -INT ${pid}`,
    });
});

test.each<[what: string, of: (world: World) => Partial<LockHolder>]>([
  ['a process that is gone', () => ({ pid: 999_999_999 })],
  ['a process whose number another one has now', (w) => ({ started: `${w.host().boot} 1` })],
  ['a process of before a reboot', () => ({ boot: 'another' })],
])('held by %s: taken over, and said', async (_, of) => {
  put({ user: 'ada', ...of(world) });
  const lock = await takeLock(world, 'lock', want);
  expect(lock.deviations).toEqual([
    expect.stringMatching(
      /^took the lock over that a dead process had left: .* run r0, since 2026-11-21T01:20:00.000Z\)$/,
    ),
  ]);
  expect(held().run).toBe('r1');
  expect(Object.keys(tree(at.root))).toEqual(['lock']);
});

test('held on another machine: only by consent', async () => {
  put({ host: 'elsewhere', pid: 1 });
  await expect(takeLock(world, 'lock', want)).rejects.toMatchObject({
    exit: 5,
    message: expect.stringContaining('Another machine holds the lock lock: '),
    remedy: expect.stringContaining('--takeover'),
  });
  expect(held().run).toBe('r0');
  const lock = await takeLock(world, 'lock', { ...want, takeover: 'infra' });
  expect(lock.deviations).toEqual([expect.stringContaining('took the lock over from ')]);
  expect(held().run).toBe('r1');
});

test.each(['', '{', 'null', '{"pid":1}', '{"pid":"1","host":"x"}'])(
  'an unreadable one (%s): only by consent',
  async (content) => {
    put(content);
    await expect(takeLock(world, 'lock', want)).rejects.toMatchObject({
      exit: 5,
      remedy: expect.stringContaining('then remove lock'),
    });
    expect((await takeLock(world, 'lock', { ...want, takeover: 'infra' })).deviations).toEqual([
      'took an unreadable lock over (lock)',
    ]);
  },
);

test("a run that died while it took a dead lock over is in nobody's way", async () => {
  put({ pid: 999_999_999 });
  // It dies just after it took its turn: the lock itself is as it was.
  const dying: World = {
    ...world,
    host: () => ({ ...world.host(), pid: 999_999_998 }),
    write: () => Promise.reject(new Error('killed')),
    remove: () => Promise.reject(new Error('killed')),
  };
  await expect(takeLock(dying, 'lock', want)).rejects.toThrow('killed');
  expect(Object.keys(tree(at.root))).toHaveLength(2);
  const lock = await takeLock(world, 'lock', { ...want, run: 'r2' });
  expect(held().run).toBe('r2');
  await lock.release();
  expect(tree(at.root)).toEqual({});
});

test('a lock that somebody took over is not given back by the one before', async () => {
  const lock = await takeLock(world, 'lock', want);
  put({ run: 'another' });
  await lock.release();
  expect(held().run).toBe('another');
});

test('a link or a folder in its place', async () => {
  symlinkSync('nowhere', join(at.root, 'lock'));
  await expect(takeLock(world, 'lock', want)).rejects.toMatchObject({ exit: 5, message: 'The lock lock is a link.' });
  mkdirSync(join(at.root, 'folder'));
  await expect(takeLock(world, 'folder', want)).rejects.toMatchObject({ exit: 4 });
});
