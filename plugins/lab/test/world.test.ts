import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Child, Done, World } from '@coldstart/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VirtualClock } from '../src/clock/clock.ts';
import { LabBug, type OpenLab } from '../src/index.ts';
import type { SimulatedTool } from '../src/tools/tool.ts';
import { LabProcess } from '../src/world/process.ts';
import { addressOf, applyTo, configOf, open, secure, text } from './example.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const never = new AbortController().signal;
const RULE = { signal: 'SIGINT', grace: 5000, kill: true } as const;
const HANGS = { 'talosctl/bootstrap': { min: 3_600_000, max: 3_600_000, what: 'a call that hangs', source: 'test' } };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lab-world-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const spawn = (
  world: World,
  argv: string[],
  at: Partial<{
    deadline: number;
    stop: AbortSignal;
    spawned: (child: Child) => Promise<void>;
    rule: typeof RULE | { signal: 'SIGTERM'; grace: number; kill: boolean };
  }> = {},
): Promise<Done> =>
  world.spawn(
    { tool: 'talosctl', argv, env: {}, deadline: at.deadline ?? 60_000 },
    at.rule ?? RULE,
    at.spawned ?? (async () => {}),
    at.stop ?? never,
  );

describe('files', () => {
  test('the operator’s files are read, and never written', async () => {
    writeFileSync(join(root, 'a.yaml'), 'on disk');
    const { world, model } = await open({ root });
    await world.write('a.yaml', bytes('in the world'), 0o600);
    await world.write('new/kubeconfig', bytes('new'), 0o600);
    expect(text({ stdout: await world.read('a.yaml') } as Done)).toBe('in the world');
    expect(await world.list(root)).toEqual(['a.yaml', 'new/kubeconfig']);
    expect(await world.list('new')).toEqual(['kubeconfig']);
    expect(await world.stat('new/kubeconfig')).toEqual({ kind: 'file', mode: 0o600, size: 3 });
    expect((await world.stat('new'))?.kind).toBe('folder');
    expect(readFileSync(join(root, 'a.yaml'), 'utf8')).toBe('on disk');
    expect(readdirSync(root)).toEqual(['a.yaml']);
    await world.remove('a.yaml');
    expect(await world.read('a.yaml')).toBeUndefined();
    expect(existsSync(join(root, 'a.yaml'))).toBe(true);
    expect(model.received.map(({ argv, changes }) => [...argv, changes])).toEqual([
      ['write', 'a.yaml', 1],
      ['write', 'new/kubeconfig', 1],
      ['remove', 'a.yaml', 1],
    ]);
  });

  test('writing the very bytes again is no change', async () => {
    const { world, model } = await open({ root });
    await world.write('a', bytes('same'), 0o600);
    await world.write('a', bytes('same'), 0o600);
    expect(model.received.map((entry) => entry.changes)).toEqual([1, 0]);
  });

  test('of .coldstart only rehearsals/ is on the disk; nothing of a live run is seen', async () => {
    const { world } = await open({ root, disk: 'real' });
    await world.append('.coldstart/rehearsals/r/journal.jsonl', 'one');
    await world.append('.coldstart/rehearsals/r/journal.jsonl', 'two');
    await world.write('.coldstart/rehearsals/r/evidence.json', bytes('{}'), 0o600);
    expect(await world.create('.coldstart/rehearsals/r/lock', bytes('1'), 0o600)).toBe(true);
    expect(await world.create('.coldstart/rehearsals/r/lock', bytes('2'), 0o600)).toBe(false);
    expect(readFileSync(join(root, '.coldstart/rehearsals/r/journal.jsonl'), 'utf8')).toBe('one\ntwo\n');
    expect(readdirSync(join(root, '.coldstart/rehearsals/r'))).toEqual(['evidence.json', 'journal.jsonl', 'lock']);
    writeFileSync(join(root, '.coldstart/identity.json'), 'live');
    expect(await world.read('.coldstart/identity.json')).toBeUndefined();
    await world.write('.coldstart/identity.json', bytes('rehearsed'), 0o600);
    expect(readFileSync(join(root, '.coldstart/identity.json'), 'utf8')).toBe('live');
    expect(await world.list('.coldstart')).toEqual([
      'identity.json',
      'rehearsals/r/evidence.json',
      'rehearsals/r/journal.jsonl',
      'rehearsals/r/lock',
    ]);
    await world.remove('.coldstart/rehearsals/r/lock');
    expect(existsSync(join(root, '.coldstart/rehearsals/r/lock'))).toBe(false);
  });

  test('in memory nothing at all reaches the disk', async () => {
    const { world } = await open({ root });
    await world.append('.coldstart/rehearsals/r/journal.jsonl', 'one');
    expect(await world.create('.coldstart/lock', bytes('1'), 0o600)).toBe(true);
    expect(await world.create('.coldstart/lock', bytes('1'), 0o600)).toBe(false);
    expect(text({ stdout: await world.read('.coldstart/rehearsals/r/journal.jsonl') } as Done)).toBe('one\n');
    expect(readdirSync(root)).toEqual([]);
  });

  test('a write through a link is refused; a folder and a file too large are errors; an absent file is none', async () => {
    writeFileSync(join(root, 'target'), 'target');
    symlinkSync(join(root, 'target'), join(root, 'link'));
    const { world } = await open({ root });
    await expect(world.write('link', bytes('x'), 0o600)).rejects.toThrow('is a link');
    expect((await world.stat('link'))?.kind).toBe('link');
    await expect(world.read('target', 3)).rejects.toThrow('more than 3');
    await expect(world.read('.')).rejects.toThrow('is a folder');
    expect(await world.read('nothing')).toBeUndefined();
    expect(await world.list('nothing')).toEqual([]);
    expect(await world.stat('nothing')).toBeUndefined();
  });

  test('scratch is in memory, given to tools, and swept', async () => {
    const { world, model } = await open({ root });
    const config = readFileSync(join((await open()).model.root, configOf('infra-01')));
    const path = await world.scratch('config.yaml', config);
    const done = await world.probe({ tool: 'talosctl', argv: ['validate', '-m', 'metal', '-c', path], deadline: 1000 });
    expect([done.exit, text(done)]).toEqual([0, `${path} is valid for metal mode\n`]);
    await world.close();
    expect(model.files.read(path)).toBeUndefined();
  });

  test('~ is the home folder', async () => {
    writeFileSync(join(root, 'in-home'), 'home');
    const { world } = await open({ root: tmpdir(), env: { HOME: root, KUBECONFIG: '/k' } });
    expect(text({ stdout: await world.read('~/in-home') } as Done)).toBe('home');
    expect([world.env('KUBECONFIG'), world.env('NOTHING')]).toEqual(['/k', undefined]);
  });
});

