import { EXIT, Problem } from '@coldstart/contract';
import { writeErr } from './output.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type Stop = {
  signal: AbortSignal;
  /** Where messages go while something else paints on stderr. */
  say: (text: string) => void;
};

/**
 * Runs work that ends cleanly when it is asked to. The first signal aborts `stop.signal`, so that children are ended and the
 * journal is closed; a further one only says so, since a second interrupt can cost a tool its state.
 *
 * @throws Problem (exit 130) where the work, interrupted, has no result to give
 */
export async function untilStopped<T>(work: (stop: Stop) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop: Stop = { signal: controller.signal, say: (text) => writeErr(`${text}\n`) };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) return stop.say('still ending: what runs is being stopped, and the journal closed');
    stop.say(`${signal}: ending what runs, and closing the journal`);
    controller.abort(new Error(signal));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work(stop);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    throw new Problem('interrupted', { exit: EXIT.interrupted, remedy: 'the same command goes on', cause: error });
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
