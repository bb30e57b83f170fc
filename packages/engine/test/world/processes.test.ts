import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RULE, runs, sandbox, spawn, textOf, tool, until, type Sandbox } from './sandbox.ts';

let at: Sandbox;
beforeEach(() => void (at = sandbox()));
afterEach(() => at.end());

const read = (name: string): string => readFileSync(join(at.dir, name), 'utf8');
const has = (name: string): boolean => existsSync(join(at.dir, name));

describe('how a process ends', () => {
  test.each([0, 1, 7, 255])('exit code %i', async (code) => {
    at.stub('stub', `process.stdout.write('out'); process.stderr.write('err'); process.exitCode = ${code}`);
    const done = await spawn(await at.open(), 'stub');
    expect(done).toMatchObject({ how: 'exit', exit: code, stderr: 'err' });
    expect(done).not.toHaveProperty('signal');
    expect(textOf(done)).toBe('out');
  });

  test('a signal of its own', async () => {
    at.stub('stub', `process.kill(process.pid, 'SIGKILL'); setTimeout(() => {}, 10000)`);
    expect(await spawn(await at.open(), 'stub')).toMatchObject({ how: 'signal', exit: null, signal: 'SIGKILL' });
  });

  test('its deadline', async () => {
    at.stub('stub', `setTimeout(() => {}, 60000)`);
    const done = await spawn(await at.open(), 'stub', { deadline: 300 });
    expect(done).toMatchObject({ how: 'deadline', exit: null, signal: 'SIGTERM' });
    expect(runs(done.child?.pid ?? 0)).toBe(false);
  });

  /** Starts the stub, waits until it says that it is ready for signals, and stops it. */
  const stopped = async (rule: Partial<typeof RULE>): Promise<Awaited<ReturnType<typeof spawn>>> => {
    const stop = new AbortController();
    const running = spawn(await at.open(), 'stub', { deadline: 60_000, rule: { ...RULE, ...rule }, stop: stop.signal });
    await until(() => has('ready'));
    stop.abort();
    return running;
  };
  const ready = `require('fs').writeFileSync('../ready', '');`;

  test('one signal, and no second one for a process that takes its time', async () => {
    at.stub(
      'stub',
      `process.on('SIGTERM', () => { require('fs').appendFileSync('../signals', 'TERM\\n'); setTimeout(() => process.exit(3), 300); });
       setTimeout(() => {}, 60000); ${ready}`,
    );
    expect(await stopped({ grace: 30_000 })).toMatchObject({ how: 'stopped', exit: 3 });
    expect(read('signals')).toBe('TERM\n');
  });

  test('the signal is the one that the rule names', async () => {
    at.stub('stub', `process.on('SIGINT', () => process.exit(9)); setTimeout(() => {}, 60000); ${ready}`);
    expect(await stopped({ signal: 'SIGINT', grace: 30_000, kill: false })).toMatchObject({ how: 'stopped', exit: 9 });
  });

  test('SIGKILL after the grace time, where it may be', async () => {
    at.stub('stub', `process.on('SIGTERM', () => {}); setTimeout(() => {}, 60000); ${ready}`);
    const done = await stopped({});
    expect(done).toMatchObject({ how: 'stopped', exit: null, signal: 'SIGKILL' });
    expect(runs(done.child?.pid ?? 0)).toBe(false);
  });

  test('no SIGKILL where it may not be: its own end is waited for', async () => {
    at.stub(
      'stub',
      `process.on('SIGTERM', () => setTimeout(() => process.stdout.write('saved', () => process.exit(0)), 1500)); setTimeout(() => {}, 60000); ${ready}`,
    );
    const done = await stopped({ grace: 100, kill: false });
    expect(done).toMatchObject({ how: 'stopped', exit: 0 });
    expect(textOf(done)).toBe('saved');
  });

  test('the run is stopped while it runs; before it starts nothing is started', async () => {
    at.stub('stub', `require('fs').writeFileSync('../began', ''); setTimeout(() => {}, 20000)`);
    const world = await at.open();
    const stop = new AbortController();
    const running = spawn(world, 'stub', { stop: stop.signal });
    await until(() => has('began'));
    stop.abort();
    expect(await running).toMatchObject({ how: 'stopped', exit: null, signal: 'SIGTERM' });
    const late = await spawn(world, 'stub', { stop: stop.signal });
    expect(late).toMatchObject({ how: 'stopped', exit: null, child: undefined });
  });

  test('what it started ends with it, also what ignores the signal', async () => {
    at.stub(
      'stub',
      `const { spawn } = require('child_process');
       for (const code of ["process.on('SIGTERM', () => {});", ''])
         spawn(process.execPath, ['-e', code + "require('fs').appendFileSync('../pids', process.pid + '\\\\n'); setTimeout(() => {}, 60000)"], { stdio: 'inherit' });
       setTimeout(() => {}, 60000)`,
    );
    const stop = new AbortController();
    const running = spawn(await at.open(), 'stub', { stop: stop.signal });
    await until(() => has('pids') && read('pids').split('\n').length === 3);
    const pids = read('pids').trim().split('\n').map(Number);
    expect(pids.map(runs)).toEqual([true, true]);
    stop.abort();
    expect((await running).how).toBe('stopped');
    expect(pids.map(runs)).toEqual([false, false]);
  });

  test('a daemon that it leaves, holding its output open, does not hold us up', async () => {
    at.stub(
      'stub',
      `const { spawn } = require('child_process');
       const left = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 1e6)'], { stdio: 'inherit', detached: true });
       require('fs').writeFileSync('../pid', String(left.pid)); left.unref(); process.stdout.write('done')`,
    );
    const done = await spawn(await at.open(), 'stub');
    expect(done).toMatchObject({ how: 'exit', exit: 0 });
    expect(textOf(done)).toBe('done');
    expect(runs(Number(read('pid')))).toBe(true);
    process.kill(Number(read('pid')), 'SIGKILL');
  });
});

