/** What the lab's faults do to nodes on the wire, what Kubernetes' addresses do there, and what is followed. */
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';

import { knownFaults } from '../../plugins/lab/src/faults/known.ts';
import { faultOf } from '../../plugins/talos/src/talosctl/failure.ts';
import type { Finished } from './children.ts';
import { API, apiAddresses, apiDoors } from './wire/api-doors.ts';
import type { ApiDoors } from './wire/api-doors.ts';
import { connects } from './wire/connects.ts';
import { ground } from './wire/fixture.ts';
import type { Ground } from './wire/fixture.ts';
import type { Wire } from './wire/open.ts';
import { played } from './wire/played.ts';
import { configOf, talosconfig } from './wire/repository.ts';
import type { Standing } from './wire/stand.ts';

const { talosctl: built } = inject('toolchain');

let run: Ground;
let wire: Wire;
beforeAll(async () => {
  run = await ground(built.path);
});
afterEach(() => wire?.close());
afterAll(() => run?.release());

const soon = { timeout: 120_000 };
const insecure = (node: string): string[] => ['--insecure', '-n', run.at(node)];
const secure = (node: string): string[] => ['-e', run.at(node), '-n', run.at(node)];
const cause = (done: Finished) => ({ exit: done.exit, cause: faultOf(done.stderr).cause });
const apply = ['apply-config', '-f', configOf('infra-01')];

