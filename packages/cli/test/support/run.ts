import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export const HOST = join(import.meta.dirname, '..', '..');
const WORKSPACE = join(HOST, '..', '..');
export const EXAMPLE = join(WORKSPACE, 'examples', 'k8s-ops');

export type Ended = { exit: number | null; stdout: string; stderr: string };
type Options = {
  cwd?: string;
  env?: Record<string, string>;
  bin?: string;
  node?: string[];
  started?: (child: ChildProcess) => void;
};

/** For a process that hangs; ms. */
const BOUND = 300_000;

/** Runs the command as a process of its own, with nothing of the tester's environment but PATH. */
export async function coldstart(args: string[], options: Options = {}): Promise<Ended> {
  const bin = options.bin ?? join(HOST, 'bin', 'run.js');
  const child = spawn(process.execPath, [...(options.node ?? []), bin, ...args], {
    cwd: options.cwd ?? WORKSPACE,
    env: { PATH: process.env['PATH'], HOME: homeless, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: BOUND,
    killSignal: 'SIGKILL',
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
  options.started?.(child);
  const exit = await new Promise<number | null>((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => done(code));
  });
  return { exit, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

const homeless = join(tmpdir(), 'coldstart-no-home');

/**
 * Runs the command with its stdout on a pipe whose reader takes a byte and then waits a second: what a process that exits
 * too early has not handed over by then is lost.
 */
export async function coldstartSlowlyRead(args: string[]): Promise<Ended> {
  const script = '"$@" 2>/dev/null | { dd bs=1 count=1 2>/dev/null; sleep 1; cat; }; exit "${PIPESTATUS[0]}"';
  const words = [process.execPath, join(HOST, 'bin', 'run.js'), ...args];
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const env = { PATH: process.env['PATH'], HOME: homeless };
  const child = execFile(
    'bash',
    ['-c', script, 'bash', ...words],
    { cwd: WORKSPACE, env, timeout: BOUND, maxBuffer: 16 * 1024 * 1024 },
    (_, stdout) => {
      resolve({ exit: child.exitCode, stdout, stderr: '' });
    },
  );
  return promise;
}

/** An empty folder that is gone after the test. */
export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'coldstart-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A copy of the example repository: runs may write to it. */
export function exampleCopy(): string {
  const folder = temporary();
  cpSync(EXAMPLE, folder, { recursive: true, filter: (path) => !path.includes('.coldstart') });
  return folder;
}

/** An installation of the host with these plugins only, as npm would lay it out. Returns its bin. */
export function install(plugins: string[]): string {
  const root = temporary();
  const modules = join(root, 'node_modules');
  mkdirSync(join(modules, '@coldstart'), { recursive: true });
  for (const name of readdirSync(join(WORKSPACE, 'node_modules'))) {
    if (name !== '@coldstart' && !name.startsWith('.'))
      symlinkSync(join(WORKSPACE, 'node_modules', name), join(modules, name));
  }
  for (const name of ['contract', 'engine', ...plugins]) {
    symlinkSync(join(WORKSPACE, 'node_modules', '@coldstart', name), join(modules, '@coldstart', name));
  }
  // A copy, not a link: a link leads back to the workspace, where every plugin is.
  const host = join(modules, '@coldstart', 'cli');
  mkdirSync(host);
  for (const part of ['bin', 'dist', 'package.json', 'oclif.manifest.json'])
    cpSync(join(HOST, part), join(host, part), { recursive: true });
  return join(host, 'bin', 'run.js');
}
