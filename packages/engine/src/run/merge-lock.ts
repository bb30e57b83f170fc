import { EXIT, isProblem, type World } from '@coldstart/contract';
import { takeLock, type Lock } from '../world/lock.ts';

const WAIT = 10_000;
const EVERY = 100;

/**
 * Holds `PATH.coldstart-lock` while `work` runs, so that two runs that write into one file (two clusters, one kubeconfig)
 * take turns. Waits at most 10 s for the other.
 */
export async function withLock<T>(
  world: World,
  path: string,
  run: { id: string; stop: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  const lock = await waitForLock(world, `${path}.coldstart-lock`, run);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

async function waitForLock(world: World, path: string, run: { id: string; stop: AbortSignal }): Promise<Lock> {
  const until = world.mono() + WAIT;
  for (;;) {
    try {
      return await takeLock(world, path, { run: run.id, procedure: 'merge' });
    } catch (error) {
      if (!isProblem(error) || error.exit !== EXIT.refused || world.mono() >= until || run.stop.aborted) throw error;
    }
    await world.sleep(EVERY, run.stop);
  }
}
