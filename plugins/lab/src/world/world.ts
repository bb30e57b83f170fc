import { createHash } from 'node:crypto';
import { isAbsolute, posix } from 'node:path';
import type { Child, Done, Exec, FoundTool, Ms, Probe, Received, World } from '@coldstart/contract';
import type { VirtualClock } from '../clock/clock.ts';
import type { PlayedFaults } from '../faults/faults.ts';
import type { Model } from '../model.ts';
import { tools } from '../tools/index.ts';
import { LabBug, type SimulatedTool } from '../tools/tool.ts';
import { isLockBeside, type Overlay } from './files.ts';
import { type Ended, LabProcess, noChange } from './process.ts';

/** What all worlds of one lab share. */
export type Ground = {
  model: Model;
  clock: VirtualClock;
  files: Overlay;
  faults: PlayedFaults;
  root: string;
  scratch: string;
  env: Readonly<Record<string, string | undefined>>;
  /** By pid; also those that outlived the run that started them. */
  processes: Map<number, LabProcess>;
  /** Processes of coldstart that live. */
  worlds: Set<RehearsalWorld>;
  nextPid: () => number;
  /** Changing calls so far, over all worlds: what the fault `killed` counts. */
  calls: { changing: number };
  boot: string;
};

type SpawnCall = Parameters<World['spawn']>[0];

/**
 * The world as one process of coldstart has it. `kill` makes that process dead: no call of it is answered any more, while
 * what it started goes on.
 */
export class RehearsalWorld implements World {
  readonly mode = 'rehearsal' as const;
  readonly pid: number;
  readonly started: string;
  readonly #ground: Ground;
  readonly #dead = new AbortController();
  /** Resolves when the fault `killed` has struck this process. */
  readonly died: Promise<void>;
  #scratched = 0;

