import {
  EXIT,
  identityBytes,
  identityPath,
  Problem,
  readIdentity,
  type Identity,
  type Json,
  type World,
} from '@coldstart/contract';
import { withLock } from './merge-lock.ts';

/**
 * A run's id: when it began to the millisecond, and four hex digits against another machine's. Names sort in the order in which
 * the runs of this state folder began: where the wall clock was put back since the last one, by the millisecond after that.
 */
export async function runId(world: World, stateDir: string): Promise<string> {
  const last = (await world.list(`${stateDir}/runs`)).map(beginningIn).filter(Number.isFinite);
  const began = Math.max(Date.parse(world.now()), ...last.map((at) => at + 1));
  const stamp = new Date(began).toISOString().replaceAll(/[-:.]/g, '');
  return `${stamp}-${Math.floor(world.random() * 0x10000)
    .toString(16)
    .padStart(4, '0')}`;
}

/** The moment in the name of a run's folder, ms since 1970; NaN where it is none. */
function beginningIn(file: string): number {
  return Date.parse(
    file.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-[0-9a-f]{4}\/.*$/, '$1-$2-$3T$4:$5:$6.$7Z'),
  );
}

/** Which life of the cluster this is, as `identity.json` tells; 1 where nothing is recorded. Throws a Problem where it cannot be read. */
export async function generationOf(world: World, cluster: string): Promise<number> {
  return (await recorded(world, cluster))?.generation ?? 1;
}

/**
 * Puts everything aside that is recorded of a cluster, and begins its next generation: all is seen for the first time again.
 * Rests on the operator's consent, whose words are the cluster's name. Returns what was retired, in words; undefined where
 * nothing was recorded.
 */
export async function retirePins(
  world: World,
  cluster: string,
  words: string,
  run: { id: string; stop: AbortSignal },
): Promise<string | undefined> {
  if (words !== cluster)
    throw new Problem(`To put aside what is recorded of a cluster asks for its name, and "${words}" is not it.`, {
      exit: EXIT.refused,
      remedy: `--repin ${cluster}, once you are sure that its machines hold nothing of value.`,
      page: 'identity',
    });
  return withLock(world, identityPath(cluster), run, async () => {
    const known = await recorded(world, cluster);
    if (!known) return undefined;
    const { schema, cluster: name, generation = 1, retired = [], ...pins } = known;
    const old = { generation, until: world.now(), ...pins } as { [key: string]: Json };
    const next: Identity = { schema, cluster: name, generation: generation + 1, retired: [...retired, old] };
    await world.write(identityPath(cluster), identityBytes(next), 0o644);
    const places = Object.keys(pins);
    return `generation ${generation} was retired, generation ${generation + 1} begins: ${places.join(', ') || 'nothing'} is recorded anew (--repin)`;
  });
}

async function recorded(world: World, cluster: string): Promise<Identity | undefined> {
  try {
    return await readIdentity(world, cluster);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Problem(`${identityPath(cluster)} is not what coldstart writes.`, {
      exit: EXIT.usage,
      remedy: 'Restore it from Git, or remove it.',
      page: 'identity',
      cause: error,
    });
  }
}
