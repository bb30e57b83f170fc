import { spawn as start, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { carryOut, changing, checking, done, type Ran } from '../support/harness.ts';
import type { FakeWorld } from '../support/fake-world.ts';
import { RULE, runs, sandbox, until, type Sandbox } from './sandbox.ts';

let at: Sandbox;
const started: ChildProcess[] = [];
beforeEach(() => void (at = sandbox()));
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  at.end();
});

/** Starts a script beside this test; its first line of output. */
async function script(name: string, ...args: string[]): Promise<{ child: ChildProcess; line: string }> {
  const path = join(import.meta.dirname, 'scripts', name);
  const child = start(process.execPath, ['--conditions=source', path, at.dir, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  const lines = createInterface({ input: child.stdout });
  const line = await new Promise<string>((resolve) => lines.once('line', resolve));
  return { child, line };
}

const killed = async (child: ChildProcess): Promise<void> => {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
};

test('a process killed in the middle of a write leaves the old file or the new one, and what it left beside is swept', async () => {
  let left = 0;
  for (let round = 0; round < 8; round++) {
    const { child } = await script('rewrite.ts');
    const whole = (): void => {
      const content = readFileSync(join(at.root, 'file'));
      expect(content.length).toBe(3_000_000);
      expect(content.equals(Buffer.alloc(3_000_000, content[0]))).toBe(true);
    };
    // What anybody reads meanwhile is whole, too.
    for (let look = 0; look < 20 + Math.random() * 20; look++) {
      whole();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await killed(child);
    whole();
    left += readdirSync(at.root).length - 1;
  }
  // Otherwise no kill fell into the middle of a write, and this test has shown nothing.
  expect(left).toBeGreaterThan(0);
  const world = await at.open();
  await world.write('file', Buffer.from('new'), 0o600);
  expect(readdirSync(at.root)).toEqual(['file']);
});

test('a killed run leaves its child: the next one finds it alive, ends it with what it started, and sweeps its scratch', async () => {
  at.stub(
    'stub',
    `require('child_process').spawn(process.execPath, ['-e',
       "process.on('SIGTERM', () => {}); require('fs').writeFileSync('../left', String(process.pid)); setTimeout(() => {}, 60000)"]);
     setTimeout(() => {}, 60000)`,
  );
  const left = (): number =>
    existsSync(join(at.dir, 'left')) ? Number(readFileSync(join(at.dir, 'left'), 'utf8')) : 0;
  const { child: parent, line } = await script('outlive.ts');
  const { child, path } = JSON.parse(line) as { child: { pid: number; started: string }; path: string };
  await until(() => left() > 0);
  await killed(parent);
  const first = left();
  expect(existsSync(path)).toBe(true);

  const world = await at.open();
  expect(existsSync(path)).toBe(false);
  expect(await world.alive(child)).toBe(true);
  expect(await world.end(child, { ...RULE, kill: false })).toBe(true);
  expect(await world.alive(child)).toBe(false);
  // Its own child ignores the signal, and this rule forbids SIGKILL.
  expect(runs(first)).toBe(true);
  process.kill(first, 'SIGKILL');

  const again = await script('outlive.ts');
  const second = (JSON.parse(again.line) as { child: typeof child }).child;
  await until(() => left() !== first && left() > 0);
  await killed(again.child);
  expect(await world.end(second, RULE)).toBe(true);
  expect([runs(second.pid), runs(left())]).toEqual([false, false]);
});

test('one lock, four processes, a dead holder: never two at once, and one of them takes it over', async () => {
  const world = await at.open();
  const dead = {
    ...world.host(),
    pid: 999_999_999,
    started: `${world.host().boot} 1`,
    run: 'old',
    procedure: 'create',
    at: world.now(),
  };
  await world.write('.coldstart/lock', Buffer.from(JSON.stringify(dead)), 0o600);
  const path = join(import.meta.dirname, 'scripts/compete.ts');
  const exits = await Promise.all(
    ['a', 'b', 'c', 'd'].map((name) => {
      const child = start(process.execPath, ['--conditions=source', path, at.dir, name, '10'], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      started.push(child);
      return new Promise((resolve) => child.once('exit', resolve));
    }),
  );
  expect(exits).toEqual([0, 0, 0, 0]);
  const log = readFileSync(join(at.root, 'log'), 'utf8').trim().split('\n');
  expect(log).toHaveLength(80);
  for (let i = 0; i < log.length; i += 2) {
    expect(log[i]).toMatch(/^in [a-d]( took over)?$/);
    expect(log[i + 1]).toBe(`out ${log[i]?.[3]}`);
  }
  expect(log.filter((line) => line.endsWith('took over'))).toHaveLength(1);
  expect(readdirSync(join(at.root, '.coldstart'))).toEqual([]);
});

/** A run in a process of its own, which is killed once it has written that file. */
const merges = async (path: string): Promise<void> => {
  const { child } = await script('merge.ts', path);
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
  expect(child.signalCode).toBe('SIGKILL');
  expect(readFileSync(join(at.root, path), 'utf8')).toBe('merged');
};
/** The next run of that cluster, which finds nothing to write. */
const next = async (checks: boolean): Promise<Ran> => {
  const world = (await at.open()) as FakeWorld;
  const observe = async () => done();
  return carryOut(world, [checks ? checking('a/one', observe) : changing(world, 'a/one', { observe })]);
};
const holders = (): string[] => readdirSync(at.root).filter((name) => name.endsWith('.coldstart-lock'));

test.each(['kubeconfig', "the operator's kubeconfig"])(
  'a run killed just after it wrote %s leaves its lock, and the next one takes it away though it has nothing to write',
  async (path) => {
    await merges(path);
    expect(holders()).toEqual([`${path}.coldstart-lock`]);
    expect((await next(false)).exit).toBe(0);
    expect(holders()).toEqual([]);
    expect(readFileSync(join(at.root, path), 'utf8')).toBe('merged');
  },
);

test('a run that can only look takes it away too', async () => {
  await merges('kubeconfig');
  expect((await next(true)).exit).toBe(0);
  expect(holders()).toEqual([]);
});

test.each([
  ['another run of this machine', { run: 'another' }],
  ['another machine', { host: 'another' }],
])('the lock of %s stays', async (_whose, of) => {
  await merges('kubeconfig');
  const path = join(at.root, 'kubeconfig.coldstart-lock');
  const theirs = `${JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...of })}\n`;
  writeFileSync(path, theirs);
  expect((await next(false)).exit).toBe(0);
  expect(readFileSync(path, 'utf8')).toBe(theirs);
});

test('the lock of a run whose process lives stays', async () => {
  await merges('kubeconfig');
  const path = join(at.root, 'kubeconfig.coldstart-lock');
  const { pid, started: since, boot } = (await at.open()).host();
  const theirs = `${JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), pid, started: since, boot })}\n`;
  writeFileSync(path, theirs);
  expect((await next(false)).exit).toBe(0);
  expect(readFileSync(path, 'utf8')).toBe(theirs);
});