  constructor(ground: Ground) {
    this.#ground = ground;
    this.pid = ground.nextPid();
    this.started = `${ground.clock.now}.${this.pid}`;
    ground.worlds.add(this);
    this.died = new Promise((resolve) => {
      this.#dead.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Ends this process of coldstart as SIGKILL does. */
  kill(): void {
    this.#ground.worlds.delete(this);
    this.#dead.abort();
  }

  now(): string {
    return this.#ground.clock.wall();
  }

  mono(): Ms {
    return this.#ground.clock.now;
  }

  random(): number {
    return this.#ground.model.random.next();
  }

  host(): { user: string; host: string; pid: number; started: string; boot: string } {
    return { user: 'rehearsal', host: 'lab', pid: this.pid, started: this.started, boot: this.#ground.boot };
  }

  env(name: string): string | undefined {
    return this.#ground.env[name];
  }

  sleep(ms: Ms, stop?: AbortSignal): Promise<void> {
    return this.#open(`sleep ${ms} ms`, () => this.#ground.clock.sleep(ms, stop));
  }

  read(path: string, max?: number): Promise<Uint8Array | undefined> {
    return this.#open(`read ${path}`, async () => {
      const bytes = this.#ground.files.read(this.#path(path));
      if (bytes && max !== undefined && bytes.length > max)
        throw new Error(`${path} has ${bytes.length} bytes, more than ${max}`);
      return bytes && Uint8Array.from(bytes);
    });
  }

  list(folder: string): Promise<string[]> {
    return this.#open(`list ${folder}`, async () => this.#ground.files.list(this.#path(folder)));
  }

  stat(path: string): ReturnType<World['stat']> {
    return this.#open(`stat ${path}`, async () => this.#ground.files.stat(this.#path(path)));
  }

  async tool(name: string): Promise<FoundTool | undefined> {
    const tool = toolNamed(name);
    return this.#open(
      `tool ${name}`,
      async () => tool && { path: `lab:${name}`, version: tool.version, digest: null, simulated: true },
    );
  }

  dial(host: string, port: number, deadline: Ms): Promise<'open' | 'refused' | 'timeout' | 'unreachable'> {
    return this.#open(`dial ${host}:${port}`, async () => {
      const answer = this.#ground.model.dial(host, port);
      await this.#ground.clock.sleep(
        answer === 'timeout' ? deadline : Math.min(deadline, answer === 'unreachable' ? 3000 : 1),
      );
      return answer;
    });
  }

  probe(probe: Probe): Promise<Done> {
    const words = [probe.tool, ...probe.argv].join(' ');
    return this.#open(`probe ${words}`, async () => {
      const tool = toolNamed(probe.tool);
      if (!tool) return nothing('spawn', `${probe.tool}: not found`);
      if (tool.reads && !tool.reads(probe.argv)) throw new LabBug(`a probe that does not only read: ${words}`);
      const process = this.#launch(
        tool,
        { ...probe, env: probe.env ?? {} },
        noChange(probe.tool, probe.argv),
        () => {},
      );
      return this.#wait(process, probe.deadline, { signal: 'SIGTERM', grace: 5000, kill: true }, this.#dead.signal);
    });
  }

  spawn(
    call: SpawnCall,
    rule: Exec['stop'],
    spawned: (child: Child) => Promise<void>,
    stop: AbortSignal,
  ): Promise<Done> {
    return this.#open(`spawn ${[call.tool, ...call.argv].join(' ')}`, async () => {
      const nth = ++this.#ground.calls.changing;
      await this.#dies('before', nth);
      const tool = toolNamed(call.tool);
      if (!tool) return nothing('spawn', `${call.tool}: not found`);
      if (stop.aborted) return nothing('stopped', '');
      const entry = this.#receive(call.tool, [...call.argv], call.stdin);
      const change = { made: () => void entry.changes++ };
      const process = this.#launch(tool, call, change, (name) => (entry.target = name));
      void process.ended.then((ended) => (entry.exit = ended.exit)).catch(() => {});
      await spawned({ pid: process.pid, started: process.started });
      await this.#dies('during', nth);
      const done = await this.#wait(process, call.deadline, rule, stop);
      await this.#dies('after', nth);
      return done;
    });
  }

  alive(child: Child): Promise<boolean> {
    return this.#open(`alive ${child.pid}`, async () => {
      const process = this.#ground.processes.get(child.pid);
      if (process) return process.running && process.started === child.started;
      return [...this.#ground.worlds].some((world) => world.pid === child.pid && world.started === child.started);
    });
  }

  end(child: Child, rule: Exec['stop']): Promise<boolean> {
    return this.#open(`end ${child.pid}`, async () => {
      const process = this.#ground.processes.get(child.pid);
      if (!process?.running || process.started !== child.started) return false;
      await this.#stop(process, rule);
      return !process.running;
    });
  }

  scratch(name: string, bytes: Uint8Array): Promise<string> {
    return this.#open(`scratch ${name}`, async () => {
      const path = `${this.#scratchFolder}/${++this.#scratched}-${posix.basename(name)}`;
      this.#ground.files.write(path, bytes, 0o600);
      return path;
    });
  }

  write(path: string, bytes: Uint8Array, mode: number): Promise<void> {
    return this.#changeFile('write', path, bytes, (absolute) => this.#ground.files.write(absolute, bytes, mode)).then(
      () => {},
    );
  }

  create(path: string, bytes: Uint8Array, mode: number): Promise<boolean> {
    return this.#changeFile('create', path, bytes, (absolute) => this.#ground.files.create(absolute, bytes, mode));
  }

  remove(path: string): Promise<void> {
    const there = (absolute: string): boolean => this.#ground.files.stat(absolute) !== undefined;
    return this.#changeFile('remove', path, undefined, (absolute) => {
      const was = there(absolute);
      this.#ground.files.remove(absolute);
      return was;
    }).then(() => {});
  }

  append(path: string, line: string): Promise<void> {
    return this.#open(`append ${path}`, async () => this.#ground.files.append(this.#path(path), line));
  }

  close(): Promise<void> {
    return this.#open('close', async () => this.#ground.files.sweep(this.#scratchFolder));
  }

  get #scratchFolder(): string {
    return `${this.#ground.scratch}/${this.pid}`;
  }

  #open<T>(what: string, work: () => Promise<T>): Promise<T> {
    return this.#ground.clock.call(what, work, this.#dead.signal);
  }

  #path(path: string): string {
    if (path === '~' || path.startsWith('~/'))
      return posix.normalize(posix.join(this.#ground.env['HOME'] ?? '/', path.slice(1)));
    return posix.normalize(isAbsolute(path) ? path : posix.join(this.#ground.root, path));
  }

  #launch(
    tool: SimulatedTool,
    call: { argv: readonly string[]; cwd?: string; env: Record<string, string>; stdin?: Uint8Array },
    change: { made(what: string): void },
    target: (name: string) => void,
  ): LabProcess {
    const { model, clock, root, env, processes, nextPid } = this.#ground;
    const home = env['HOME'];
    const process = new LabProcess(nextPid(), tool, model, clock, {
      argv: call.argv,
      cwd: call.cwd === undefined ? root : this.#path(call.cwd),
      env: { ...(home !== undefined && { HOME: home }), ...call.env },
      stdin: call.stdin ?? null,
      change,
      target,
    });
    processes.set(process.pid, process);
    const gone = (): void => void processes.delete(process.pid);
    process.ended.then(gone, gone);
    return process;
  }

  /** Waits for its end; its time over, or told to stop, it is ended by the rule. */
  async #wait(process: LabProcess, deadline: Ms, rule: Exec['stop'], stop: AbortSignal): Promise<Done> {
    // One listener, taken off again: composite signals would cost more than most calls themselves.
    let cut!: () => void;
    const over = new Promise<undefined>((resolve) => (cut = () => resolve(undefined)));
    const timer = this.#ground.clock.timer(deadline, cut);
    if (stop.aborted) cut();
    else stop.addEventListener('abort', cut, { once: true });
    const ended = process.ended.then((result) => ({ result }));
    const first = await Promise.race([ended, over]);
    this.#ground.clock.cancel(timer);
    stop.removeEventListener('abort', cut);
    if (first) return doneAs(first.result, 'exit');
    await this.#stop(process, rule);
    return doneAs(await process.ended, stop.aborted ? 'stopped' : 'deadline');
  }

  /** One signal, and SIGKILL after the grace where the rule has it. */
  async #stop(process: LabProcess, rule: Exec['stop']): Promise<void> {
    process.signal(rule.signal);
    const timer = rule.kill ? this.#ground.clock.timer(rule.grace, () => process.signal('SIGKILL')) : undefined;
    await process.ended.catch(() => {});
    if (timer !== undefined) this.#ground.clock.cancel(timer);
  }

  async #changeFile(
    how: 'write' | 'create' | 'remove',
    path: string,
    bytes: Uint8Array | undefined,
    change: (absolute: string) => boolean,
  ): Promise<boolean> {
    return this.#open(`${how} ${path}`, async () => {
      const absolute = this.#path(path);
      // Locks beside files come and go with a run; they are its own, like what is under .coldstart.
      if (!this.#ground.files.isWorld(absolute) || isLockBeside(absolute)) return change(absolute);
      const nth = ++this.#ground.calls.changing;
      await this.#dies('before', nth);
      const entry = this.#receive('file', [how, path], bytes);
      entry.target = path;
      const changed = change(absolute);
      entry.changes = changed ? 1 : 0;
      entry.exit = 0;
      await this.#dies('after', nth);
      return changed;
    });
  }

  #receive(tool: string, argv: string[], stdin: Uint8Array | undefined): Received {
    const digest = stdin ? createHash('sha256').update(stdin).digest('hex') : null;
    const entry: Received = {
      at: this.#ground.clock.now,
      tool,
      argv,
      target: null,
      stdin: digest,
      exit: null,
      changes: 0,
    };
    this.#ground.model.received.push(entry);
    return entry;
  }

  /** Where the fault `killed` says so, this process is dead from here on. */
  async #dies(moment: 'before' | 'during' | 'after', nth: number): Promise<void> {
    const order = this.#ground.faults.orders.find(
      (fault) => fault.name === 'killed' && (fault.at ?? 'after') === moment && fault.count === nth,
    );
    if (!order || !this.#ground.faults.strikeOrder(order)) return;
    this.kill();
    await new Promise<never>(() => {});
  }
}

function toolNamed(name: string): SimulatedTool | undefined {
  return tools.find((tool) => tool.name === name);
}

function doneAs(ended: Ended, how: 'exit' | 'deadline' | 'stopped'): Done {
  const { exit, signal, stdout, stderr } = ended;
  return { exit, ...(signal && { signal }), how: how === 'exit' && signal ? 'signal' : how, stdout, stderr };
}

function nothing(how: 'spawn' | 'stopped', stderr: string): Done {
  return { exit: null, how, stdout: new Uint8Array(), stderr };
}