describe('probes', () => {
  test('what does not only read is refused before it runs', async () => {
    const { world } = await open();
    await expect(
      world.probe({ tool: 'talosctl', argv: ['bootstrap', ...secure('infra-01')], deadline: 1000 }),
    ).rejects.toThrow(LabBug);
    await expect(
      world.probe({ tool: 'talosctl', argv: ['reset', ...secure('infra-01')], deadline: 1000 }),
    ).rejects.toThrow('does not only read');
  });

  test('are not received', async () => {
    const { world, model } = await open();
    const done = await world.probe({
      tool: 'talosctl',
      argv: ['get', 'machinestatus', '--insecure', '-n', addressOf('infra-04'), '-o', 'jsonpath={.spec.stage}'],
      deadline: 1000,
    });
    expect(text(done)).toBe('maintenance\n');
    expect(model.received).toEqual([]);
  });

  test('a tool that is not there cannot be started', async () => {
    const { world } = await open();
    expect(await world.tool('talosctl')).toEqual({
      path: 'lab:talosctl',
      version: '1.13.0',
      digest: null,
      simulated: true,
    });
    expect(await world.tool('nothing')).toBeUndefined();
    expect((await world.probe({ tool: 'nothing', argv: [], deadline: 1 })).how).toBe('spawn');
  });

  test('a command that the lab does not play ends the rehearsal, and is no answer', async () => {
    const { world } = await open();
    await expect(spawn(world, ['upgrade', ...secure('infra-01')])).rejects.toThrow('is not simulated');
    await expect(
      world.probe({ tool: 'talosctl', argv: ['get', 'etcdmembers', ...secure('infra-01')], deadline: 1000 }),
    ).rejects.toThrow('resource etcdmembers');
  });
});

