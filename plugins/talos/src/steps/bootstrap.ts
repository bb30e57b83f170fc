import {
  identityPath,
  readIdentity,
  type ChangingStep,
  type Identity,
  type Look,
  type Observation,
} from '@coldstart/contract';
import { classifyTalos } from '../classify.ts';
import { gatherViews } from '../detector/gather.ts';
import { signalsOf } from '../detector/signals.ts';
import { roleOf } from '../detector/role.ts';
import { detect, type Detection } from '../detector/verdict.ts';
import { memberIdsOf, type ControlPlaneView } from '../detector/view.ts';
import { diagnoseControlPlanes } from '../diagnose/control-planes.ts';
import { explainVerdict } from '../diagnose/explain.ts';
import { bootstrapNodeOf, clusterOf, policyOf } from '../facts.ts';
import { anotherEtcd, contradictions } from '../identity.ts';
import { flagsFor, reachOf } from '../node/ask.ts';
import { lastSent, sinceThen } from '../node/past.ts';
import { adviceFor } from '../remedies.ts';
import { talosctl } from './actions.ts';

export const BOOTSTRAP_STEP = 'talos/bootstrap';
const ACTION = 'bootstrap';
const LOOK_FIRST = 'Find out what each control plane holds (coldstart talos etcd), and never bootstrap a second one.';

/**
 * Makes the one etcd cluster, on the one node that is fixed for it. `bootstrap` refuses only where the *local* data
 * directory is not empty (talos#5500), so every control plane is asked first, and a mixed or unclear answer refuses.
 */
export const bootstrap: ChangingStep = {
  id: BOOTSTRAP_STEP,
  kind: 'change',
  phase: 'talos',
  title: 'etcd is bootstrapped',
  needs: ['talos/cluster', 'talos/nodes', 'talos/policy', 'talos/applied'],
  provides: ['talos/bootstrapped'],
  // A control plane that failed is judged by the detector and the etcd gate.
  despite: ['talos/apply-controlplanes'],
  criteria: [{ id: 'talos/bootstrap/one-cluster', title: 'There is exactly one etcd cluster', needs: 'any' }],
  observe,
  plan: ({ facts }) => {
    const node = bootstrapNodeOf(facts);
    const { name, caFingerprint } = clusterOf(facts);
    return [
      {
        do: 'merge',
        id: 'record',
        why: `record ${node.name} as the only node that etcd is bootstrapped on`,
        target: node.name,
        path: identityPath(name),
        fn: 'talos/identity-record',
        in: [],
        with: { cluster: name, talosCa: caFingerprint, bootstrapNode: node.name },
        mode: 0o644,
        risk: 'change',
        guard: ['talos/identity'],
      },
      talosctl({
        id: ACTION,
        why: `make the etcd cluster on ${node.name}`,
        target: node.name,
        argv: ['bootstrap', ...flagsFor(reachOf(facts), 'secure', node.address)],
        deadline: policyOf(facts).bootstrap.deadline,
        risk: 'once',
        guard: ['talos/identity', 'talos/pinned-node'],
      }),
    ];
  },
  classify: classifyTalos,
  retry: (facts) => {
    const { first, factor, max, retries } = policyOf(facts).bootstrap;
    return { first, factor, max, retries, jitter: policyOf(facts).apply.jitter };
  },
  settle: (facts) => {
    const { every, within } = policyOf(facts).bootstrap;
    return { every, within, stableFor: 0 };
  },
  diagnose: diagnoseControlPlanes,
  explain: explainVerdict,
};

async function observe(look: Look): Promise<Observation> {
  const { world, facts, past, cluster: name } = look;
  const { caFingerprint } = clusterOf(facts);
  const node = bootstrapNodeOf(facts);
  const views = await gatherViews(world, facts, past);
  const detection = detect(views);
  const signals = signalsOf(detection);
  const why = detection.reasons.join('; ');
  const known = await readIdentity(world, name);

  switch (detection.verdict) {
    case 'done':
    case 'joining':
      return bootstrapped(look, views, known, signals);
    case 'split':
      return {
        state: 'blocked',
        refuse: true,
        signals,
        cause: `there is more than one etcd cluster: ${why}`,
        remedy: `Decide which one holds your data, and reset the control planes of the other. ${LOOK_FIRST}`,
        page: 'etcd-split',
      };
    case 'unknown':
      return unknown(look, detection, signals, why);
    case 'safe':
      break;
  }

  const wrong = contradictions(known, { talosCa: caFingerprint, bootstrapNode: node.name });
  if (wrong.length > 0)
    return { state: 'blocked', refuse: true, signals, cause: wrong.join('; '), ...adviceFor('record-differs') };
  // One that restarts shows no data for a while, so it is looked at again before it is refused.
  if (known?.etcdMembers && known.etcdMembers.length > 0)
    return {
      state: 'unknown',
      refuse: true,
      signals,
      cause: `${identityPath(name)} records an etcd cluster (members ${known.etcdMembers.join(', ')}), and no control plane shows one`,
      ...adviceFor('record-differs'),
    };
  return waitingFor(look, views, signals) ?? { state: 'needed', signals, ...deviating(views) };
}

