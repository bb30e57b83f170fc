import { setTimeout as wait } from 'node:timers/promises';
import type { Child, Done, Ms, StopRule } from '@coldstart/contract';
import { endGroup, startOf } from './child.ts';
import { Capped, Tail } from './output.ts';

const MOST_STDOUT = 64 * 1024 * 1024;
const MOST_STDERR = 256 * 1024;
/** How long output may still come after the process has ended: a daemon that it left may hold the pipe open for ever. */
const DRAIN = 500;
/** The longest that a timer can be set to (2^31 − 1 ms). */
const LONGEST = 2_147_483_647;

export type Call = {
  path: string;
  argv: readonly string[];
  cwd: string;
  env: Record<string, string>;
  stdin?: Uint8Array;
  deadline: Ms;
};

/**
 * Runs a program without a shell, in a process group and session of its own, and waits for its end.
 * When its time is up, `stop` fires, or it prints more than 64 MiB, the group gets the rule's one signal, and SIGKILL after
 * the grace time where the rule allows it; where it does not, its own end is waited for, however long it takes.
 */
export async function runProcess(
  call: Call,
  rule: StopRule,
  spawned: (child: Child) => Promise<void>,
  stop: AbortSignal,
): Promise<Done> {
  // Loaded here: it takes 65 ms, and `--help` needs no tool.
  const { execa } = await import('execa');
  const nothing = { exit: null, stdout: new Uint8Array(), stderr: '' };
  if (stop.aborted) return { ...nothing, how: 'stopped' };
  const process = execa(call.path, [...call.argv], {
    cwd: call.cwd,
    env: call.env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    encoding: 'buffer',
    stdin: call.stdin ?? 'ignore',
  });
  process.catch(() => {});
  const { pid } = process;
  if (pid === undefined) {
    const { originalMessage, shortMessage } = await process;
    return { ...nothing, how: 'spawn', stderr: originalMessage ?? shortMessage ?? 'it could not be started' };
  }
  // At once: while we have not yielded, even a process that has ended already is not collected, and tells its start.
  const child: Child = { pid, started: startOf(pid) };

  const stdout = new Capped(MOST_STDOUT);
  const stderr = new Tail(MOST_STDERR);
  const ended = new Promise<{ exit: number | null; signal: string | null }>((resolve) =>
    process.nodeChildProcess.once('exit', (exit, signal) => resolve({ exit, signal })),
  );
  const drained = Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise((done) => stream.once('close', done))),
  );
  let flood = (): void => {};
  const flooded = new Promise<'flood'>((resolve) => (flood = () => resolve('flood')));
  process.stdout.on('data', (chunk: Buffer) => {
    if (!stdout.add(chunk)) flood();
  });
  process.stderr.on('data', (chunk: Buffer) => stderr.add(chunk));

  const recorded = spawned(child);
  const watch = new AbortController();
  const reason = await Promise.race([
    ended.then(() => undefined),
    flooded,
    recorded.then(
      () => new Promise<never>(() => {}),
      () => 'unrecorded' as const,
    ),
    wait(Math.min(call.deadline, LONGEST), 'deadline' as const, { signal: watch.signal }).catch(() => undefined),
    aborted(stop, watch.signal).then(() => 'stopped' as const),
  ]);
  watch.abort();
  if (reason !== undefined) await endGroup(pid, rule);
  const { exit, signal } = await ended;
  const drain = new AbortController();
  await Promise.race([drained, wait(DRAIN, undefined, { signal: drain.signal }).catch(() => {})]);
  drain.abort();
  process.stdout.destroy();
  process.stderr.destroy();
  await recorded;

  const how =
    reason === 'deadline' || reason === 'stopped' ? reason : reason === 'flood' || signal !== null ? 'signal' : 'exit';
  const said = stderr.text();
  return {
    // A tool that ends well because we told it to has not done its work.
    exit: reason === 'flood' ? null : exit,
    ...(signal !== null && { signal }),
    how,
    stdout: stdout.bytes(),
    stderr: reason === 'flood' ? `${said}\nended by coldstart: it printed more than ${MOST_STDOUT} bytes\n` : said,
  };
}

/** Resolves when `stop` fires, unless `over` fires first; leaves no listener behind. */
function aborted(stop: AbortSignal, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve();
    const fire = (): void => resolve();
    stop.addEventListener('abort', fire, { once: true });
    over.addEventListener('abort', () => stop.removeEventListener('abort', fire), { once: true });
  });
}
