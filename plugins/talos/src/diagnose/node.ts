import type { Look, Signal } from '@coldstart/contract';
import type { TalosNode } from '../facts.ts';
import { reachOf } from '../node/ask.ts';
import { inspectLooked } from '../node/inspect.ts';
import { lookAtNode } from '../node/look.ts';
import { afterConfig } from './after-config.ts';

/** All that one node and its past tell about why it is not where it should be. */
export async function diagnoseNode(look: Look, node: TalosNode): Promise<Signal[]> {
  const reach = reachOf(look.facts);
  const seen = await lookAtNode(look.world, reach, node);
  const [inspected, after] = await Promise.all([
    inspectLooked(look.world, reach, node, seen),
    afterConfig(look, node, seen.class),
  ]);
  return [...inspected, ...after];
}
