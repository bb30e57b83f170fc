import type { Exec, Mode, Ms } from './schema/index.ts';

/** What a finished process came to. `exit` is null when a signal ended it or it never started. */
export type Done = {
  exit: number | null;
  signal?: string;
  /** `deadline`: we ended it because its time was up. `stopped`: because the run was. `spawn`: it could not be started. */
  how: 'exit' | 'deadline' | 'signal' | 'spawn' | 'stopped';
  stdout: Uint8Array;
  stderr: string;
};

/** It ended by itself, and well. A tool that says 0 because it was ended (`talosctl health` does) has told nothing. */
export const succeeded = (done: Pick<Done, 'how' | 'exit'>): boolean => done.how === 'exit' && done.exit === 0;

/** A read-only command: the tool's declaration says whether this argv only reads, and a world refuses one that does not. */
export type Probe = {
  tool: string;
  argv: string[];
  deadline: Ms;
  stdin?: Uint8Array;
  env?: Record<string, string>;
};

/** The operator's files, read only. Paths are relative to the repository's root, or absolute; `~/` is the home folder. */
export interface Files {
  /** The file's bytes, or undefined where there is none. More than `max` bytes, or a folder, is an error. */
  read(path: string, max?: number): Promise<Uint8Array | undefined>;
  /** The names of the files below a folder, relative to it, sorted; an absent folder is empty. Links to folders are not followed. */
  list(folder: string): Promise<string[]>;
  /** What stands at a path, without following a final link. */
  stat(path: string): Promise<{ kind: 'file' | 'folder' | 'link' | 'other'; mode: number; size: number } | undefined>;
}

/** What `observe` gets of the world: no way to change anything. */
export interface Reader extends Files {
  /** Wall clock, UTC, RFC 3339 with milliseconds. */
  now(): string;
  /** Monotonic milliseconds. */
  mono(): Ms;
  probe(probe: Probe): Promise<Done>;
  /** Where a tool was found, and whether a simulated one answers in its place; undefined where it is missing. */
  tool(name: string): Promise<FoundTool | undefined>;
  /** Tries a TCP connection. */
  dial(host: string, port: number, deadline: Ms): Promise<'open' | 'refused' | 'timeout' | 'unreachable'>;
  /** One of the environment variables that an operator may set for us, e.g. `KUBECONFIG`. */
  env(name: string): string | undefined;
}

/** `version` is what the tool itself printed, parsed by its declaration; null where it did not tell. */
export type FoundTool = { path: string; version: string | null; digest: string | null; simulated: boolean };

/** A running process, as far as a journal needs it to find it again. */
export type Child = { pid: number; started: string };

/** The one door to everything outside. Only the engine holds it; the lab implements the same. */
export interface World extends Reader {
  readonly mode: Mode;
  sleep(ms: Ms, stop?: AbortSignal): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
  /** `started` is this process's own start time, as in `Child`; `boot` names the boot of this machine. */
  host(): { user: string; host: string; pid: number; started: string; boot: string };
  /**
   * Runs a tool. `argv`, `env` and `stdin` are resolved. `spawned` is called once the process is there, and awaited before
   * its result is. When `stop` fires, the process is ended by `rule` and the result says `stopped`.
   */
  spawn(
    call: { tool: string; argv: string[]; cwd?: string; env: Record<string, string>; stdin?: Uint8Array; deadline: Ms },
    rule: Exec['stop'],
    spawned: (child: Child) => Promise<void>,
    stop: AbortSignal,
  ): Promise<Done>;
  /** Whether the very process still runs (same pid and same start time, same boot). */
  alive(child: Child): Promise<boolean>;
  /** Ends a process that an earlier run left, with one signal, then SIGKILL after the grace time where the rule allows it. */
  end(child: Child, rule: Exec['stop']): Promise<boolean>;
  /** A new private file (0600) in scratch with these bytes; scratch is swept by `close`. */
  scratch(name: string, bytes: Uint8Array): Promise<string>;
  /** Writes a file whole: temporary file, fsync, rename, fsync of the folder. Makes missing folders. Never follows a final link. */
  write(path: string, bytes: Uint8Array, mode: number): Promise<void>;
  /** Writes a new file whole; false where one is there already. */
  create(path: string, bytes: Uint8Array, mode: number): Promise<boolean>;
  /** Removes a file; absent is fine. */
  remove(path: string): Promise<void>;
  /** Appends one line to a log (0600) and fsyncs it before it answers. */
  append(path: string, line: string): Promise<void>;
  /** Sweeps scratch. */
  close(): Promise<void>;
}
