import type { Change, Model } from '../model.ts';
import type { Ms } from '@coldstart/contract';

/** A process of a simulated tool, as the tool sees it. */
export type ToolCall = {
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** The environment that the caller gave, and HOME. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array | null;
  readonly change: Change;
  /** A file of the world by path, relative to `cwd` or absolute; `/dev/stdin` is stdin. Undefined where there is none. */
  read(path: string): Uint8Array | undefined;
  /** The absolute form of a path given on the command line. */
  path(path: string): string;
  /** Spends virtual time. Throws `Interrupted` when the process is signalled meanwhile. */
  spend(ms: Ms): Promise<void>;
  /** Names the node, release or object that the call went to, for the log of what was received. */
  target(name: string): void;
};

export type ToolResult = { exit: number; stdout: string | Uint8Array; stderr: string };

/** A simulated tool. What it does not simulate it must refuse by `notSimulated`: a gap of the lab is never an answer of the tool. */
export type SimulatedTool = {
  name: string;
  /** As the tool's own version command tells it, without a leading `v`. */
  version: string;
  /** Whether this argv only reads; where it is told, a probe with another argv is refused before it runs. */
  reads?: (argv: readonly string[]) => boolean;
  run(model: Model, call: ToolCall): Promise<ToolResult>;
};

/** Thrown by `spend` when the process gets a signal. A tool may catch it and leave as the real one does; otherwise the signal ends it. */
export class Interrupted extends Error {
  readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL';
  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL') {
    super(`interrupted by ${signal}`);
    this.name = 'Interrupted';
    this.signal = signal;
  }
}

/** Our bug: the lab was asked for something that it does not play, or was used against its rules. */
export class LabBug extends Error {
  constructor(message: string) {
    super(`lab: ${message}`);
    this.name = 'LabBug';
  }
}

/** Ends the rehearsal: the lab does not play this command. */
export function notSimulated(tool: string, argv: readonly string[], why = ''): never {
  throw new LabBug(`\`${[tool, ...argv].join(' ')}\` is not simulated${why === '' ? '' : `: ${why}`}`);
}