describe("the lab's faults", () => {
  type Scene = { fault?: string; standing: Readonly<Record<string, Standing>>; ask: () => string[] };
  const running = { 'infra-01': 'running' } as const;
  const booting = { 'infra-01': 'booting' } as const;
  const version: Scene = { standing: running, ask: () => ['version', ...secure('infra-01')] };
  const taking: Scene = { standing: {}, ask: () => [...apply, ...insecure('infra-01')] };
  const bootstrap: Scene = { standing: booting, ask: () => ['bootstrap', ...secure('infra-01')] };
  const look = (what: string): Scene => ({ standing: {}, ask: () => ['get', what, ...insecure('infra-01')] });
  const lookBooted = (...argv: string[]): Scene => ({
    standing: booting,
    ask: () => [...argv, ...secure('infra-01')],
  });
  /** What is asked until the fault has struck. */
  const scenes: Readonly<Record<string, Scene>> = {
    unreachable: version,
    refused: version,
    off: version,
    flaps: version,
    slow: version,
    'rpc-fails': version,
    certificate: version,
    impostor: version,
    'wrong-ca': version,
    bond: version,
    'boot-image-older': { standing: {}, ask: () => [...apply, '--dry-run', ...insecure('infra-01')] },
    'disk-mismatch': look('disks'),
    'link-down': look('links'),
    'apply-hangs': taking,
    'eof-after-success': taking,
    taken: taking,
    'image-pull': taking,
    'back-to-maintenance': taking,
    'other-media': taking,
    reboots: taking,
    mtu: lookBooted('get', 'links'),
    'disk-errors': lookBooted('dmesg'),
    clock: bootstrap,
    'bootstrap-early': bootstrap,
    'stale-etcd': bootstrap,
    'etcd-no-spec': bootstrap,
    crash: bootstrap,
    'learner-stuck': {
      ...bootstrap,
      fault: 'learner-stuck@infra-02',
      standing: { ...booting, 'infra-02': 'booting' },
    },
  };
  const ofNodes = knownFaults.filter(({ at }) => at === 'node').map(({ name }) => name);
  const others = knownFaults.map(({ name }) => name).filter((name) => !played.has(name));

  test('of nodes: each that is played has a scene here', () => {
    expect(Object.keys(scenes).toSorted()).toEqual(ofNodes.filter((name) => played.has(name)).toSorted());
    expect([...played].filter((name) => !ofNodes.includes(name))).toEqual([]);
  });

  test.for(Object.entries(scenes))('%s strikes', async ([name, { fault = `${name}@infra-01`, standing, ask }]) => {
    wire = await run.open({ faults: [fault] }, standing);
    const struck = (): boolean => (wire.lab.fired()[fault] ?? 0) > 0;
    const stop = new AbortController();
    const asking = (async () => {
      while (!stop.signal.aborted) {
        await run.talosctl(ask(), { stop: stop.signal, deadline: 120_000 });
        await sleep(100);
      }
    })();
    await expect.poll(struck, soon).toBe(true);
    stop.abort();
    await asking;
  });

  test('those of which nobody on the wire would see anything are refused, from the beginning and later', async () => {
    for (const name of others) await expect(run.open({ faults: [name] })).rejects.toThrow(`the lab's fault ${name}`);
    await expect(run.open({ faults: ['refused@infra-01:2'] })).rejects.toThrow('do not count connections');
    wire = await run.open();
    expect(() => wire.ask('api-flaps')).toThrow("the lab's fault api-flaps");
    wire.ask('refused@infra-01');
    await wire.refresh();
    const done = await run.talosctl(['get', 'disks', ...insecure('infra-01')]);
    expect(cause(done)).toEqual({ exit: 1, cause: 'connection-refused' });
  });

  test('apply-hangs: no answer, nothing is done, and the next one is taken', async () => {
    wire = await run.open({ faults: ['apply-hangs@infra-01'] });
    const stop = new AbortController();
    const asking = run.talosctl(taking.ask(), { stop: stop.signal, deadline: 200_000 });
    await expect.poll(() => wire.lab.fired(), soon).toEqual({ 'apply-hangs@infra-01': 1 });
    // Half an hour of the node's time.
    expect(await Promise.race([asking, sleep(3_000)])).toBeUndefined();
    stop.abort();
    expect(await asking).toMatchObject({ signal: 'SIGKILL', deadline: false, stdout: '', stderr: '' });
    expect(wire.node('infra-01')).toMatchObject({ stage: 'maintenance', config: null });
    expect(wire.calls.flatMap(({ changes }) => changes)).toEqual([]);
    expect((await run.talosctl(taking.ask())).exit).toBe(0);
    expect(wire.calls.flatMap(({ changes }) => changes)).toEqual(['infra-01: machine config']);
  });

  test('taken: somebody else has given it the config, and the node goes on with that', async () => {
    wire = await run.open({ faults: ['taken@infra-01'] });
    const done = await run.talosctl(taking.ask());
    expect(cause(done)).toEqual({ exit: 1, cause: 'client-certificate-wanted' });
    await expect.poll(() => wire.node('infra-01').stage, soon).toBe('booting');
    await wire.refresh();
    expect((await run.talosctl(['version', ...secure('infra-01')])).exit).toBe(0);
  });

  test('flaps: now it answers, now it refuses, now it answers again', async () => {
    wire = await run.open({ faults: ['flaps@infra-01'] }, running);
    const seen: unknown[] = [];
    const turned = async (): Promise<number> => {
      const told = cause(await run.talosctl(['version', ...secure('infra-01')]));
      // A call that it leaves in the middle is cut.
      if (told.cause !== 'cut' && JSON.stringify(told) !== JSON.stringify(seen.at(-1))) seen.push(told);
      return seen.length;
    };
    await expect.poll(turned, soon).toBeGreaterThanOrEqual(4);
    const [answers, refuses] = [
      { exit: 0, cause: 'other' },
      { exit: 1, cause: 'connection-refused' },
    ];
    const expected = [answers, refuses, answers, refuses];
    expect([expected, [refuses, ...expected.slice(0, 3)]]).toContainEqual(seen);
    expect(wire.lab.fired()['flaps@infra-01']).toBeGreaterThan(0);
  });

  test("impostor: another machine takes the config and every secret in it, and the node's own is not touched", async () => {
    wire = await run.open({}, { 'infra-02': 'running' });
    const plain = await run.talosctl(['get', 'systeminformation', '-o', 'json', ...insecure('infra-01')]);
    for (const node of ['infra-01', 'infra-02']) wire.ask(`impostor@${node}`);
    await wire.refresh();
    const other = await run.talosctl(['get', 'systeminformation', '-o', 'json', ...insecure('infra-01')]);
    expect([plain.exit, other.exit]).toEqual([0, 0]);
    expect(other.stdout).not.toBe(plain.stdout);
    const before = wire.node('infra-02').config;
    for (const node of ['infra-01', 'infra-02'])
      expect(await run.talosctl(['apply-config', '-f', configOf(node), ...insecure(node)])).toMatchObject({
        exit: 0,
        stderr: 'Applied configuration without a reboot\n',
      });
    expect(['infra-01', 'infra-02'].map((name) => wire.node(name).leaked)).toEqual([1, 1]);
    expect(wire.node('infra-01')).toMatchObject({ stage: 'maintenance', config: null });
    expect(wire.node('infra-02').config).toBe(before);
    // What it does not show to anybody, and what only a configured node does.
    for (const argv of [['get', 'machineconfig'], ['services']])
      expect((await run.talosctl([...argv, ...insecure('infra-02')])).exit).toBe(1);
    wire.lab.lift();
    await wire.refresh();
    expect((await run.talosctl(['version', ...secure('infra-02')])).exit).toBe(0);
  });
});

