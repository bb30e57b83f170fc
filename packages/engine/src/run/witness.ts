import type { Facts } from '@coldstart/contract';
import type { RunContext } from './context.ts';
import { readerOf } from './reader.ts';

/**
 * Asks every plugin's witness which parts of the world declare themselves as simulated, and journals what is new.
 * A rehearsal knows without asking. It is asked at the start and at the end: a node that installs while the run begins
 * cannot say what it is.
 */
export async function hearWitnesses(run: RunContext, facts: Facts, heard: Set<string>): Promise<void> {
  if (run.world.mode !== 'live' && run.world.mode !== 'lab-wire') return;
  const world = readerOf(run.world);
  const told = await Promise.all(run.kit.witnesses.map((witness) => witness.look({ facts, world })));
  for (const part of told.flat()) {
    if (heard.has(part) || run.stop.aborted) continue;
    heard.add(part);
    await run.journal.write({ type: 'simulated', part });
  }
}
