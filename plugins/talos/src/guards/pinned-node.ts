import type { Guard } from '@coldstart/contract';
import { gatherViews } from '../detector/gather.ts';
import { signalsOf } from '../detector/signals.ts';
import { detect } from '../detector/verdict.ts';
import { bootstrapNodeOf, clusterOf } from '../facts.ts';
import { contradictions, identityPath, readIdentity } from '../identity.ts';

/** Bootstrap goes to the recorded node only, and every control plane is still known to hold no etcd data. */
export const pinnedNodeGuard: Guard = {
  id: 'talos/pinned-node',
  look: async ({ world, facts, past }) => {
    const { name, caFingerprint } = clusterOf(facts);
    const node = bootstrapNodeOf(facts);
    const known = await readIdentity(world, name);
    const wrong = contradictions(known, { talosCa: caFingerprint, bootstrapNode: node.name });
    if (known?.bootstrapNode !== node.name || wrong.length > 0)
      return {
        ok: false,
        signals: [
          {
            name: 'bootstrap node',
            subject: name,
            expected: node.name,
            observed: known?.bootstrapNode ?? 'not recorded',
            ok: false,
            source: identityPath(name),
          },
        ],
        cause: wrong.join('; ') || `${identityPath(name)} does not record ${node.name}`,
        remedy: `Use the node that is recorded in ${identityPath(name)}.`,
        page: 'identity',
      };
    const detection = detect(await gatherViews(world, facts, past));
    const signals = signalsOf(detection);
    if (detection.verdict === 'safe') return { ok: true, signals };
    return {
      ok: false,
      signals,
      cause: `bootstrapping is not safe any more: ${detection.reasons.join('; ')}`,
      remedy: 'Find out what each control plane holds (coldstart talos etcd), and never bootstrap a second one.',
      page: 'etcd-unknown',
    };
  },
};
