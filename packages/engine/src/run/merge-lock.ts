import { EXIT, isProblem, type World } from '@coldstart/contract';
import { lockHolder, takeLock, type Lock } from '../world/lock.ts';

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
  const lock = await waitForLock(world, besides(path), run);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/**
 * Takes away the lock that a killed run left beside a file, which nobody may write into again for long. One that another run or
 * another machine has, or whose process may be alive, stays.
 */
export async function clearLock(world: World, path: string, killed: string, run: { id: string }): Promise<void> {
  const beside = besides(path);
  if ((await lockHolder(world, beside))?.run !== killed) return;
  try {
    // By way of taking it over, which another machine's refuses, and a living one's; and no third one's is taken away.
    await (await takeLock(world, beside, { run: run.id, procedure: 'merge' })).release();
  } catch (error) {
    if (!isProblem(error) || error.exit !== EXIT.refused) throw error;
  }
}

const besides = (path: string): string => `${path}.coldstart-lock`;

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
