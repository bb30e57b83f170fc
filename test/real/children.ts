import { spawn } from 'node:child_process';

/** How a child ended. `exit` is null when a signal ended it; `deadline` tells that it was ours, for being late. */
export type Finished = {
  exit: number | null;
  signal: NodeJS.Signals | null;
  deadline: boolean;
  stdout: string;
  stderr: string;
  /** Wall time in milliseconds. */
  took: number;
};

export type RunOptions = {
  cwd?: string;
  /** The whole environment of the child, not an addition to ours. */
  env?: NodeJS.ProcessEnv;
  stdin?: string;
  /** Milliseconds after which its process group is killed. */
  deadline: number;
  /** Ends its process group early. */
  stop?: AbortSignal;
  /** Told once it runs. */
  started?: (pid: number) => void;
  /** A leash ends it where we end before it, and more gently than the SIGKILL that it would get otherwise. */
  leashed?: boolean;
};

/** Ends a whole process group; one that is gone already is fine. */
export const killGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/** Process groups that do not outlive us: a Ctrl-C does not reach them, and an orderly end comes without waiting for them. */
const unheld = new Set<number>();
const endUnheld = (): void => {
  for (const pid of unheld) killGroup(pid, 'SIGKILL');
};
const withUs = (pid: number): void => {
  if (unheld.size === 0) process.once('exit', endUnheld);
  unheld.add(pid);
};
const notWithUs = (pid: number): void => {
  if (unheld.delete(pid) && unheld.size === 0) process.off('exit', endUnheld);
};

/**
 * Runs a command without a shell, in a process group of its own, and waits for its end. Exit codes are results, not
 * errors; it throws only where the command could not start.
 */
export const run = (file: string, argv: string[], options: RunOptions): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(file, argv, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: options.env ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    if (child.pid !== undefined) {
      if (!options.leashed) withUs(child.pid);
      options.started?.(child.pid);
    }
    const out = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (out.stderr += text));
    // A child that does not read its stdin closes the pipe early; its exit code tells the rest.
    child.stdin.on('error', () => {});
    child.stdin.end(options.stdin ?? '');

    let late = false;
    const end = (): void => {
      if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL');
    };
    const timer = setTimeout(() => {
      late = true;
      end();
    }, options.deadline);
    options.stop?.addEventListener('abort', end, { once: true });
    const settled = (): void => {
      clearTimeout(timer);
      options.stop?.removeEventListener('abort', end);
      if (child.pid !== undefined) notWithUs(child.pid);
    };

    child.once('error', (error) => {
      settled();
      reject(new Error(`${file} could not start: ${error.message}`, { cause: error }));
    });
    child.once('close', (exit, signal) => {
      settled();
      resolve({ exit, signal, deadline: late, ...out, took: Math.round(performance.now() - began) });
    });
  });

/** The same, but anything except exit 0 throws, with the last lines of what the command said. */
export const must = async (file: string, argv: string[], options: RunOptions): Promise<Finished> => {
  const done = await run(file, argv, options);
  if (done.exit === 0) return done;
  throw new Error(`${[file, ...argv].join(' ')}: ${howItEnded(done, options.deadline)}\n${lastLines(done, 15)}`);
};

export const howItEnded = (done: Finished, deadline: number): string =>
  done.deadline ? `not done after ${deadline / 1000} s` : done.signal ? `ended by ${done.signal}` : `exit ${done.exit}`;

/** The last lines of stderr, or of stdout where stderr is empty. */
export const lastLines = (done: Finished, count: number): string =>
  (done.stderr.trim() || done.stdout.trim()).split('\n').slice(-count).join('\n');
