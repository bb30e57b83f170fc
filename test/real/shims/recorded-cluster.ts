import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

type Named = { name: string; namespace: string; labels?: Record<string, string> };
type Item = { apiVersion: string; kind: string; metadata: Named; [field: string]: unknown };

/** How the cluster looked for which `cilium status` was recorded; of its pods, kwok's, none was an endpoint of Cilium's. */
export type Recorded = {
  /** By workload, what it runs, as `image_count` tells: one image each. */
  images: Readonly<Record<string, string>>;
  /** The names of the agents' pods. */
  agents: readonly string[];
  chart: string;
  config: Readonly<Record<string, string>>;
  /** Agents that do not run yet. */
  pending?: readonly string[];
};

const namespace = 'kube-system';
const LABELS: Readonly<Record<string, Record<string, string>>> = {
  cilium: { 'k8s-app': 'cilium' },
  'cilium-envoy': { 'k8s-app': 'cilium-envoy' },
  'cilium-operator': { 'io.cilium/app': 'operator' },
  'hubble-relay': { 'k8s-app': 'hubble-relay' },
};

const objectsOf = ({ images, agents, chart, config, pending = [] }: Recorded): Item[] => {
  const pod = (metadata: Named, image: string, phase: string, hostNetwork: boolean): Item => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { hostNetwork, nodeName: 'infra-01', containers: [{ name: 'one', image }] },
    status: { phase },
  });
  const parts = Object.entries(images).flatMap(([name, image]): Item[] => {
    const everywhere = name === 'cilium' || name === 'cilium-envoy';
    const pods = everywhere ? agents.map((agent) => agent.replace('cilium', name)) : [`${name}-1`];
    const phases = pods.map((one) => (pending.includes(one) ? 'Pending' : 'Running'));
    const [many, ready] = [pods.length, phases.filter((phase) => phase === 'Running').length];
    const workload = {
      apiVersion: 'apps/v1',
      kind: everywhere ? 'DaemonSet' : 'Deployment',
      metadata: { name, namespace },
      status: everywhere
        ? { desiredNumberScheduled: many, numberReady: ready }
        : { replicas: many, readyReplicas: ready },
    };
    const metadata = (one: string) => ({ name: one, namespace, labels: LABELS[name] ?? {} });
    return [workload, ...pods.map((one, index) => pod(metadata(one), image, phases[index] ?? '', true))];
  });
  const release = gzipSync(JSON.stringify({ chart: { metadata: { version: chart } } })).toString('base64');
  return [
    ...parts,
    ...Array.from({ length: 5 }, (_, at) =>
      pod({ name: `app-${at}`, namespace: 'default' }, 'registry.example.com/app', 'Pending', false),
    ),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cilium-config', namespace }, data: config },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 'sh.helm.release.v1.cilium.v1',
        namespace,
        labels: { owner: 'helm', name: 'cilium', status: 'deployed' },
      },
      data: { release: Buffer.from(release).toString('base64') },
    },
  ];
};

const KINDS: Readonly<Record<string, readonly [string, string]>> = {
  pods: ['v1', 'Pod'],
  configmaps: ['v1', 'ConfigMap'],
  secrets: ['v1', 'Secret'],
  daemonsets: ['apps/v1', 'DaemonSet'],
  deployments: ['apps/v1', 'Deployment'],
};

/** As much of an API server, on loopback, as kubectl asks to list these objects; its kubeconfig, and its end. */
export const recordedCluster = async (
  recorded: Recorded,
): Promise<{ kubeconfig: string; close: () => Promise<void> }> => {
  const objects = objectsOf(recorded);
  const resources = (version: string) =>
    Object.entries(KINDS)
      .filter(([, [of]]) => of === version)
      .map(([name, [, kind]]) => ({ name, singularName: '', namespaced: true, kind, verbs: ['get', 'list'] }));
  const group = { groupVersion: 'apps/v1', version: 'v1' };
  const discovery: Readonly<Record<string, object>> = {
    '/api': { kind: 'APIVersions', versions: ['v1'] },
    '/apis': {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: [{ name: 'apps', versions: [group], preferredVersion: group }],
    },
    '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: resources('v1') },
    '/apis/apps/v1': { kind: 'APIResourceList', groupVersion: 'apps/v1', resources: resources('apps/v1') },
  };
  const listed = (path: string): object | undefined => {
    const [, within, plural = ''] = /^\/apis?\/(?:apps\/)?v1\/(?:namespaces\/([^/]+)\/)?([a-z]+)$/.exec(path) ?? [];
    const known = KINDS[plural];
    if (!known) return undefined;
    const [apiVersion, kind] = known;
    const items = objects.filter(
      (one) => one.kind === kind && (within === undefined || one.metadata.namespace === within),
    );
    return { apiVersion, kind: `${kind}List`, metadata: { resourceVersion: '1' }, items };
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const found = discovery[pathname] ?? listed(pathname);
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'infra', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'infra', user: {} }],
    contexts: [{ name: 'infra', context: { cluster: 'infra', user: 'infra' } }],
    'current-context': 'infra',
  });
  return {
    kubeconfig,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
