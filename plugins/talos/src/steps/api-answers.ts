import type { CheckingStep, Signal } from '@coldstart/contract';
import { parseReadyz } from '@coldstart/tools';
import { diagnoseControlPlanes } from '../diagnose/control-planes.ts';
import { explain } from '../diagnose/explain.ts';
import { bootstrapNodeOf, controlPlanesOf, kubeconfigOf, policyOf } from '../facts.ts';
import { askApi, serverAt } from '../kubernetes.ts';

/** The Kubernetes API answers on some control plane: enough for workers to join. Every control plane's API is talos/api. */
export const apiAnswers: CheckingStep = {
  id: 'talos/api-answers',
  kind: 'check',
  phase: 'talos',
  title: 'The Kubernetes API answers',
  needs: ['talos/nodes', 'talos/cluster', 'talos/policy', 'kubernetes/kubeconfig', 'kubernetes/credentials'],
  provides: ['kubernetes/answers'],
  settle: (facts) => ({ every: policyOf(facts).api.every, within: policyOf(facts).api.within, stableFor: 0 }),
  observe: async ({ world, facts }) => {
    const access = kubeconfigOf(facts);
    const first = bootstrapNodeOf(facts);
    const signals: Signal[] = [];
    for (const node of [first, ...controlPlanesOf(facts).filter((other) => other.name !== first.name)]) {
      const server = serverAt(node.address);
      const answer = await askApi(world, access, '/readyz', server);
      const ok = answer.ok && parseReadyz(answer.text).ready;
      signals.push({
        name: 'API',
        subject: node.name,
        expected: 'ok on some control plane',
        observed: answer.ok ? answer.text : answer.why,
        ok,
        source: `kubectl get --raw /readyz at ${server}`,
      });
      if (ok) return { state: 'done', signals: signals.slice(-1), facts: { 'kubernetes/answers': { server } } };
      if (!answer.ok && answer.kind === 'stranger')
        return {
          state: 'blocked',
          refuse: true,
          signals,
          cause: `another cluster's API answers at ${server}`,
          remedy: 'Find out which cluster answers there before anything is changed.',
          page: 'foreign-ca',
        };
    }
    return {
      state: 'converging',
      signals,
      cause: `the API answers on no control plane (${first.name}: ${String(signals[0]?.observed)})`,
      remedy:
        'Look at etcd and the control plane pods of the bootstrap node (coldstart talos health CLUSTER), then give the same command again.',
      page: 'api-not-ready',
    };
  },
  diagnose: diagnoseControlPlanes,
  explain,
};
