import { EXIT, Problem, type Child, type Done, type Exec, type Ms, type Probe, type World } from '@coldstart/contract';
import { isLockBeside, type OpenLab } from '@coldstart/plugin-lab';
import type { Chance } from './chance.ts';
import type { Episode, Weather } from './case.ts';
import type { Watch } from './watch.ts';

type LabWorld = OpenLab['world'];
type SpawnCall = Parameters<World['spawn']>[0];

/** What a process of coldstart goes through besides the lab's own faults. */
export type Trials = {
  kill?: Episode['kill'];
  interrupt?: { at: number; stop: () => void };
  full?: number;
  weather?: Weather | null;
  by: Chance;
  /** Another operator's clone: its own state on another machine. */
  clone?: boolean;
};

/** How long one round of closing looks takes at most, a hung call included; virtual ms. */
const ROUND_WITHIN = 2 * 60_000;

/** Text that each tool gives where nothing answered. */
const REFUSED: Readonly<Record<string, string>> = {
  talosctl:
    'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 192.0.2.1:50000: connect: connection refused"\n',
  kubectl: 'The connection to the server 192.0.2.10:6443 was refused - did you specify the right host or port?\n',
};
const CUT: Readonly<Record<string, string>> = {
  talosctl: 'rpc error: code = Unavailable desc = error reading from server: EOF\n',
  kubectl: 'Unable to connect to the server: EOF\n',
};

/**
 * The door of one process of coldstart, with its trials: it may be killed or interrupted at any call, its disk may be full,
 * and any tool call may go wrong by itself. What passes is shown to the watch.
 */
export class Door implements World {
  readonly mode = 'rehearsal' as const;
  /** Calls so far. */
  calls = 0;
  /** How often each trial came true. */
  readonly came: Record<string, number> = {};
  readonly killed: Promise<void>;
  readonly #inner: LabWorld;
  readonly #lab: OpenLab;
  readonly #watch: Watch;
  readonly #trials: Trials;
  #appended = 0;
  #pid = 5_000_000;
  #die!: () => void;

