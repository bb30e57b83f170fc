import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { killGroup } from '../children.ts';
import type { Order, Report, Start } from './supervisor.ts';

/** A component that ended, asked or not. */
export type Ended = { name: string; how: string };

export type Supervisor = {
  /** Free ports on 127.0.0.1, ours until the end. */
  ports: number[];
  /** The supervisor's own pid and, by name, those of what it runs. */
  pid: number;
  pids: ReadonlyMap<string, number>;
  start: (component: Omit<Start, 'do'>) => Promise<number>;
  stop: (name: string) => Promise<void>;
  /** What has ended so far, with exit code or signal. */
  ended: () => Ended[];
  /** Ends everything and waits until it is gone. Again is fine. */
  end: () => Promise<void>;
};

/** Starts a supervisor that ends by itself, with all it runs, after `within` milliseconds. */
export const startSupervisor = async (within: number): Promise<Supervisor> => {
  const file = fileURLToPath(new URL('supervisor.ts', import.meta.url));
  // Its own session: a Ctrl-C in the terminal reaches the starter, and its end the supervisor.
  const child = spawn(process.execPath, [file, String(within)], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const pids = new Map<string, number>();
  const ended = new Map<string, Ended>();
  const waiting = new Set<() => void>();
  let ports: number[] | undefined;
  let over = false;

  const look = (): void => {
    for (const check of waiting) check();
  };
  /** Resolves when the condition holds; rejects where it cannot any more, because the supervisor is gone. */
  const until = (what: string, holds: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (holds()) resolve();
        else if (over) reject(new Error(`the supervisor ended before ${what}`));
        else return;
        waiting.delete(check);
      };
      waiting.add(check);
      check();
    });

  createInterface({ input: child.stdout }).on('line', (line) => {
    const report = JSON.parse(line) as Report;
    if (report.event === 'ready') ports = report.ports;
    if (report.event === 'started') pids.set(report.name, report.pid);
    if (report.event === 'exited') {
      const how = report.why ?? report.signal ?? `exit ${report.exit}`;
      ended.set(report.name, { name: report.name, how });
    }
    look();
  });
  child.stdin.on('error', () => {});
  const gone = (): void => {
    over = true;
    // A supervisor that was killed could not end what it ran.
    for (const [name, pid] of pids) if (!ended.has(name)) killGroup(pid, 'SIGKILL');
    look();
  };
  child.once('error', gone);
  child.once('close', gone);

  const order = (line: Order): void => void child.stdin.write(`${JSON.stringify(line)}\n`);
  await until('it was ready', () => ports !== undefined);

  return {
    ports: ports ?? [],
    pid: child.pid ?? 0,
    pids,
    ended: () => [...ended.values()],
    start: async (component) => {
      pids.delete(component.name);
      ended.delete(component.name);
      order({ do: 'start', ...component });
      await until(`${component.name} was started`, () => pids.has(component.name) || ended.has(component.name));
      const pid = pids.get(component.name);
      if (pid === undefined) throw new Error(`${component.name} could not start: ${ended.get(component.name)?.how}`);
      return pid;
    },
    stop: async (name) => {
      order({ do: 'stop', name });
      await until(`${name} ended`, () => ended.has(name));
    },
    end: async () => {
      if (!over) order({ do: 'end' });
      await until('it ended', () => over);
    },
  };
};