describe('what goes in and comes out', () => {
  const echo = `
    const chunks = []; process.stdin.on('data', (c) => chunks.push(c)).on('end', () => {
      process.stdout.write(JSON.stringify({ argv: process.argv.slice(2), env: process.env, cwd: process.cwd(), tty: process.stdin.isTTY === true,
        stdin: Buffer.concat(chunks).toString('latin1'), umask: process.umask() })) })`;

  test('arguments are data: blanks, newlines, quotes, dashes, dollars, nothing', async () => {
    at.stub('stub', echo);
    const argv = ['a b', 'c\nd', '"e" \'f\'', '-rf', '--', '$HOME', '`id`', '$(id)', '*', '', ';ls', '\u00e4\u{1f600}'];
    expect(JSON.parse(textOf(await spawn(await at.open(), 'stub', { argv }))).argv).toEqual(argv);
  });

  test('stdin is closed unless bytes are given, and those arrive whole', async () => {
    at.stub('stub', echo);
    const world = await at.open();
    expect(JSON.parse(textOf(await spawn(world, 'stub')))).toMatchObject({ stdin: '', tty: false });
    const bytes = Buffer.alloc(300_000, 'a\u00ff\0b', 'latin1');
    expect(JSON.parse(textOf(await spawn(world, 'stub', { stdin: bytes }))).stdin).toBe(bytes.toString('latin1'));
  });

  test('a process that does not read its stdin is no error', async () => {
    at.stub('stub', `process.stdin.destroy(); process.exitCode = 0`);
    expect(await spawn(await at.open(), 'stub', { stdin: Buffer.alloc(5_000_000) })).toMatchObject({
      how: 'exit',
      exit: 0,
    });
  });

  test('the environment holds what is allowed, what the tool declares, what the call sets, and nothing else', async () => {
    at.stub('stub', echo);
    const env = {
      ...at.env,
      LANG: 'C.UTF-8',
      LC_ALL: 'C',
      XDG_CONFIG_HOME: '/x',
      HTTPS_PROXY: 'http://proxy.example.com',
      SSL_CERT_FILE: '/c',
      AWS_SECRET_ACCESS_KEY: 'no',
      KUBECONFIG: 'no',
      GITHUB_TOKEN: 'no',
      NODE_OPTIONS: '--no-warnings',
      LD_PRELOAD: '',
      OP_SESSION_x: 'declared',
      SOPS_AGE_KEY_FILE: 'declared',
    };
    const world = await at.open({ env, tools: [tool('stub', { env: ['OP_*', 'SOPS_AGE_KEY_FILE'] })] });
    const got = JSON.parse(textOf(await spawn(world, 'stub', { env: { HELM_CACHE: '1', LANG: 'set' } }))).env as Record<
      string,
      string
    >;
    expect(Object.keys(got).sort()).toEqual([
      'HELM_CACHE',
      'HOME',
      'HTTPS_PROXY',
      'LANG',
      'LC_ALL',
      'OP_SESSION_x',
      'PATH',
      'SOPS_AGE_KEY_FILE',
      'SSL_CERT_FILE',
      'XDG_CONFIG_HOME',
    ]);
    expect(got).toMatchObject({ LANG: 'set', PATH: at.bin, HOME: at.home });
  });

  test('it runs in the root, in a session of its own', async () => {
    at.stub('stub', `${echo}; require('fs').writeFileSync('../stat', require('fs').readFileSync('/proc/self/stat'))`);
    const done = await spawn(await at.open(), 'stub');
    expect(JSON.parse(textOf(done)).cwd).toBe(at.root);
    const [, group, session, terminal] = read('stat')
      .slice(read('stat').lastIndexOf(')') + 4)
      .split(' ')
      .map(Number);
    expect([group, session, terminal]).toEqual([done.child?.pid, done.child?.pid, 0]);
  });

  test('20 MB of output arrive whole', async () => {
    at.stub('stub', `process.stdout.write(Buffer.alloc(20_000_000, 'x'))`);
    expect((await spawn(await at.open(), 'stub')).stdout.length).toBe(20_000_000);
  });

  test('more than 64 MiB is a failure, and the process ends', async () => {
    at.stub(
      'stub',
      `const b = Buffer.alloc(1 << 20, 'x'); const go = () => { while (process.stdout.write(b)); process.stdout.once('drain', go) }; go()`,
    );
    const done = await spawn(await at.open(), 'stub');
    expect(done).toMatchObject({ how: 'signal', exit: null });
    expect(done.stderr).toContain('more than 67108864 bytes');
    expect(done.stdout.length).toBeLessThanOrEqual(67_108_864);
    expect(runs(done.child?.pid ?? 0)).toBe(false);
  });

  test('of a long stderr the last whole lines are kept', async () => {
    at.stub('stub', `for (let i = 0; i < 100_000; i++) process.stderr.write('line ' + i + '\\n')`);
    const { stderr } = await spawn(await at.open(), 'stub');
    const lines = stderr.split('\n');
    expect(lines[0]).toBe('[earlier output left out]');
    expect(lines[1]).toMatch(/^line \d+$/);
    expect(lines.at(-2)).toBe('line 99999');
    expect(stderr.length).toBeLessThan(300_000);
  });
});