describe("the addresses of Kubernetes' API", () => {
  let upstream: Server;
  let doors: ApiDoors;
  const port = (): number => (upstream.address() as AddressInfo).port;
  const vip = (): string => (run.facts['talos/cluster'] as { vip: string }).vip;
  const open = async (): Promise<string[]> => {
    doors.only(apiAddresses(wire.lab.model, wire.faults));
    const hosts = {
      ...Object.fromEntries(['infra-01', 'infra-02', 'infra-03'].map((n) => [n, run.at(n)])),
      vip: vip(),
    };
    const found = [];
    for (const [name, host] of Object.entries(hosts)) if (await connects({ host, port: API })) found.push(name);
    return found;
  };
  beforeAll(async () => {
    upstream = createServer((socket) => void socket.on('error', () => {}).write('here'));
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    doors = apiDoors(port);
  });
  afterAll(async () => {
    await doors.close();
    upstream.close();
  });

  test('answer only while the API server there runs, is not hidden, and etcd has a majority', async () => {
    wire = await run.open({}, { 'infra-01': 'running', 'infra-02': 'running', 'infra-03': 'running' });
    expect(await open()).toEqual(['infra-01', 'infra-02', 'infra-03', 'vip']);
    const client = connect({ host: run.at('infra-01'), port: API });
    const ended = new Promise((resolve) => client.on('error', () => {}).once('close', resolve));
    await new Promise((resolve) => client.once('data', resolve));

    const reset = ['reset', '--graceful', '--reboot=false', '--wait=false', ...secure('infra-01')];
    expect((await run.talosctl(reset)).exit).toBe(0);
    expect(wire.node('infra-01').apiserver).toBe(false);
    // It left etcd, and the virtual address with it.
    expect(await open()).toEqual(['infra-02', 'infra-03', 'vip']);
    // Who was connected there is cut off.
    await ended;

    // The holder of the virtual address is hidden; of two voters one is no majority.
    wire.ask('off@infra-02');
    expect(await open()).toEqual([]);
    wire.lab.lift();
    expect(await open()).toEqual(['infra-02', 'infra-03', 'vip']);
    wire.faults.add({ node: 'infra-03', kind: 'silent' });
    expect(await open()).toEqual(['infra-02', 'vip']);
  });

  test('one that is taken already is named', async () => {
    wire = await run.open({}, { 'infra-01': 'running' });
    const other = createServer();
    await new Promise<void>((resolve, reject) => other.once('error', reject).listen(API, run.at('infra-01'), resolve));
    try {
      const own = apiDoors(port);
      own.only(new Set([run.at('infra-01')]));
      await expect(own.close()).rejects.toThrow(`${run.at('infra-01')}:${API}: Kubernetes' API could not be opened`);
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });
});

describe('what is followed', () => {
  /** A talosctl that goes on, what it has said so far, and how it ends. */
  const following = (argv: string[]) => {
    const env = { HOME: run.dir, PATH: '', TALOSCONFIG: join(run.root, talosconfig) };
    const child = spawn(built.path, argv, { cwd: run.root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const out of [child.stdout, child.stderr])
      out.setEncoding('utf8').on('data', (more: string) => (text += more));
    let gone = false;
    const ended = new Promise<void>((resolve) =>
      child.once('close', () => {
        gone = true;
        resolve();
      }),
    );
    return { said: () => text, gone: () => gone, ended, kill: (signal: NodeJS.Signals) => void child.kill(signal) };
  };
  const both = () => ['-e', run.at('infra-01'), '-n', `${run.at('infra-01')},${run.at('infra-02')}`];

  test.for([
    ['dmesg', (): string[] => ['dmesg', '-f', ...secure('infra-01')], /stage: booting/, /stage: running/],
    [
      'logs',
      (): string[] => ['logs', '-f', 'etcd', ...secure('infra-01')],
      /service\[etcd\]\(Waiting\)/,
      /\(Running\)/,
    ],
    ['logs of two nodes', () => ['logs', '-f', 'etcd', ...both()], /\(Waiting\)[\s\S]*\(Waiting\)/, /\(Running\)/],
  ] as const)('%s: until the client has enough', async ([, argv, first, more]) => {
    wire = await run.open({}, { 'infra-01': 'booting', 'infra-02': 'booting' });
    const client = following(argv());
    try {
      await expect.poll(client.said, soon).toMatch(first);
      expect(await Promise.race([client.ended, sleep(1_500, 'goes on')])).toBe('goes on');
      Object.assign(wire.node('infra-01'), { stage: 'running' });
      Object.assign(wire.node('infra-01').etcd, { service: 'running' });
      await expect.poll(client.said, soon).toMatch(more);
      expect(client.gone()).toBe(false);
      client.kill('SIGINT');
      await client.ended;
    } finally {
      client.kill('SIGKILL');
    }
  });

  test('ends when the nodes do', async () => {
    wire = await run.open({}, { 'infra-01': 'booting' });
    const client = following(['dmesg', '-f', ...secure('infra-01')]);
    try {
      await expect.poll(client.said, soon).toMatch(/stage: booting/);
      await wire.close();
      await client.ended;
    } finally {
      client.kill('SIGKILL');
    }
  });

  test('without -f it ends by itself', async () => {
    wire = await run.open({}, { 'infra-01': 'booting' });
    for (const argv of [['dmesg'], ['logs', 'etcd'], ['logs', '--tail', '1', 'etcd']])
      expect(await run.talosctl([...argv, ...secure('infra-01')])).toMatchObject({ exit: 0, stderr: '' });
  });
});

test.for(['', `@sha256:${'0123456789abcdef'.repeat(4)}`])(
  'an upgrade to an image v1.13.1%s is one to v1.13.1',
  async (digest) => {
    wire = await run.open({}, { 'infra-01': 'running' });
    const image = `ghcr.io/siderolabs/installer:v1.13.1${digest}`;
    const done = await run.talosctl(['upgrade', '--drain=false', '--wait=false', '-i', image, ...secure('infra-01')]);
    expect(done.exit, done.stderr).toBe(0);
    expect(wire.calls.flatMap(({ changes }) => changes)).toContain('infra-01: upgraded to v1.13.1');
    await expect.poll(() => wire.node('infra-01').version, soon).toBe('v1.13.1');
  },
);
