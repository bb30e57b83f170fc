import type { CheckingStep, Facts, Reader, Signal } from '@coldstart/contract';
import { getObjects, kubeNode } from '@coldstart/tools';
import { kubeconfigOf, nodesOf, policyOf, type TalosNode } from '../facts.ts';
import { explain } from '../diagnose/explain.ts';
import { diagnoseNode } from '../diagnose/node.ts';
import { reachOf } from '../node/ask.ts';
import { lookAtNode } from '../node/look.ts';

/** Every expected node is registered in Kubernetes. Ready is not expected: there is no CNI yet. */
export const registered: CheckingStep = {
  id: 'talos/registered',
  kind: 'check',
  phase: 'talos',
  title: 'Every node is registered',
  standing: true,
  needs: ['talos/nodes', 'talos/policy', 'talos/cluster', 'kubernetes/kubeconfig', 'kubernetes/api', 'talos/workers'],
  provides: ['kubernetes/nodes'],
  // A worker that failed is named here too; the others are looked at all the same.
  despite: ['talos/apply-workers'],
  criteria: [
    { id: 'talos/registered/all', title: 'Every node of the repository is registered in Kubernetes', needs: 'any' },
  ],
  settle: (facts) => ({ every: policyOf(facts).register.every, within: policyOf(facts).register.within, stableFor: 0 }),
  observe: async ({ world, facts }) => {
    const expected = nodesOf(facts);
    const got = await getObjects(world, kubeconfigOf(facts), ['nodes', '--request-timeout=5s']);
    if (got.is !== 'objects')
      return {
        state: 'unknown',
        signals: [],
        cause: `the API does not list nodes: ${got.is === 'failed' ? got.why : 'no such kind'}`,
        remedy: 'Look whether the API is ready (coldstart talos health CLUSTER).',
        page: 'api-not-ready',
      };
    const nodes = new Map(got.objects.map(kubeNode).map((node) => [node.name, node]));
    const signals = expected.map((node): Signal => {
      const found = nodes.get(node.name);
      return {
        name: 'node',
        subject: node.name,
        expected: 'registered',
        observed: found ? `registered, ${found.ready ? 'Ready' : 'not Ready yet'}` : 'not registered',
        ok: found !== undefined,
        source: 'kubectl get nodes',
      };
    });
    const missing = expected.filter((node) => !nodes.has(node.name));
    const done = {
      state: 'done',
      signals,
      facts: { 'kubernetes/nodes': { registered: expected.filter((n) => nodes.has(n.name)).map((n) => n.name) } },
    } as const;
    if (missing.length === 0) return done;
    const names = missing.map((node) => node.name).join(', ');
    const allowed = policyOf(facts).allowMissingWorkers;
    if (missing.every((node) => node.role === 'worker') && missing.length <= allowed)
      return { ...done, deviations: [`without the workers ${names} (--allow-missing-workers ${allowed})`] };
    const hopeless = await withoutConfig(world, facts, missing);
    if (hopeless.length === missing.length)
      return {
        state: 'blocked',
        signals,
        cause: `not registered, since without a machine config: ${names}`,
        remedy: 'Give them their configs: coldstart talos apply CLUSTER.',
        page: 'not-registered',
      };
    return {
      state: 'converging',
      signals,
      cause: `not registered: ${names}`,
      remedy:
        'Look at the kubelet of the named nodes (talosctl logs kubelet) and whether they reach the API, then give the same command again.',
      page: 'not-registered',
    };
  },
  diagnose: async (look) => {
    const { world, facts } = look;
    const got = await getObjects(world, kubeconfigOf(facts), ['nodes', '--request-timeout=5s']);
    const known = new Set(got.is === 'objects' ? got.objects.map((object) => object.metadata.name) : []);
    return (
      await Promise.all(
        nodesOf(facts)
          .filter((node) => !known.has(node.name))
          .map((node) => diagnoseNode(look, node)),
      )
    ).flat();
  },
  explain,
};

/** Nodes that cannot register however long they are waited for: they are in maintenance. */
async function withoutConfig(world: Reader, facts: Facts, nodes: readonly TalosNode[]): Promise<TalosNode[]> {
  const looks = await Promise.all(nodes.map((node) => lookAtNode(world, reachOf(facts), node)));
  return nodes.filter((_node, i) => looks[i]?.class === 'maintenance');
}
