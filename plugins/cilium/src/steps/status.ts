import {
  succeeded,
  type CheckingStep,
  type Facts,
  type Json,
  type Observation,
  type Reader,
  type Signal,
} from '@coldstart/contract';
import {
  askAgain,
  explainPods,
  getObjects,
  list,
  lookAtPods,
  str,
  textOf,
  whyNot,
  type KubeObject,
} from '@coldstart/tools';
import { parseConfigView } from '../cilium/config-view.ts';
import { parseStatus, type CiliumStatus } from '../cilium/status.ts';
import { accessFrom, expectedFrom, policyFrom, type CiliumExpected } from '../facts.ts';
import { ciliumArgv } from '../tool.ts';

/**
 * Cilium is healthy, and is what the repository's values say. Judged by the status that the tool prints as JSON, never by
 * its exit code: without `--wait` it is 0 with errors on the screen.
 */
export const status: CheckingStep = {
  id: 'cilium/status',
  kind: 'check',
  phase: 'validation',
  title: 'Cilium',
  needs: ['kubernetes/kubeconfig', 'cilium/expected', 'cilium/policy'],
  provides: [],
  settle: (facts) => ({ every: policyFrom(facts).status.every, within: policyFrom(facts).status.within, stableFor: 0 }),
  observe: async ({ facts, world }) => {
    const health = await lookAtStatus(world, facts);
    if (typeof health === 'string') return unknown(`cilium status told nothing: ${health}`);
    const config = await lookAtConfig(world, facts);
    if (typeof config === 'string') return unknown(`Cilium's configuration could not be looked at: ${config}`);
    const expected = expectedFrom(facts);
    const parts = healthSignals(health, expected);
    const settings = settingSignals(config, expected);
    const signals = [...parts, ...settings];
    const wrong = settings.filter((s) => !s.ok);
    const remedy = `Look at the pods of Cilium in ${policyFrom(facts).namespace}; then run the same command again.`;
    // A setting does not become another by waiting.
    if (wrong.length > 0)
      return {
        state: 'blocked',
        signals,
        cause: wrong.map((s) => `${s.name} is ${String(s.observed)}, expected ${String(s.expected)}`).join('; '),
        remedy: `Make the values of the bootstrap and of ${expected.values ?? 'Flux'} the same, sync the release, and run the same command again.`,
        page: 'cilium-differs',
      };
    const bad = parts.filter((s) => !s.ok);
    if (bad.length === 0) return { state: 'done', signals };
    return { state: 'converging', signals, cause: bad.map(inWords).join('; '), remedy, page: 'cilium-not-ready' };
  },
  diagnose: ({ facts, world }) =>
    lookAtPods(world, accessFrom(facts), policyFrom(facts).namespace, (name) => /^(?:cilium|hubble)-/.test(name)),
  explain: explainPods,
  criteria: [{ id: 'cilium-status', title: 'Cilium is healthy and is what the repository says', needs: 'live' }],
};

const inWords = (s: Signal): string =>
  s.subject === undefined
    ? `${s.name}: ${String(s.observed)}`
    : typeof s.observed === 'number'
      ? `${s.subject}: ${s.observed} of ${String(s.expected)} ready`
      : `${s.subject} is ${String(s.observed)}`;

const unknown = (cause: string): Observation => ({ state: 'unknown', signals: [], cause });

/** With `--wait` the tool prints a status only when all is well; otherwise it is asked again what is not. */
async function lookAtStatus(world: Reader, facts: Facts): Promise<CiliumStatus | string> {
  const access = accessFrom(facts);
  const {
    namespace,
    status: { wait },
  } = policyFrom(facts);
  const seconds = Math.max(1, Math.round(wait / 1000));
  const waited = await askAgain(world, {
    tool: 'cilium',
    argv: ciliumArgv(access, namespace, 'status', '--wait', '--wait-duration', `${seconds}s`, '-o', 'json'),
    deadline: wait + 30_000,
  });
  const good = parseStatus(textOf(waited.stdout));
  if (good) return good;
  const now = await askAgain(world, {
    tool: 'cilium',
    argv: ciliumArgv(access, namespace, 'status', '-o', 'json'),
    deadline: 60_000,
  });
  return parseStatus(textOf(now.stdout)) ?? whyNot(now.exit === 0 ? waited : now);
}

type Live = { config: Record<string, string>; agent: KubeObject | undefined };

