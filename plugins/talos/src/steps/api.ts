import type { CheckingStep, Signal } from '@coldstart/contract';
import { compareClusterUid, parseReadyz } from '@coldstart/tools';
import { diagnoseControlPlanes } from '../diagnose/control-planes.ts';
import { explain } from '../diagnose/explain.ts';
import { controlPlanesOf, kubeconfigOf, policyOf } from '../facts.ts';
import { askApi, clusterInfo, serverAt } from '../kubernetes.ts';

/** The Kubernetes API is ready on every control plane, each asked at its own address. */
export const api: CheckingStep = {
  id: 'talos/api',
  kind: 'check',
  phase: 'talos',
  title: 'The Kubernetes API is ready on every control plane',
  standing: true,
  needs: ['talos/nodes', 'talos/cluster', 'talos/policy', 'kubernetes/kubeconfig', 'kubernetes/credentials'],
  provides: ['kubernetes/api'],
  criteria: [
    { id: 'talos/api/ready', title: 'The Kubernetes API answers /readyz on every control plane', needs: 'any' },
  ],
  settle: (facts) => ({ every: policyOf(facts).api.every, within: policyOf(facts).api.within, stableFor: 0 }),
  observe: async ({ world, facts, cluster }) => {
    const access = kubeconfigOf(facts);
    const asked = await Promise.all(
      controlPlanesOf(facts).map(async (node) => ({
        node,
        answer: await askApi(world, access, '/readyz', serverAt(node.address)),
      })),
    );
    const signals = asked.map(({ node, answer }): Signal => ({
      name: 'API',
      subject: node.name,
      expected: 'ok',
      observed: answer.ok ? answer.text : answer.why,
      ok: answer.ok && parseReadyz(answer.text).ready,
      source: `kubectl get --raw /readyz at ${serverAt(node.address)}`,
    }));
    const stranger = asked.find(({ answer }) => !answer.ok && answer.kind === 'stranger');
    if (stranger)
      return {
        state: 'blocked',
        refuse: true,
        signals,
        cause: `another cluster's API answers at ${serverAt(stranger.node.address)}`,
        remedy: 'Find out which cluster answers there before anything is changed.',
        page: 'foreign-ca',
      };
    const bad = signals.filter((signal) => !signal.ok);
    if (bad.length > 0)
      return {
        state: 'converging',
        signals,
        cause: `the API is not ready on ${bad.map((signal) => `${signal.subject} (${String(signal.observed)})`).join(', ')}`,
        remedy:
          'Look at the control plane pods of the named node (talosctl logs -k, coldstart talos health CLUSTER), then give the same command again.',
        page: 'api-not-ready',
      };
    const info = await clusterInfo(world, access);
    signals.push({
      name: 'cluster-info',
      subject: access.context,
      expected: 'a running control plane',
      observed: info.line,
      ok: info.ok,
      source: 'kubectl cluster-info',
    });
    if (!info.ok)
      return {
        state: 'converging',
        signals,
        cause: `kubectl cluster-info fails: ${info.line}`,
        remedy: 'Look at what it says, then give the same command again.',
        page: 'api-not-ready',
      };
    const who = await compareClusterUid(world, cluster, access);
    signals.push(who.signal);
    if (who.is === 'another')
      return {
        state: 'blocked',
        refuse: true,
        signals,
        cause: `the API behind the context ${access.context} is another cluster's: its kube-system is not the recorded one`,
        remedy:
          'Find out which cluster answers there before anything is changed. Where the recorded one is gone for good: --repin and the name of the cluster.',
        page: 'wrong-cluster',
      };
    if (who.uid === null)
      return {
        state: 'converging',
        signals,
        cause: `the API does not tell its namespace kube-system: ${who.why}`,
        remedy: 'Look at what it says, then give the same command again.',
        page: 'api-not-ready',
      };
    const version = await askApi(
      world,
      access,
      '/version',
      signals[0] && asked[0] ? serverAt(asked[0].node.address) : undefined,
    );
    return {
      state: 'done',
      signals,
      pins: [{ at: ['kubeSystem'], value: who.uid }],
      facts: {
        'kubernetes/api': {
          servers: asked.map(({ node }) => serverAt(node.address)),
          version: version.ok ? versionIn(version.text) : null,
        },
      },
    };
  },
  diagnose: diagnoseControlPlanes,
  explain,
};

const versionIn = (text: string): string | null => /"gitVersion":\s*"(v[^"]{1,60})"/.exec(text)?.[1] ?? null;