describe('dial', () => {
  test('knows the nodes’ ports, the API and what is not there', async () => {
    const { world, model } = await open({ faults: ['unreachable@infra-05'] });
    expect(await world.dial(addressOf('infra-01'), 50_000, 1000)).toBe('open');
    expect(await world.dial(addressOf('infra-01'), 6443, 1000)).toBe('refused');
    expect(await world.dial(addressOf('infra-01'), 22, 1000)).toBe('refused');
    expect(await world.dial('192.0.2.10', 6443, 5000)).toBe('unreachable');
    const before = world.mono();
    expect(await world.dial(addressOf('infra-05'), 50_000, 1234)).toBe('timeout');
    expect(world.mono() - before).toBe(1234);
    await applyTo(world, 'infra-01');
    expect(model.nodes.get('infra-01')?.stage).toBe('installing');
    expect(await world.dial(addressOf('infra-01'), 50_000, 1000)).toBe('refused');
  });
});

describe('processes', () => {
  async function configuredLab(): Promise<OpenLab> {
    const lab = await open({ durations: HANGS });
    await applyTo(lab.world, 'infra-01');
    await lab.world.sleep(600_000);
    return lab;
  }

  test('a call past its deadline gets one signal and says its last words', async () => {
    const { world } = await configuredLab();
    const began = world.mono();
    const done = await spawn(world, ['bootstrap', ...secure('infra-01')], { deadline: 8000 });
    expect(done).toMatchObject({ how: 'deadline', exit: 1 });
    expect(done.stderr).toContain('Signal received, aborting');
    expect(world.mono() - began).toBe(8000);
  });

  test('a call is ended when the run is stopped', async () => {
    const { world } = await configuredLab();
    const stop = new AbortController();
    const done = spawn(world, ['bootstrap', ...secure('infra-01')], { stop: stop.signal, deadline: 60_000 });
    await world.sleep(1000);
    stop.abort();
    expect((await done).how).toBe('stopped');
    expect((await spawn(world, ['bootstrap', ...secure('infra-01')], { stop: stop.signal })).how).toBe('stopped');
  });

  test('what was received is noted as it begins, with stdin’s digest, the target, and what it changed', async () => {
    const { world, model } = await open();
    const config = await world.read(configOf('infra-04'));
    const done = await world.spawn(
      {
        tool: 'talosctl',
        argv: ['apply-config', '--insecure', '-n', addressOf('infra-04'), '-f', '/dev/stdin'],
        env: {},
        stdin: config!,
        deadline: 60_000,
      },
      RULE,
      async () => expect(model.received).toMatchObject([{ exit: null, changes: 0 }]),
      never,
    );
    expect(done.stderr).toBe('Applied configuration without a reboot\n');
    expect(model.received).toMatchObject([{ at: 0, tool: 'talosctl', target: 'infra-04', exit: 0, changes: 1 }]);
    expect(model.received[0]?.stdin).toMatch(/^[0-9a-f]{64}$/);
  });

  test('a tool that does not heed its signal is killed after the grace, and changes nothing any more', async () => {
    const { model, world } = await open();
    const clock = model.clock as VirtualClock;
    const changes: string[] = [];
    const stubborn: SimulatedTool = {
      name: 'stubborn',
      version: '1',
      run: async (_model, call) => {
        for (let at = 0; at < 20; at++) await call.spend(1000).catch(() => {});
        call.change.made('too late');
        return { exit: 0, stdout: '', stderr: '' };
      },
    };
    const launch = {
      argv: [],
      cwd: '/',
      env: {},
      stdin: null,
      change: { made: (what: string) => void changes.push(what) },
      target: () => {},
    };
    const process = new LabProcess(1, stubborn, model, clock, launch);
    await world.sleep(2500);
    process.signal('SIGTERM');
    await world.sleep(5000);
    expect(process.running).toBe(true);
    process.signal('SIGKILL');
    expect(await process.ended).toMatchObject({ exit: null, signal: 'SIGKILL' });
    await world.sleep(60_000);
    expect(changes).toEqual([]);
  });

  test('a bug in what is spawned reaches the caller', async () => {
    const { world } = await open();
    const failing = spawn(world, ['version', '--client'], {
      spawned: () => Promise.reject(new Error('the journal is full')),
    });
    await expect(failing).rejects.toThrow('the journal is full');
  });
});