/** There is one cluster: the recorded one, or the first that is seen. */
function bootstrapped(
  { facts, cluster }: Look,
  views: readonly ControlPlaneView[],
  known: Identity | undefined,
  signals: Observation['signals'],
): Observation {
  const live = memberIdsOf(views);
  const other = anotherEtcd(known, live);
  if (other)
    return {
      state: 'blocked',
      refuse: true,
      signals,
      cause: `another etcd cluster than the recorded one is there: ${identityPath(cluster)} records the members ${other.join(', ')}, seen ${live.join(', ')}`,
      ...adviceFor('record-differs'),
    };
  const { caFingerprint } = clusterOf(facts);
  const wrong = contradictions(known, { talosCa: caFingerprint });
  if (wrong.length > 0)
    return { state: 'blocked', refuse: true, signals, cause: wrong.join('; '), ...adviceFor('record-differs') };
  return {
    state: 'done',
    signals,
    facts: { 'talos/bootstrapped': { node: bootstrapNodeOf(facts).name } },
    pins: [
      { at: ['talosCa'], value: caFingerprint },
      // A member more or less is the same cluster still.
      { at: ['etcdMembers'], value: live, replace: true },
    ],
  };
}

/**
 * Somebody did not tell enough. Just after our own bootstrap that is etcd starting; otherwise it may pass, and what stays
 * is refused.
 */
function unknown(look: Look, detection: Detection, signals: Observation['signals'], why: string): Observation {
  const sent = lastSent(look.past, [BOOTSTRAP_STEP], look.key, ACTION);
  const quiet = !detection.rows.some((row) => row.etcd === 'foreign' || row.etcd === 'unseen');
  if (sent && quiet && sinceThen(look.world, sent) < policyOf(look.facts).bootstrap.within)
    return {
      state: 'converging',
      signals,
      cause: `etcd was bootstrapped and does not answer yet: ${why}`,
      ...adviceFor('etcd-not-up'),
    };
  const foreign = detection.rows.some((row) => row.etcd === 'foreign');
  return {
    state: foreign ? 'blocked' : 'unknown',
    refuse: true,
    signals,
    cause: `it is not certain that no etcd cluster exists: ${why}`,
    remedy: foreign
      ? adviceFor('foreign-ca').remedy
      : `${LOOK_FIRST} A control plane that is dead and surely holds no data can be taken for empty with --assume-empty NODE.`,
    page: foreign ? 'foreign-ca' : 'etcd-unknown',
  };
}

/** What has to happen before bootstrap is sent, or sent again, to the one node; undefined when it is due. */
function waitingFor(
  { world, facts, past, key }: Look,
  views: readonly ControlPlaneView[],
  signals: Observation['signals'],
): Observation | undefined {
  const node = bootstrapNodeOf(facts);
  const sent = lastSent(past, [BOOTSTRAP_STEP], key, ACTION);
  // The call returns before the data directory exists: an early look back would lie.
  if (sent && sinceThen(world, sent) < policyOf(facts).bootstrap.readBack)
    return {
      state: 'converging',
      signals,
      cause: `bootstrap was sent to ${node.name}, and etcd does not show itself yet`,
      ...adviceFor('etcd-not-up'),
    };
  const view = views.find((v) => v.node === node.name);
  if (view && roleOf(view) === 'waiting') return undefined;
  return {
    state: 'converging',
    signals,
    cause: `${node.name} is to be bootstrapped and is not configured yet: ${view?.trouble ?? view?.class ?? 'not seen'}`,
    remedy: 'Give it its machine config first: coldstart talos apply CLUSTER.',
    page: 'bootstrap-refused',
  };
}

function deviating(views: readonly ControlPlaneView[]): Pick<Observation, 'deviations'> {
  const assumed = views.filter((view) => roleOf(view) === 'assumed empty').map((view) => view.node);
  return assumed.length > 0
    ? { deviations: assumed.map((node) => `${node} was taken for empty without having been seen (--assume-empty)`) }
    : {};
}
