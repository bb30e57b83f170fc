import { EXIT, Problem, type World } from '@coldstart/contract';

/** A run's id: when it began to the millisecond, so that names sort by time, and four hex digits against another machine's. */
export function runId(world: World): string {
  const stamp = world.now().replaceAll(/[-:.]/g, '');
  return `${stamp}-${Math.floor(world.random() * 0x10000)
    .toString(16)
    .padStart(4, '0')}`;
}

/** Which life of the cluster this is, as `identity.json` tells; 1 where nothing is recorded. */
export async function generationOf(world: World, stateDir: string): Promise<number> {
  const bytes = await world.read(`${stateDir}/identity.json`);
  if (!bytes) return 1;
  try {
    const { generation } = JSON.parse(new TextDecoder().decode(bytes)) as { generation?: unknown };
    return typeof generation === 'number' && Number.isInteger(generation) && generation > 0 ? generation : 1;
  } catch (error) {
    throw new Problem(`${stateDir}/identity.json is not JSON.`, {
      exit: EXIT.usage,
      remedy: 'Restore it from Git, or remove it.',
      cause: error,
    });
  }
}
