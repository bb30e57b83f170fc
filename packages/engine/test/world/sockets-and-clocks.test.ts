import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sandbox, type Sandbox } from './sandbox.ts';

let at: Sandbox;
beforeEach(() => void (at = sandbox()));
afterEach(() => at.end());

test('dial: open, refused, unreachable, timeout', async () => {
  const world = await at.open();
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  expect(await world.dial('127.0.0.1', port, 60_000)).toBe('open');
  await new Promise((resolve) => server.close(resolve));
  expect(await world.dial('127.0.0.1', port, 60_000)).toBe('refused');
  expect(await world.dial('no-such-host.invalid', 1, 60_000)).toBe('unreachable');
  expect(await world.dial('127.0.0.1', port, 0)).toMatch(/^(timeout|refused)$/);
});

test('sleep ends after its time, or at once when it is told to; no rejection', async () => {
  const world = await at.open();
  const began = world.mono();
  await world.sleep(60);
  expect(world.mono() - began).toBeGreaterThanOrEqual(59);
  const stop = new AbortController();
  const sleeping = world.sleep(600_000, stop.signal);
  stop.abort();
  await sleeping;
  await world.sleep(600_000, stop.signal);
  expect(world.mono() - began).toBeLessThan(60_000);
});

test('clocks, names, environment', async () => {
  const world = await at.open({ env: { ...at.env, KUBECONFIG: '', CLUSTER: 'infra' } });
  expect(world.mode).toBe('live');
  expect(world.now()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(Number.isInteger(world.mono())).toBe(true);
  expect(world.host()).toMatchObject({ pid: process.pid, boot: expect.stringMatching(/./) });
  expect([world.env('KUBECONFIG'), world.env('CLUSTER'), world.env('NOTHING')]).toEqual([
    undefined,
    'infra',
    undefined,
  ]);
  const random = Array.from({ length: 100 }, () => world.random());
  expect(Math.min(...random)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...random)).toBeLessThan(1);
  expect(new Set(random).size).toBeGreaterThan(90);
});
