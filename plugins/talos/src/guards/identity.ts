import type { Guard, Look } from '@coldstart/contract';
import { bootstrapNodeOf, type TalosNode } from '../facts.ts';
import { reachOf } from '../node/ask.ts';
import { lookAtNode } from '../node/look.ts';
import { adviceFor } from '../remedies.ts';

/**
 * The node that an action goes to is in maintenance or shows the repository's CA. One that cannot be asked passes:
 * nothing reaches it, and a foreign one would refuse the call at its certificate.
 */
export const identityGuard: Guard = {
  id: 'talos/identity',
  look: async (look) => {
    const node = nodeOf(look);
    const seen = await lookAtNode(look.world, reachOf(look.facts), node);
    if (seen.class !== 'foreign') return { ok: true, signals: seen.signals };
    return {
      ok: false,
      signals: seen.signals,
      cause: `${node.name} (${node.address}) shows a certificate of another cluster's CA`,
      ...adviceFor('foreign-ca'),
    };
  },
};

/** The step's own node, or the bootstrap node for steps of the whole cluster. */
function nodeOf(look: Look): TalosNode {
  const item = look.item as Partial<TalosNode> | undefined;
  return typeof item?.address === 'string' ? (item as TalosNode) : bootstrapNodeOf(look.facts);
}
