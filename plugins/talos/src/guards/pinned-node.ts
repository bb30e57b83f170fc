import { identityPath, readIdentity, type Guard } from '@coldstart/contract';
import { gatherViews } from '../detector/gather.ts';
import { signalsOf } from '../detector/signals.ts';
import { detect, type Detection } from '../detector/verdict.ts';
import { bootstrapNodeOf, clusterOf } from '../facts.ts';
import { contradictions } from '../identity.ts';
import { adviceFor } from '../remedies.ts';

/** Bootstrap goes to the recorded node only, and every control plane is still known to hold no etcd data. */
export const pinnedNodeGuard: Guard = {
  id: 'talos/pinned-node',
  look: async ({ world, facts, past, cluster: name }) => {
    const { caFingerprint } = clusterOf(facts);
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
    if (known.etcdMembers && known.etcdMembers.length > 0)
      return {
        ok: false,
        signals: [],
        cause: `${identityPath(name)} records an etcd cluster (members ${known.etcdMembers.join(', ')}): this generation has had its bootstrap`,
        ...adviceFor('record-differs'),
      };
    const detection = await detectAgain(() => gatherViews(world, facts, past));
    const signals = signalsOf(detection);
    if (detection.verdict === 'safe') return { ok: true, signals };
    return {
      ok: false,
      // etcd that an earlier bootstrap began, and that was held up, may come up between two looks.
      moved: detection.verdict === 'done' || detection.verdict === 'joining',
      signals,
      cause: `bootstrapping is not safe any more: ${detection.reasons.join('; ')}`,
      remedy: 'Find out what each control plane holds (coldstart talos etcd), and never bootstrap a second one.',
      page: 'etcd-unknown',
    };
  },
};

const MOST_LOOKS = 3;

/**
 * What the detector says; while the only trouble is that somebody did not answer, it is asked again: every
 * answer is one look of all control planes, so nothing is put together from answers of different moments.
 */
async function detectAgain(views: () => ReturnType<typeof gatherViews>): Promise<Detection> {
  for (let looks = 1; ; looks += 1) {
    const detection = detect(await views());
    const silent =
      detection.verdict === 'unknown' &&
      detection.rows.every(({ among }) => ['empty', 'waiting', 'unseen'].includes(among));
    if (!silent || looks >= MOST_LOOKS) return detection;
  }
}
