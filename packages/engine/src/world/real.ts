import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { EXIT, Problem, type Done, type Mode, type Ms, type Tool, type World } from '@coldstart/contract';
import { dial } from './dial.ts';
import { absolute, checkWritable } from './files/paths.ts';
import { reader } from './files/read.ts';
import { openScratch, sweepStale } from './files/scratch.ts';
import { appendLine, createFile, removeFile, replaceFile } from './files/write.ts';
import { boot, endChild, isAlive, startOf } from './process/child.ts';
import { environmentFor } from './process/environment.ts';
import { runProcess } from './process/run.ts';
import { toolsOf, type Found } from './process/tools.ts';

export type RealWorldOptions = {
  /** The repository's root, absolute. Relative paths start there, and tools run there. */
  root: string;
  /** The operator's environment. */
  env: Readonly<Record<string, string | undefined>>;
  /** Every tool that a plugin declares. */
  tools: readonly Tool[];
  /** `live`, or `lab-wire` where real tools talk to simulated nodes. */
  mode?: Extract<Mode, 'live' | 'lab-wire'>;
  /** Folders that may be written to besides the root, `~/.kube`, `~/.talos` and `~/.config/coldstart`. */
  writable?: readonly string[];
  /** Absolute paths of tools that the operator configured; only such a tool may lie in the repository. */
  toolPaths?: Readonly<Record<string, string>>;
  /** Where scratch is made; XDG_RUNTIME_DIR, else the system's folder for temporary files. */
  scratchBase?: string;
  /** When it fires, probes and dials that are on their way end. */
  stop?: AbortSignal;
};

const PROBE_RULE = { signal: 'SIGTERM', grace: 2_000, kill: true } as const;
/** Programs of 60 to 180 MB that were not in memory yet did not tell their version within ten seconds on a busy machine. */
const VERSION_DEADLINE = 60_000;
const LONGEST_SLEEP = 2_147_483_647;

/** The real world: this machine's files, processes, sockets and clocks. Sweeps what killed runs left in scratch. */
export async function openRealWorld(options: RealWorldOptions): Promise<World> {
  const { env } = options;
  const root = resolve(options.root);
  const home = env['HOME'] || homedir();
  const at = (path: string): string => absolute(path, root, home);
  const writable = [
    root,
    ...['.kube', '.talos', '.config/coldstart'].map((name) => join(home, name)),
    ...(options.writable ?? []).map(at),
  ];
  const toWrite = async (path: string): Promise<string> => {
    const file = at(path);
    await checkWritable(file, writable);
    return file;
  };
  const self = { pid: process.pid, started: startOf(process.pid) };
  const base = options.scratchBase ?? (env['XDG_RUNTIME_DIR'] || tmpdir());
  await sweepStale(base);
  const scratch = openScratch(base, self);
  const began = performance.now();
  const closing = new AbortController();
  const stop = options.stop ? AbortSignal.any([options.stop, closing.signal]) : closing.signal;

  const run = async (
    found: Found,
    call: { argv: readonly string[]; cwd?: string; env?: Record<string, string>; stdin?: Uint8Array; deadline: Ms },
    ...rest: [rule: Parameters<typeof runProcess>[1], spawned: Parameters<typeof runProcess>[2], stop: AbortSignal]
  ): Promise<Done> =>
    runProcess(
      {
        path: found.path,
        argv: call.argv,
        cwd: call.cwd === undefined ? root : at(call.cwd),
        env: environmentFor(env, root, found.tool.env, call.env ?? {}),
        deadline: call.deadline,
        ...(call.stdin && { stdin: call.stdin }),
      },
      ...rest,
    );
  const look = (found: Found, call: Parameters<typeof run>[1]): Promise<Done> =>
    run(found, call, PROBE_RULE, async () => {}, stop);
  const tools = toolsOf({
    declared: options.tools,
    path: env['PATH'],
    root,
    configured: options.toolPaths ?? {},
    ask: (found, argv) => look(found, { argv, deadline: VERSION_DEADLINE }),
  });

  return {
    mode: options.mode ?? 'live',
    ...reader(at),
    now: () => new Date().toISOString(),
    mono: () => Math.floor(performance.now() - began),
    random: () => Math.random(),
    sleep: (ms, until) => sleep(ms, until),
    host: () => ({ user: userName(env), host: hostname(), ...self, boot: boot() }),
    env: (name) => env[name] || undefined,
    tool: (name) => tools.describe(name),
    dial: (host, port, deadline) => (stop.aborted ? Promise.resolve('timeout') : dial(host, port, deadline)),

    async probe({ tool, ...call }) {
      const found = await tools.find(tool);
      if (!found.tool.reads(call.argv))
        throw new Error(`a probe may only read, and this does not: ${tool} ${call.argv.join(' ')}`);
      return 'missing' in found ? missing(found.missing) : look(found, call);
    },
    async spawn({ tool, ...call }, rule, spawned, until) {
      const found = await tools.find(tool);
      return 'missing' in found ? missing(found.missing) : run(found, call, rule, spawned, until);
    },
    alive: async (child) => isAlive(child),
    end: (child, rule) => endChild(child, rule),

    scratch: (name, bytes) => scratch.put(name, bytes),
    write: async (path, bytes, mode) => replaceFile(await toWrite(path), bytes, mode),
    create: async (path, bytes, mode) => createFile(await toWrite(path), bytes, mode),
    remove: async (path) => removeFile(await toWrite(path)),
    append: async (path, line) => {
      if (line.includes('\n'))
        throw new Problem('A line of a log holds a newline.', { exit: EXIT.bug, remedy: 'Report this.' });
      await appendLine(await toWrite(path), line);
    },
    async close() {
      closing.abort();
      await scratch.sweep();
    },
  };
}

const missing = (why: string): Done => ({ exit: null, how: 'spawn', stdout: new Uint8Array(), stderr: why });

/** Resolves after `ms`, or at once when `until` fires; the caller looks at the signal. */
async function sleep(ms: Ms, until: AbortSignal | undefined): Promise<void> {
  const end = performance.now() + ms;
  const told = (): boolean => until?.aborted ?? false;
  for (let left: number = ms; left > 0 && !told(); left = end - performance.now())
    await wait(Math.min(left, LONGEST_SLEEP), undefined, until ? { signal: until } : {}).catch(() => {});
}

function userName(env: Readonly<Record<string, string | undefined>>): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return env['USER'] || `uid ${process.getuid?.() ?? '?'}`;
  }
}
