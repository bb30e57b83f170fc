import { isAbsolute, posix } from 'node:path';
import type { Change, Model } from '../model.ts';
import type { VirtualClock } from '../clock/clock.ts';
import { Interrupted, LabBug, type SimulatedTool, type ToolCall, type ToolResult } from '../tools/tool.ts';

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGKILL';
export type Ended = { exit: number | null; signal?: Signal; stdout: Uint8Array; stderr: string };

/** What a process is started with. */
export type Launch = {
  argv: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  stdin: Uint8Array | null;
  change: Change;
  target: (name: string) => void;
};

/**
 * A process of a simulated tool. It belongs to the world, not to the run that started it: when that run dies, the process
 * goes on to its end as a real one does.
 */
export class LabProcess {
  readonly pid: number;
  readonly started: string;
  readonly ended: Promise<Ended>;
  running = true;
  #wake: ((signal: Signal) => void) | undefined;
  #signal: Signal | undefined;
  #killed: ((ended: Ended) => void) | undefined;

  constructor(pid: number, tool: SimulatedTool, model: Model, clock: VirtualClock, launch: Launch) {
    this.pid = pid;
    this.started = `${clock.now}.${pid}`;
    const killed = new Promise<Ended>((resolve) => {
      this.#killed = resolve;
    });
    this.ended = Promise.race([this.#run(tool, model, clock, launch), killed]).then(
      (ended) => {
        this.running = false;
        return ended;
      },
      (error: unknown) => {
        this.running = false;
        throw error;
      },
    );
    // Whoever waits for it is told; a bug in a process that nobody waits for must not end the whole program.
    this.ended.catch(() => {});
  }

  /** Sends a signal. SIGKILL ends it at once. */
  signal(signal: Signal): void {
    if (!this.running) return;
    this.#signal = signal;
    if (signal === 'SIGKILL') this.#killed?.(endedBy('SIGKILL'));
    this.#wake?.(signal);
  }

  async #run(tool: SimulatedTool, model: Model, clock: VirtualClock, launch: Launch): Promise<Ended> {
    try {
      const result = await tool.run(model, this.#call(clock, model, launch));
      return { exit: result.exit, stdout: bytesOf(result), stderr: result.stderr };
    } catch (error) {
      if (error instanceof Interrupted) return endedBy(error.signal);
      throw error;
    }
  }

  #call(clock: VirtualClock, model: Model, launch: Launch): ToolCall {
    const path = (given: string): string => posix.normalize(isAbsolute(given) ? given : posix.join(launch.cwd, given));
    const change: Change = {
      made: (what) => {
        // After SIGKILL nothing more of the process may reach the world.
        if (this.#signal === 'SIGKILL') throw new Interrupted('SIGKILL');
        launch.change.made(what);
      },
    };
    return {
      argv: launch.argv,
      cwd: launch.cwd,
      env: launch.env,
      stdin: launch.stdin,
      change,
      path,
      target: launch.target,
      read: (given) =>
        given === '/dev/stdin' || given === '-' ? (launch.stdin ?? new Uint8Array()) : model.files.read(path(given)),
      spend: (ms) => this.#spend(clock, ms),
    };
  }

  #spend(clock: VirtualClock, ms: number): Promise<void> {
    if (this.#signal) return this.#raise(this.#signal);
    return new Promise((resolve, reject) => {
      const timer = clock.timer(ms, () => {
        this.#wake = undefined;
        resolve();
      });
      this.#wake = (signal) => {
        clock.cancel(timer);
        this.#wake = undefined;
        this.#raise(signal).catch(reject);
      };
    });
  }

  /** A signal is delivered once; a tool that catches it may go on to say its last words. SIGKILL has none. */
  #raise(signal: Signal): Promise<never> {
    if (signal !== 'SIGKILL') this.#signal = undefined;
    return Promise.reject(new Interrupted(signal));
  }
}

/** A change that a read-only command must not make. */
export function noChange(tool: string, argv: readonly string[]): Change {
  return {
    made: (what) => {
      throw new LabBug(`a probe changed the world (${what}): ${[tool, ...argv].join(' ')}`);
    },
  };
}

function endedBy(signal: Signal): Ended {
  return { exit: null, signal, stdout: new Uint8Array(), stderr: '' };
}

function bytesOf(result: ToolResult): Uint8Array {
  return typeof result.stdout === 'string' ? new TextEncoder().encode(result.stdout) : result.stdout;
}