async function lookAtConfig(world: Reader, facts: Facts): Promise<Live | string> {
  const access = accessFrom(facts);
  const { namespace } = policyFrom(facts);
  const [view, agents] = await Promise.all([
    askAgain(world, { tool: 'cilium', argv: ciliumArgv(access, namespace, 'config', 'view'), deadline: 30_000 }),
    getObjects(world, access, ['daemonsets', '-n', namespace, '--ignore-not-found', 'cilium']),
  ]);
  if (!succeeded(view)) return whyNot(view);
  if (agents.is !== 'objects') return agents.is === 'failed' ? agents.why : 'the API server serves no DaemonSets';
  return { config: parseConfigView(textOf(view.stdout)), agent: agents.objects[0] };
}

function healthSignals(health: CiliumStatus, expected: CiliumExpected): Signal[] {
  const source = 'cilium status -o json';
  const wanted = [
    'cilium',
    'cilium-operator',
    ...(expected.hubbleRelay === true ? ['hubble-relay'] : []),
    ...(expected.hubbleUi === true ? ['hubble-ui'] : []),
  ];
  const missing = wanted.filter((name) => !health.parts.some((p) => p.name === name));
  const signals: Signal[] = [
    ...health.parts.map((p) => {
      const ready = Math.min(p.ready, p.available);
      return {
        name: 'Ready',
        subject: p.name,
        expected: p.desired,
        observed: ready,
        ok: ready >= p.desired && (p.desired > 0 || !wanted.includes(p.name)),
        source,
      };
    }),
    ...missing.map((name) => ({
      name: 'Ready',
      subject: name,
      expected: 'there',
      observed: 'missing',
      ok: false,
      source,
    })),
  ];
  const errors = Object.entries(health.errors).map(([part, count]) => `${part}: ${count}`);
  if (health.collectionErrors > 0) errors.push(`while looking: ${health.collectionErrors}`);
  signals.push({
    name: 'errors',
    expected: 'none',
    observed: errors.length === 0 ? 'none' : errors.join(', '),
    ok: errors.length === 0,
    source,
  });
  return signals;
}

/** What the repository tells, held against what runs; what it does not tell is not held against anything. */
function settingSignals(live: Live, expected: CiliumExpected): Signal[] {
  const signals: Signal[] = [];
  const compare = (name: string, wanted: Json, observed: string | undefined, source: string): void => {
    if (wanted === null) return;
    signals.push({
      name,
      expected: String(wanted),
      observed: observed ?? 'not set',
      ok: observed === String(wanted),
      source,
    });
  };
  const { config } = live;
  const view = 'cilium config view';
  compare('cluster name', expected.clusterName, config['cluster-name'], view);
  compare('cluster id', expected.clusterId, config['cluster-id'], view);
  compare('kube-proxy replacement', expected.kubeProxyReplacement, replacement(config['kube-proxy-replacement']), view);
  compare('routing mode', expected.routingMode, config['routing-mode'], view);
  // The range only counts, and only stands in the configuration, where routing is native.
  if (expected.routingMode === 'native')
    compare('native routing range', expected.nativeCidr, config['ipv4-native-routing-cidr'], view);
  compare('eBPF datapath', expected.datapathMode, config['datapath-mode'], view);
  compare('BGP control plane', expected.bgp, config['enable-bgp-control-plane'] ?? 'false', view);
  compare(
    'API host',
    expected.k8sServiceHost,
    agentEnv(live.agent, 'KUBERNETES_SERVICE_HOST'),
    'env of DaemonSet cilium',
  );
  compare(
    'API port',
    expected.k8sServicePort,
    agentEnv(live.agent, 'KUBERNETES_SERVICE_PORT'),
    'env of DaemonSet cilium',
  );
  return signals;
}

const replacement = (value: string | undefined): string | undefined =>
  value === 'strict' ? 'true' : value === 'disabled' ? 'false' : value;

/** The chart gives `k8sServiceHost` and `k8sServicePort` to the agents as environment, not as configuration. */
function agentEnv(agent: KubeObject | undefined, name: string): string | undefined {
  for (const container of list(agent, 'spec', 'template', 'spec', 'containers'))
    if (str(container, 'name') === 'cilium-agent')
      for (const entry of list(container, 'env')) if (str(entry, 'name') === name) return str(entry, 'value');
  return undefined;
}
