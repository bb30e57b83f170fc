import { EXIT, Problem, type World } from '@coldstart/contract';

const WAIT = 10_000;
const EVERY = 100;

/**
 * Holds `PATH.coldstart-lock` while `work` runs, so that two runs that merge into one file (two clusters, one kubeconfig)
 * take turns. Waits at most 10 s; a lock whose process is gone is taken over.
 */
export async function withLock<T>(world: World, path: string, stop: AbortSignal, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.coldstart-lock`;
  const { pid, started, host, boot } = world.host();
  const mine = new TextEncoder().encode(JSON.stringify({ pid, started, host, boot }));
  const began = world.mono();
  while (!(await world.create(lock, mine, 0o600))) {
    if (await isStale(world, lock)) await world.remove(lock);
    else if (world.mono() - began > WAIT)
      throw new Problem(`${path} is being written by another run.`, { exit: EXIT.failed, remedy: `Wait for it; if there is none, remove ${lock}.` });
    else await world.sleep(EVERY, stop);
  }
  try {
    return await work();
  } finally {
    await world.remove(lock);
  }
}

async function isStale(world: World, lock: string): Promise<boolean> {
  const bytes = await world.read(lock);
  if (!bytes) return false;
  try {
    const held = JSON.parse(new TextDecoder().decode(bytes)) as { pid: number; started: string; host: string; boot: string };
    const here = world.host();
    if (held.host !== here.host) return false;
    return held.boot !== here.boot || (held.pid !== here.pid && !(await world.alive(held)));
  } catch {
    return false;
  }
}
