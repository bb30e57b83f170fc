import { at, type Fields, type KubeObject } from '../object.ts';
import { ciliumConfig } from './cilium-config.ts';
import { CERT_MANAGER, EXTERNAL_SECRETS, FLUX_OPERATOR, GATEWAY_API, PROMETHEUS_OPERATOR } from './definitions.ts';
import { component } from './flux-component.ts';
import { configMap, crds, custom, type Release, service, workload } from './parts.ts';

/** What a chart brings for a release with these values. */
type Stand = (release: Release, values: Fields) => KubeObject[];

const on = (values: Fields, fallback: boolean, ...path: string[]): boolean => {
  const told = at(values, ...path);
  return typeof told === 'boolean' ? told : fallback;
};
const count = (values: Fields, fallback: number, ...path: string[]): number => {
  const told = at(values, ...path);
  return typeof told === 'number' ? told : fallback;
};

const cilium: Stand = (release, values) => {
  const image = (name: string): string => `quay.io/cilium/${name}:v${release.version}`;
  const host = at(values, 'k8sServiceHost');
  const api =
    host === undefined
      ? undefined
      : { KUBERNETES_SERVICE_HOST: String(host), KUBERNETES_SERVICE_PORT: String(at(values, 'k8sServicePort') ?? 443) };
  const relay = on(values, false, 'hubble', 'relay', 'enabled');
  return [
    configMap(release, 'cilium-config', ciliumConfig(values)),
    workload('DaemonSet', release, {
      name: 'cilium',
      container: 'cilium-agent',
      labels: { 'k8s-app': 'cilium', 'app.kubernetes.io/name': 'cilium-agent' },
      image: image('cilium'),
      hostNetwork: true,
      ready: 'cilium pod Ready',
      ...(api === undefined ? {} : { env: api }),
    }),
    ...(on(values, true, 'envoy', 'enabled')
      ? [
          workload('DaemonSet', release, {
            name: 'cilium-envoy',
            labels: { 'k8s-app': 'cilium-envoy' },
            image: 'quay.io/cilium/cilium-envoy:stand-in',
            hostNetwork: true,
            ready: 'cilium-envoy pod Ready',
          }),
        ]
      : []),
    workload('Deployment', release, {
      name: 'cilium-operator',
      labels: { 'io.cilium/app': 'operator', name: 'cilium-operator' },
      image: image('operator-generic'),
      replicas: count(values, 2, 'operator', 'replicas'),
      hostNetwork: true,
    }),
    ...(relay
      ? [
          workload('Deployment', release, {
            name: 'hubble-relay',
            labels: { 'k8s-app': 'hubble-relay' },
            image: image('hubble-relay'),
            ready: 'hubble-relay pod Ready after its node',
          }),
          service(release, 'hubble-relay', 80, { 'k8s-app': 'hubble-relay' }),
        ]
      : []),
    ...(on(values, false, 'hubble', 'ui', 'enabled')
      ? [
          workload('Deployment', release, {
            name: 'hubble-ui',
            labels: { 'k8s-app': 'hubble-ui' },
            image: 'quay.io/cilium/hubble-ui:stand-in',
          }),
        ]
      : []),
  ];
};

const coredns: Stand = (release, values) => {
  const labels = { 'k8s-app': String(at(values, 'k8sAppLabelOverride') ?? 'kube-dns') };
  return [
    configMap(release, release.name, { Corefile: '.:53 {}' }),
    service(release, String(at(values, 'service', 'name') ?? release.name), 53, labels),
    workload('Deployment', release, {
      name: release.name,
      labels,
      image: 'registry.k8s.io/coredns/coredns:stand-in',
      replicas: count(values, 1, 'replicaCount'),
    }),
  ];
};

const certManager: Stand = (release, values) => [
  ...(on(values, false, 'crds', 'enabled') || on(values, false, 'installCRDs')
    ? crds(release.chart, CERT_MANAGER)
    : []),
  ...['', '-cainjector', '-webhook'].map((suffix) =>
    workload('Deployment', release, {
      name: `${release.name}${suffix}`,
      image: `quay.io/jetstack/cert-manager${suffix || '-controller'}:${release.version}`,
    }),
  ),
];

const externalSecrets: Stand = (release, values) => [
  ...(on(values, true, 'installCRDs') ? crds(release.chart, EXTERNAL_SECRETS) : []),
  ...['', '-webhook', '-cert-controller'].map((suffix) =>
    workload('Deployment', release, {
      name: `${release.name}${suffix}`,
      image: `ghcr.io/external-secrets/external-secrets:v${release.version}`,
    }),
  ),
];

const fluxOperator: Stand = (release, values) => [
  ...(on(values, true, 'installCRDs') ? crds(release.chart, FLUX_OPERATOR) : []),
  workload('Deployment', release, {
    name: release.name,
    image: `ghcr.io/controlplaneio-fluxcd/flux-operator:v${release.version}`,
    ready: 'flux pod Ready',
  }),
];

const fluxInstance: Stand = (release, values) => [
  custom(release, 'fluxcd.controlplane.io/v1', 'FluxInstance', 'flux', (at(values, 'instance') ?? {}) as Fields),
];

/** Flux by its own chart: definitions and controllers, as `flux install` would bring them. */
const flux2: Stand = (release) =>
  ['source-controller', 'kustomize-controller', 'helm-controller', 'notification-controller'].flatMap((name) =>
    component(release, name),
  );

/** One workload with the release's name. */
const single =
  (kind: 'Deployment' | 'DaemonSet'): Stand =>
  (release) => [
    workload(kind, release, {
      name: release.name,
      image: `stand-in/${release.chart}:${release.version}`,
      everywhere: kind === 'DaemonSet',
    }),
  ];

const CHARTS: Record<string, Stand> = {
  cilium,
  coredns,
  spegel: single('DaemonSet'),
  'cert-manager': certManager,
  'external-secrets': externalSecrets,
  'flux-operator': fluxOperator,
  'flux-instance': fluxInstance,
  flux2,
  'metrics-server': single('Deployment'),
  'prometheus-operator-crds': (release) => crds(release.chart, PROMETHEUS_OPERATOR),
  'gateway-api': (release) => crds(release.chart, GATEWAY_API),
  'gateway-api-crds': (release) => crds(release.chart, GATEWAY_API),
};

/** `oci://registry.example.com/charts/cilium` and `jetstack/cert-manager` both end in the chart's name. */
export const chartName = (reference: string): string =>
  reference.replace(/[/]+$/, '').split('/').at(-1)?.replace(/@.*$/, '') ?? reference;

/**
 * A stand-in for rendering a chart, since the lab has neither network nor Helm: what the well-known charts bring by name
 * (workloads, definitions, the few objects that something reads), each object marked as a stand-in. An unknown chart gives
 * one Deployment with the release's name, and `known: false`.
 */
export function render(release: Release, values: Fields): { objects: KubeObject[]; known: boolean } {
  const stand = Object.hasOwn(CHARTS, release.chart) ? CHARTS[release.chart] : undefined;
  return { objects: (stand ?? single('Deployment'))(release, values), known: stand !== undefined };
}
