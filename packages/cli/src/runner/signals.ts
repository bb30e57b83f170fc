import { writeErr } from './output.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs work that ends cleanly when it is asked to. The first signal aborts `stop`, so that children are ended and the
 * journal is closed; a further one only says so, since a second interrupt can cost a tool its state.
 */
export async function untilStopped<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      writeErr('still ending: what runs is being stopped and the journal closed\n');
      return;
    }
    writeErr(`\n${signal}: ending what runs, closing the journal\n`);
    controller.abort(new Error(signal));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
