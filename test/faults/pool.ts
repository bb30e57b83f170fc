import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** One process for each processor. */
export const JOBS = String(availableParallelism());

type Answer<Result> = { result: Result; cpu: number };

/**
 * Hands tasks to `jobs` processes of `script`, each the next one as soon as it is free, and `took` each result in the order
 * of completion. Ends early when `took` says false. Returns the processor time (ms) that the tasks took together.
 */
export async function pool<Task, Result>(
  script: string,
  args: readonly string[],
  tasks: readonly Task[],
  jobs: number,
  took: (task: Task, result: Result) => boolean,
): Promise<number> {
  const left = tasks[Symbol.iterator]();
  let stopped = false;
  let cpu = 0;
  const children = Array.from({ length: Math.min(jobs, tasks.length) }, (): ChildProcess =>
    fork(script, [...args, '--worker'], { execArgv: ['--conditions=source'] }),
  );
  await Promise.all(
    children.map(
      (child) =>
        new Promise<void>((done, failed) => {
          let task: Task | undefined;
          const next = (): void => {
            const { done: empty, value } = stopped ? { done: true, value: undefined } : left.next();
            if (empty) return child.disconnect();
            task = value;
            child.send(value as never);
          };
          child.on('message', ({ result, cpu: spent }: Answer<Result>) => {
            cpu += spent;
            if (!took(task as Task, result)) stopped = true;
            next();
          });
          child.on('error', failed);
          child.on('exit', (code, signal) => {
            if (code === 0) return done();
            stopped = true;
            failed(new Error(`a worker ended with ${signal ?? code} at ${JSON.stringify(task)}`));
          });
          next();
        }),
    ),
  ).finally(() => {
    for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  });
  return cpu;
}

/** The other side: does each task that comes, until the pool lets go. */
export async function serve<Task, Result>(work: (task: Task) => Promise<Result>, end: () => void): Promise<void> {
  // Whoever hands out the tasks decides when it is over.
  process.on('SIGINT', () => {});
  process.on('message', (task: Task) => {
    const before = process.cpuUsage();
    void work(task).then((result) => {
      const { user, system } = process.cpuUsage(before);
      process.send?.({ result, cpu: (user + system) / 1000 } satisfies Answer<Result>);
    });
  });
  await new Promise<void>((gone) => process.once('disconnect', () => gone()));
  end();
}