describe('what the journal needs', () => {
  test('`spawned` is told while the process runs, and its result waits for it', async () => {
    at.stub('stub', `require('fs').writeFileSync('../pid', String(process.pid))`);
    const world = await at.open();
    const order: string[] = [];
    const done = await world.spawn(
      { tool: 'stub', argv: [], env: {}, deadline: 120_000 },
      RULE,
      async (child) => {
        order.push('told');
        // It writes its number and ends, and its result still waits.
        await until(() => has('pid') && !runs(child.pid));
        expect(Number(read('pid'))).toBe(child.pid);
        order.push('recorded');
      },
      new AbortController().signal,
    );
    order.push('result');
    expect(order).toEqual(['told', 'recorded', 'result']);
    expect(done.exit).toBe(0);
  });

  test('a process whose start cannot be recorded is ended', async () => {
    at.stub('stub', `require('fs').writeFileSync('../pid', String(process.pid)); setTimeout(() => {}, 60000)`);
    const world = await at.open();
    let pid = 0;
    const running = world.spawn(
      { tool: 'stub', argv: [], env: {}, deadline: 60_000 },
      RULE,
      async (child) => {
        pid = child.pid;
        throw new Error('the disk is full');
      },
      new AbortController().signal,
    );
    await expect(running).rejects.toThrow('the disk is full');
    expect(runs(pid)).toBe(false);
  });

  test('the start time tells a process from another with its number', async () => {
    at.stub('stub', `setTimeout(() => {}, 60000)`);
    const world = await at.open();
    const stop = new AbortController();
    let child = { pid: 0, started: '' };
    const running = world.spawn(
      { tool: 'stub', argv: [], env: {}, deadline: 60_000 },
      RULE,
      async (c) => void (child = c),
      stop.signal,
    );
    await until(() => child.pid !== 0);
    expect(await world.alive(child)).toBe(true);
    expect(await world.alive({ ...child, started: `${child.started}0` })).toBe(false);
    expect(await world.end({ ...child, started: `${child.started}0` }, RULE)).toBe(true);
    expect(runs(child.pid)).toBe(true);
    stop.abort();
    await running;
    expect(await world.alive(child)).toBe(false);
    const { pid, started } = world.host();
    expect(await world.alive({ pid, started })).toBe(true);
  });
});

