import type { ChangingStep } from '@coldstart/contract';
import { classifyTalos } from '../classify.ts';
import { bootstrapNodeOf, kubeconfigOf, policyOf } from '../facts.ts';
import { kubeconfigState } from '../kubeconfig/state.ts';
import { serverAt } from '../kubernetes.ts';
import { flagsFor, reachOf } from '../node/ask.ts';
import { talosctl } from './actions.ts';

/**
 * Puts the cluster's context into the operators' kubeconfig, other contexts untouched. Its address is the bootstrap
 * node's own: the virtual one answers later, and talos/vip changes to it then.
 */
export const kubeconfig: ChangingStep = {
  id: 'talos/kubeconfig',
  kind: 'change',
  phase: 'talos',
  title: "The operators' kubeconfig leads to the cluster",
  needs: ['talos/cluster', 'talos/nodes', 'talos/policy', 'kubernetes/kubeconfig', 'talos/bootstrapped'],
  provides: ['kubernetes/credentials'],
  criteria: [
    { id: 'talos/kubeconfig/works', title: "The kubeconfig holds the cluster's context and CA", needs: 'any' },
  ],
  observe: async ({ world, facts }) => {
    const access = kubeconfigOf(facts);
    const seen = await kubeconfigState(world, facts);
    const open = seen.signals.find((signal) => signal.name === 'kubeconfig mode' && !signal.ok);
    const deviations = [
      ...(open ? [`${access.path} can be read by others (mode ${String(open.observed)})`] : []),
      ...(seen.foreign
        ? [`the context ${access.context} in ${access.path} led to a cluster with another CA; it was replaced`]
        : []),
    ];
    if (seen.stale !== null)
      return {
        state: 'needed',
        signals: seen.signals,
        cause: `${access.path}, context ${access.context}: ${seen.stale}`,
        remedy: 'Fetch it again: coldstart talos kubeconfig CLUSTER.',
        page: 'kubeconfig',
        deviations,
      };
    return {
      state: 'done',
      signals: seen.signals,
      deviations,
      facts: { 'kubernetes/credentials': { ...access, server: seen.server } },
    };
  },
  plan: ({ facts }) => {
    const node = bootstrapNodeOf(facts);
    const { path, context } = kubeconfigOf(facts);
    return [
      talosctl({
        id: 'fetch',
        why: `fetch an admin kubeconfig from ${node.name}`,
        target: node.name,
        argv: ['kubeconfig', '-', ...flagsFor(reachOf(facts), 'secure', node.address)],
        deadline: policyOf(facts).kubeconfig.deadline,
        risk: 'read',
        guard: ['talos/identity'],
        out: { as: 'kubeconfig', secret: true, keep: 'none' },
      }),
      {
        do: 'merge',
        id: 'merge',
        why: `put the context ${context} into ${path}; other contexts and the current one stay`,
        target: path,
        path,
        fn: 'talos/kubeconfig-merge',
        in: [{ ref: 'out/kubeconfig' }],
        with: { context, server: serverAt(node.address) },
        mode: 0o600,
        risk: 'change',
        guard: ['talos/identity'],
      },
    ];
  },
  classify: classifyTalos,
  retry: (facts) => {
    const { first, factor, max, jitter } = policyOf(facts).apply;
    return { first, factor, max, jitter, retries: policyOf(facts).kubeconfig.retries };
  },
  settle: (facts) => ({
    every: policyOf(facts).kubeconfig.every,
    within: policyOf(facts).kubeconfig.within,
    stableFor: 0,
  }),
};