describe('the fault killed', () => {
  const calls = async (world: World): Promise<void> => {
    for (const name of ['infra-01', 'infra-02', 'infra-03']) await applyTo(world, name);
  };
  const installing = (lab: OpenLab): string[] =>
    [...lab.model.nodes.values()].filter((node) => node.config).map((node) => node.name);

  test.each([
    ['killed@before:2', ['infra-01']],
    ['killed@during:2', ['infra-01']],
    ['killed@after:2', ['infra-01', 'infra-02']],
    ['killed:3', ['infra-01', 'infra-02', 'infra-03']],
  ])('%s: no further call is answered', async (fault, had) => {
    const lab = await open({ faults: [fault] });
    let ended = false;
    void calls(lab.world).then(() => (ended = true));
    await lab.died;
    expect(installing(lab)).toEqual(had);
    let answered = false;
    void lab.world.read('README.md').then(() => (answered = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([ended, answered]).toEqual([false, false]);
    expect(lab.fired()).toEqual({ [fault]: 1 });
  });

  test('what it left running goes on, is found by the next process, and can be ended', async () => {
    const lab = await open({ faults: ['killed@during:1'] });
    let left: Child | undefined;
    void spawn(lab.world, ['apply-config', '--insecure', '-n', addressOf('infra-01'), '-f', configOf('infra-01')], {
      spawned: async (child) => void (left = child),
    });
    await lab.died;
    const next = lab.process();
    expect(next).toBe(lab.world);
    expect(await next.alive(left!)).toBe(true);
    expect(await next.alive({ ...left!, started: 'other' })).toBe(false);
    expect(installing(lab)).toEqual([]);
    await next.sleep(10_000);
    expect(await next.alive(left!)).toBe(false);
    expect(installing(lab)).toEqual(['infra-01']);
    expect(lab.received()).toMatchObject([{ exit: 0, changes: 1 }]);
  });

  test('a child that hangs is ended: by its signal, or by SIGKILL after the grace', async () => {
    const lab = await open({ faults: ['killed@during:2'], durations: HANGS });
    await applyTo(lab.world, 'infra-01');
    await lab.world.sleep(600_000);
    let left: Child | undefined;
    void spawn(lab.world, ['bootstrap', ...secure('infra-01')], {
      spawned: async (child) => void (left = child),
      deadline: 1e8,
    });
    await lab.died;
    const next = lab.process();
    expect(await next.end(left!, { signal: 'SIGTERM', grace: 5000, kill: true })).toBe(true);
    expect(await next.alive(left!)).toBe(false);
    expect(await next.end(left!, RULE)).toBe(false);
    expect(lab.verdict().etcdClusters).toBe(0);
  });

  test('this process and no other is alive by its own pid', async () => {
    const lab = await open();
    const { pid, started } = lab.world.host();
    expect(await lab.world.alive({ pid, started })).toBe(true);
    expect(await lab.process().alive({ pid, started })).toBe(true);
    lab.world.kill();
    const { pid: dead, started: then } = lab.world.host();
    expect(await lab.process().alive({ pid: dead, started: then })).toBe(false);
  });
});

test('two operators at once are served in the order of their times', async () => {
  const lab = await open();
  const one = lab.world;
  const two = lab.process();
  const seen: string[] = [];
  const run = async (name: string, world: World, node: string): Promise<void> => {
    await world.sleep(name === 'one' ? 20 : 10);
    seen.push(`${name} begins at ${world.mono()}`);
    const done = await applyTo(world, node);
    seen.push(`${name}: ${done.exit}`);
  };
  await Promise.all([run('one', one, 'infra-01'), run('two', two, 'infra-02')]);
  expect(seen.slice(0, 2)).toEqual(['two begins at 10', 'one begins at 20']);
  expect(seen.slice(2).sort()).toEqual(['one: 0', 'two: 0']);
  expect(one.host().pid).not.toBe(two.host().pid);
});
