import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Child, Done, StopRule, Tool, World } from '@coldstart/contract';
import { openRealWorld, type RealWorldOptions } from '../../src/world/index.ts';

/** A repository, a home folder, a folder of stub programs and a scratch folder, all of a test's own. */
export type Sandbox = {
  dir: string;
  root: string;
  home: string;
  bin: string;
  scratch: string;
  env: Record<string, string>;
  /** Puts an executable node script on PATH. */
  stub(name: string, source: string): string;
  open(options?: Partial<RealWorldOptions>): Promise<World>;
  end(): void;
};

export function sandbox(): Sandbox {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'coldstart-test-')));
  const [root, home, bin, scratch] = ['repo', 'home', 'bin', 'scratch'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const folder of [root, home, bin, scratch]) mkdirSync(folder);
  const env = { PATH: bin, HOME: home };
  const names = new Set<string>();
  return {
    dir,
    root,
    home,
    bin,
    scratch,
    env,
    stub(name, source) {
      names.add(name);
      const path = join(bin, name);
      writeFileSync(path, `#!${process.execPath}\n${source}\n`);
      chmodSync(path, 0o755);
      return path;
    },
    open: (options) =>
      openRealWorld({ root, env, tools: [...names].map((name) => tool(name)), scratchBase: scratch, ...options }),
    end: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** A tool's declaration: every argv that begins with `get` only reads. */
export function tool(name: string, more: Partial<Tool> = {}): Tool {
  return {
    name,
    version: { argv: ['get', 'version'], parse: (stdout) => /v([\d.]+)/.exec(stdout)?.[1] ?? null },
    reads: ([first]) => first === 'get',
    env: [],
    ...more,
  };
}

export const RULE: StopRule = { signal: 'SIGTERM', grace: 300, kill: true };

export type Spawning = {
  argv?: string[];
  env?: Record<string, string>;
  stdin?: Uint8Array;
  deadline?: number;
  rule?: StopRule;
  stop?: AbortSignal;
};

/** Runs a stub as the engine would; also what `spawned` was told. */
export async function spawn(
  world: World,
  name: string,
  how: Spawning = {},
): Promise<Done & { child: Child | undefined }> {
  let child: Child | undefined;
  const done = await world.spawn(
    {
      tool: name,
      argv: how.argv ?? [],
      env: how.env ?? {},
      deadline: how.deadline ?? 120_000,
      ...(how.stdin && { stdin: how.stdin }),
    },
    how.rule ?? RULE,
    async (c) => void (child = c),
    how.stop ?? new AbortController().signal,
  );
  return { ...done, child };
}

export const textOf = (done: Done): string => new TextDecoder().decode(done.stdout);

/** Whether a process of this number runs, as the system tells it; one that only waits to be collected does not. */
export function runs(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'state=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).startsWith('Z');
  } catch {
    return false;
  }
}

/** Every file below a folder with its content, hidden ones too. */
export function tree(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .filter((e) => e.isFile())
      .map((e) => [
        join(e.parentPath, e.name).slice(folder.length + 1),
        readFileSync(join(e.parentPath, e.name), 'utf8'),
      ]),
  );
}

/** Waits until a condition holds, looking often; fails after two minutes. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > 120_000) throw new Error('it did not come about within two minutes');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
