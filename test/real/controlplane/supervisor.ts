/**
 * A process of its own that starts the components of a control plane and ends them, by pid. It ends all of them
 * when it is told to, when its stdin closes (so when the starter has died, however it died), when it gets a signal,
 * and when its time is up. Started by supervised.ts, which speaks the other half:
 *
 *     node supervisor.ts WITHIN_MS        stdin: Order per line        stdout: Report per line
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { killGroup } from '../children.ts';
import { reservePorts } from './ports.ts';

export type Start = {
  do: 'start';
  name: string;
  file: string;
  argv: string[];
  env: Record<string, string>;
  log: string;
};
export type Order = Start | { do: 'stop'; name: string } | { do: 'end' };
export type Report =
  | { event: 'ready'; ports: number[] }
  | { event: 'started'; name: string; pid: number }
  | { event: 'exited'; name: string; exit: number | null; signal: string | null; why?: string };

/** How long a component may take to end by itself after SIGTERM. The API server takes about two seconds. */
const grace = 5_000;

type Child = { process: ChildProcess; gone: Promise<void> };
const children = new Map<string, Child>();

const report = (line: Report): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
// The starter may be dead: nobody reads, and the work of ending goes on.
process.stdout.on('error', () => {});

const start = ({ name, file, argv, env, log }: Start): void => {
  const fd = openSync(log, 'a', 0o600);
  const child = spawn(file, argv, { env, stdio: ['ignore', fd, fd], detached: true });
  closeSync(fd);
  const gone = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      report({ event: 'exited', name, exit: null, signal: null, why: error.message });
      resolve();
    });
    child.once('exit', (exit, signal) => {
      report({ event: 'exited', name, exit, signal });
      resolve();
    });
  });
  children.set(name, { process: child, gone });
  if (child.pid !== undefined) report({ event: 'started', name, pid: child.pid });
};

const stop = async (name: string): Promise<void> => {
  const child = children.get(name);
  const pid = child?.process.pid;
  if (!child || pid === undefined || child.process.exitCode !== null || child.process.signalCode !== null) return;
  killGroup(pid, 'SIGTERM');
  const timer = setTimeout(() => killGroup(pid, 'SIGKILL'), grace);
  await child.gone;
  clearTimeout(timer);
};

let ending = false;
/** What uses the API ends first, the API server after them, and etcd last: the reverse of the start. */
const end = async (): Promise<void> => {
  if (ending) return;
  ending = true;
  const [etcd, api, ...clients] = [...children.keys()];
  await Promise.all(clients.map(stop));
  if (api) await stop(api);
  if (etcd) await stop(etcd);
  await block.release();
  process.exit(0);
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end());
setTimeout(() => void end(), Number(process.argv[2]));
const block = await reservePorts();

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = JSON.parse(line) as Order;
    if (ending) return;
    if (order.do === 'start') start(order);
    else if (order.do === 'stop') void stop(order.name);
    else void end();
  })
  .on('close', () => void end());
report({ event: 'ready', ports: block.ports });
