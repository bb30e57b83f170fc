import { readIdentity, type Guard, type Look, type Signal } from '@coldstart/contract';
import { bootstrapNodeOf, clusterOf, policyOf, type TalosNode } from '../facts.ts';
import { contradictions } from '../identity.ts';
import { judgeMachine, refusalOf } from '../machine/judge.ts';
import { reachOf } from '../node/ask.ts';
import { lookAtNode } from '../node/look.ts';
import { adviceFor } from '../remedies.ts';

/**
 * The node that an action goes to is this cluster's: the repository's CA is the recorded one, and the node shows it, or is in
 * maintenance and the machine that is meant. One that cannot be asked passes: nothing reaches it, and a foreign one would
 * refuse the call at its certificate.
 */
export const identityGuard: Guard = {
  id: 'talos/identity',
  look: async (look) => {
    const node = nodeOf(look);
    const { caFingerprint } = clusterOf(look.facts);
    const wrong = contradictions(await readIdentity(look.world, look.cluster), { talosCa: caFingerprint });
    if (wrong.length > 0) return { ok: false, signals: [], cause: wrong.join('; '), ...adviceFor('record-differs') };
    const seen = await lookAtNode(look.world, reachOf(look.facts), node);
    if (seen.class === 'maintenance') return machineAgain(look, node, seen.signals);
    if (seen.class !== 'foreign') return { ok: true, signals: seen.signals };
    return {
      ok: false,
      signals: seen.signals,
      cause: `${node.name} (${node.address}) shows a certificate of another cluster's CA`,
      ...adviceFor('foreign-ca'),
    };
  },
};

const MOST_LOOKS = 3;

/** Whether the machine is the one that is meant; asked again while it only does not tell. */
async function machineAgain(look: Look, node: TalosNode, signals: Signal[]): ReturnType<Guard['look']> {
  for (let looks = 1; ; looks += 1) {
    const verdict = await judgeMachine(look, node);
    if (verdict.is === 'untold' && looks < MOST_LOOKS) continue;
    const refusal = refusalOf(verdict, node, policyOf(look.facts).firstSight);
    const all = [...signals, ...verdict.signals];
    return refusal ? { ok: false, signals: all, ...refusal } : { ok: true, signals: all };
  }
}

/** The step's own node, or the bootstrap node for steps of the whole cluster. */
function nodeOf(look: Look): TalosNode {
  const item = look.item as Partial<TalosNode> | undefined;
  return typeof item?.address === 'string' ? (item as TalosNode) : bootstrapNodeOf(look.facts);
}