  constructor(lab: OpenLab, watch: Watch, trials: Trials) {
    this.#lab = lab;
    this.#inner = lab.process() as LabWorld;
    this.#watch = watch;
    this.#trials = trials;
    this.killed = Promise.race([this.#inner.died, new Promise<void>((resolve) => (this.#die = resolve))]);
  }

  /** Whether a fault began during the last round of its closing looks, or may have: no process can know of it. */
  get outdated(): boolean {
    const began = this.#watch.closing.get(this.#who);
    const { latest } = this.#watch;
    return began !== undefined && latest > began && this.#lab.model.clock.now - latest < ROUND_WITHIN;
  }

  /** The process has ended by itself. */
  exit(): void {
    this.#ended();
  }

  now(): string {
    return this.#inner.now();
  }
  mono(): Ms {
    return this.#inner.mono();
  }
  random(): number {
    return this.#inner.random();
  }
  env(name: string): string | undefined {
    return this.#inner.env(name);
  }
  host(): ReturnType<World['host']> {
    const here = this.#inner.host();
    return this.#trials.clone ? { ...here, host: 'another', boot: 'another' } : here;
  }
  tool(name: string): ReturnType<World['tool']> {
    return this.#inner.tool(name);
  }
  sleep(ms: Ms, stop?: AbortSignal): Promise<void> {
    return this.#call(() => this.#inner.sleep(ms, stop));
  }
  read(path: string, max?: number): Promise<Uint8Array | undefined> {
    return this.#call(() => this.#inner.read(this.#place(path), max));
  }
  list(folder: string): Promise<string[]> {
    return this.#call(() => this.#inner.list(this.#place(folder)));
  }
  stat(path: string): ReturnType<World['stat']> {
    return this.#call(() => this.#inner.stat(this.#place(path)));
  }
  dial(host: string, port: number, deadline: Ms): ReturnType<World['dial']> {
    return this.#call(() => this.#inner.dial(host, port, deadline));
  }
  probe(probe: Probe): Promise<Done> {
    return this.#call(() => this.#exposed(probe, () => this.#inner.probe(probe)));
  }
  spawn(
    call: SpawnCall,
    rule: Exec['stop'],
    spawned: (child: Child) => Promise<void>,
    stop: AbortSignal,
  ): Promise<Done> {
    return this.#call(async () => {
      const seen = this.#watch.sent(call.tool, call.argv, this.#who);
      const sent = async (): Promise<Done> => {
        const before = this.#lab.received().length;
        const done = await this.#inner.spawn(call, rule, spawned, stop);
        this.#watch.carriedOut(seen, this.#lab.received().slice(before));
        return done;
      };
      return this.#exposed(call, sent, spawned, stop);
    });
  }
  alive(child: Child): Promise<boolean> {
    return this.#call(() => this.#inner.alive(child));
  }
  end(child: Child, rule: Exec['stop']): Promise<boolean> {
    return this.#call(() => this.#inner.end(child, rule));
  }
  scratch(name: string, bytes: Uint8Array): Promise<string> {
    return this.#call(() => this.#inner.scratch(name, bytes));
  }
  write(path: string, bytes: Uint8Array, mode: number): Promise<void> {
    this.#watch.wrote(path, this.#who);
    return this.#call(() => this.#inner.write(this.#place(path), bytes, mode));
  }
  create(path: string, bytes: Uint8Array, mode: number): Promise<boolean> {
    return this.#call(() => this.#inner.create(this.#place(path), bytes, mode));
  }
  remove(path: string): Promise<void> {
    return this.#call(() => this.#inner.remove(this.#place(path)));
  }
  append(path: string, line: string): Promise<void> {
    return this.#call(
      async () => {
        if (this.#trials.full !== undefined && ++this.#appended > this.#trials.full) {
          this.#count('disk full');
          // As the real door says it.
          throw new Problem(`${path} cannot be written: the disk is full.`, {
            exit: EXIT.failed,
            remedy: 'Make room.',
          });
        }
        await this.#inner.append(this.#place(path), line);
        this.#watch.journaled(line, this.#who);
      },
      (share) => this.#tear(this.#place(path), line, share),
    );
  }
  close(): Promise<void> {
    return this.#call(() => this.#inner.close());
  }

  #ended(): void {
    this.#inner.kill();
    this.#watch.ended(this.#who);
  }

  get #who(): string {
    return String(this.#inner.pid);
  }

  /** Another clone keeps its own state. */
  #place(path: string): string {
    if (!this.#trials.clone) return path;
    // Its disk is its own, and so are the locks beside its files.
    return isLockBeside(path)
      ? `.coldstart/another-clone/${path}`
      : path.replace(/^\.coldstart\b/, '.coldstart/another-clone');
  }

  async #call<T>(work: () => Promise<T>, torn?: (share: number) => void): Promise<T> {
    const nth = ++this.calls;
    const { kill, interrupt } = this.#trials;
    if (interrupt?.at === nth) {
      this.#count('SIGINT');
      interrupt.stop();
    }
    if (kill?.at !== nth) return work();
    if (kill.when === 'after') await work();
    else if (torn && kill.torn !== null) {
      this.#count('torn journal');
      torn(kill.torn);
    }
    this.#count(`SIGKILL ${kill.when} a call`);
    this.#ended();
    this.#die();
    return new Promise<never>(() => {});
  }

  /** The line that was being written when the process died stands in the file in part. */
  #tear(path: string, line: string, share: number): void {
    const { files, root } = this.#lab.model;
    const absolute = `${root}/${path}`;
    const part = new TextEncoder().encode(line.slice(0, Math.floor(line.length * share)));
    files.write(absolute, Buffer.concat([files.read(absolute) ?? new Uint8Array(), part]), 0o600);
  }

  async #exposed(
    call: { tool: string; argv: string[]; deadline: Ms },
    work: () => Promise<Done>,
    spawned?: (child: Child) => Promise<void>,
    stop?: AbortSignal,
  ): Promise<Done> {
    const { weather, by } = this.#trials;
    if (!weather) return work();
    let left = by.next();
    const strikes = (p: number): boolean => (left -= p) < 0;
    if (strikes(weather.cut)) {
      const done = await work();
      if (done.how !== 'exit' || done.exit !== 0) return done;
      this.#count('a call cut after success');
      return { exit: 1, how: 'exit', stdout: new Uint8Array(), stderr: CUT[call.tool] ?? 'unexpected EOF\n' };
    }
    if (strikes(weather.fails)) {
      this.#count('a call that reached nothing');
      await spawned?.({ pid: this.#pid++, started: 'elsewhere' });
      await this.#inner.sleep(100);
      return {
        exit: 1,
        how: 'exit',
        stdout: new Uint8Array(),
        stderr: REFUSED[call.tool] ?? 'Error: connect: connection refused\n',
      };
    }
    if (strikes(weather.hangs)) {
      this.#count('a call that hung');
      await spawned?.({ pid: this.#pid++, started: 'elsewhere' });
      await this.#inner.sleep(call.deadline, stop);
      return { exit: null, how: stop?.aborted ? 'stopped' : 'deadline', stdout: new Uint8Array(), stderr: '' };
    }
    return work();
  }

  #count(what: string): void {
    this.came[what] = (this.came[what] ?? 0) + 1;
  }
}
