import type { ChangingStep, Look, Observation, Signal } from '@coldstart/contract';
import { classifyTalos } from '../classify.ts';
import { clusterOf, kubeconfigOf, policyOf } from '../facts.ts';
import { kubeconfigState } from '../kubeconfig/state.ts';
import { askApi } from '../kubernetes.ts';

/** The operators' kubeconfig uses the cluster's endpoint once that answers: the virtual address, or what stands for it. */
export const vip: ChangingStep = {
  id: 'talos/vip',
  kind: 'change',
  phase: 'talos',
  title: "The kubeconfig uses the cluster's endpoint",
  needs: [
    'talos/cluster',
    'talos/nodes',
    'talos/policy',
    'kubernetes/kubeconfig',
    'kubernetes/credentials',
    'kubernetes/api',
    'talos/etcd',
  ],
  provides: [],
  overlaps: ['talos/apply-workers'],
  despite: ['talos/apply-workers', 'talos/registered'],
  criteria: [{ id: 'talos/vip/answers', title: "The cluster's endpoint answers", needs: 'any' }],
  observe,
  plan: ({ facts }) => {
    const { path, context } = kubeconfigOf(facts);
    const { endpoint } = clusterOf(facts);
    return [
      {
        do: 'merge',
        id: 'server',
        why: `lead the context ${context} to ${endpoint}`,
        target: path,
        path,
        fn: 'talos/kubeconfig-server',
        in: [],
        with: { context, server: endpoint },
        mode: 0o600,
        risk: 'change',
        guard: ['talos/identity'],
      },
    ];
  },
  classify: classifyTalos,
  settle: (facts) => ({ every: policyOf(facts).vip.every, within: policyOf(facts).vip.within, stableFor: 0 }),
};

async function observe({ world, facts }: Look): Promise<Observation> {
  const { endpoint, vip: address } = clusterOf(facts);
  const access = kubeconfigOf(facts);
  const state = await kubeconfigState(world, facts);
  const answer = await askApi(world, access, '/readyz', endpoint);
  const answers: Signal = {
    name: 'endpoint',
    subject: endpoint,
    expected: 'ok',
    observed: answer.ok ? answer.text : answer.why,
    ok: answer.ok,
    source: 'kubectl get --raw /readyz',
  };
  const uses: Signal = {
    name: "kubeconfig's server",
    subject: access.context,
    expected: endpoint,
    observed: state.server,
    ok: state.server === endpoint,
    source: access.path,
  };
  const signals = [answers, uses];

  if (!answer.ok && answer.kind === 'stranger')
    return {
      state: 'blocked',
      refuse: true,
      signals,
      cause: `another cluster's API answers at ${endpoint}`,
      remedy: 'Find out who else uses this address before anything is changed.',
      page: 'foreign-ca',
    };
  if (answer.ok) return uses.ok ? { state: 'done', signals } : { state: 'needed', signals };
  // An endpoint that Talos does not hold itself may need what a later phase installs: the node's address serves until then.
  if (address === null)
    return {
      state: 'done',
      signals,
      deviations: [`${endpoint} does not answer; the kubeconfig keeps ${state.server ?? "a node's address"}`],
    };
  return {
    state: 'converging',
    signals,
    cause: `the virtual address ${address} does not answer: ${answer.why}`,
    remedy:
      'Look whether another machine holds the address, and whether the link of the config carries it; then give the same command again.',
    page: 'vip-silent',
  };
}