describe('tools', () => {
  test('one that is missing, one that cannot be run, one whose interpreter is gone', async () => {
    const { writeFileSync, chmodSync } = await import('node:fs');
    writeFileSync(join(at.bin, 'plain'), 'x');
    writeFileSync(join(at.bin, 'broken'), '#!/nowhere/at/all\n');
    chmodSync(join(at.bin, 'broken'), 0o755);
    const world = await at.open({ tools: ['absent', 'plain', 'broken'].map((n) => tool(n)) });
    expect(await spawn(world, 'absent')).toMatchObject({
      how: 'spawn',
      exit: null,
      stderr: 'absent was not found in PATH',
      child: undefined,
    });
    expect((await spawn(world, 'plain')).stderr).toContain('plain: it is not executable)');
    expect(await spawn(world, 'broken')).toMatchObject({ how: 'spawn', exit: null });
    expect((await spawn(world, 'broken')).stderr).toContain('ENOENT');
    expect(await world.tool('absent')).toBeUndefined();
    await expect(world.tool('undeclared')).rejects.toThrow('no plugin declares the tool undeclared');
  });

  test('path, version as its declaration reads it, digest; asked once', async () => {
    const path = at.stub('stub', `require('fs').appendFileSync('../asked', 'x'); console.log('stub v1.2.3')`);
    const world = await at.open();
    const { createHash } = await import('node:crypto');
    const expected = {
      path,
      version: '1.2.3',
      digest: createHash('sha256').update(readFileSync(path)).digest('hex'),
      simulated: false,
    };
    expect(await Promise.all([world.tool('stub'), world.tool('stub')])).toEqual([expected, expected]);
    expect(read('asked')).toBe('x');
  });

  test('none of the repository is run: not by PATH, not by a link, but where it is configured', async () => {
    const { chmodSync, mkdirSync, symlinkSync, writeFileSync } = await import('node:fs');
    mkdirSync(join(at.root, 'bin'));
    const inside = join(at.root, 'bin', 'stub');
    writeFileSync(inside, `#!${process.execPath}\nconsole.log('from the repository', process.env.PATH)`);
    chmodSync(inside, 0o755);
    const env = { ...at.env, PATH: [join(at.root, 'bin'), 'bin', '.', at.bin].join(':') };
    const tools = [tool('stub')];
    expect((await spawn(await at.open({ env, tools }), 'stub')).how).toBe('spawn');
    symlinkSync(inside, join(at.bin, 'stub'));
    await expect(spawn(await at.open({ env, tools }), 'stub')).rejects.toMatchObject({
      exit: 5,
      message: expect.stringContaining('lies in the repository'),
    });
    const configured = await spawn(await at.open({ env, tools, toolPaths: { stub: inside } }), 'stub');
    expect(textOf(configured)).toBe(`from the repository ${at.bin}\n`);
  });

  test('a probe runs what only reads, and nothing else', async () => {
    at.stub('stub', `require('fs').appendFileSync('../ran', process.argv[2]); console.log('seen')`);
    const world = await at.open();
    expect(textOf(await world.probe({ tool: 'stub', argv: ['get', 'x'], deadline: 120_000 }))).toBe('seen\n');
    await expect(world.probe({ tool: 'stub', argv: ['delete', 'x'], deadline: 120_000 })).rejects.toThrow(
      'a probe may only read',
    );
    expect(read('ran')).toBe('get');
  });

  test('probes end when the run stops, and when the world is closed', async () => {
    at.stub('stub', `require('fs').writeFileSync('../began' + process.argv[3], ''); setTimeout(() => {}, 60000)`);
    const stop = new AbortController();
    const world = await at.open({ stop: stop.signal });
    const first = world.probe({ tool: 'stub', argv: ['get', '1'], deadline: 60_000 });
    await until(() => has('began1'));
    stop.abort();
    expect((await first).how).toBe('stopped');
    const other = await at.open();
    const second = other.probe({ tool: 'stub', argv: ['get', '2'], deadline: 60_000 });
    await until(() => has('began2'));
    await other.close();
    expect((await second).how).toBe('stopped');
  });
});
