import { at, type KubeObject, textAt } from './object.ts';

/** A resource type as discovery tells it. `group` is empty for the core group. */
export type ResourceType = {
  kind: string;
  plural: string;
  singular: string;
  short: string[];
  group: string;
  /** Preferred first. */
  versions: string[];
  namespaced: boolean;
};

const row = (
  group: string,
  version: string,
  scope: 'ns' | 'cluster',
  kind: string,
  plural: string,
  ...short: string[]
): ResourceType => ({
  kind,
  plural,
  singular: kind.toLowerCase(),
  short,
  group,
  versions: [version],
  namespaced: scope === 'ns',
});

/** What an API server knows without any custom resource definition, as far as charts and steps use it (`kubectl api-resources`). */
export const BUILT_IN: readonly ResourceType[] = [
  row('', 'v1', 'cluster', 'Namespace', 'namespaces', 'ns'),
  row('', 'v1', 'cluster', 'Node', 'nodes', 'no'),
  row('', 'v1', 'cluster', 'PersistentVolume', 'persistentvolumes', 'pv'),
  row('', 'v1', 'ns', 'ConfigMap', 'configmaps', 'cm'),
  row('', 'v1', 'ns', 'Endpoints', 'endpoints', 'ep'),
  row('', 'v1', 'ns', 'Event', 'events', 'ev'),
  row('', 'v1', 'ns', 'PersistentVolumeClaim', 'persistentvolumeclaims', 'pvc'),
  row('', 'v1', 'ns', 'Pod', 'pods', 'po'),
  row('', 'v1', 'ns', 'Secret', 'secrets'),
  row('', 'v1', 'ns', 'Service', 'services', 'svc'),
  row('', 'v1', 'ns', 'ServiceAccount', 'serviceaccounts', 'sa'),
  row('apps', 'v1', 'ns', 'DaemonSet', 'daemonsets', 'ds'),
  row('apps', 'v1', 'ns', 'Deployment', 'deployments', 'deploy'),
  row('apps', 'v1', 'ns', 'ReplicaSet', 'replicasets', 'rs'),
  row('apps', 'v1', 'ns', 'StatefulSet', 'statefulsets', 'sts'),
  row('batch', 'v1', 'ns', 'CronJob', 'cronjobs', 'cj'),
  row('batch', 'v1', 'ns', 'Job', 'jobs'),
  row('admissionregistration.k8s.io', 'v1', 'cluster', 'MutatingWebhookConfiguration', 'mutatingwebhookconfigurations'),
  row(
    'admissionregistration.k8s.io',
    'v1',
    'cluster',
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
  ),
  row('apiextensions.k8s.io', 'v1', 'cluster', 'CustomResourceDefinition', 'customresourcedefinitions', 'crd', 'crds'),
  row('apiregistration.k8s.io', 'v1', 'cluster', 'APIService', 'apiservices'),
  row('coordination.k8s.io', 'v1', 'ns', 'Lease', 'leases'),
  row('discovery.k8s.io', 'v1', 'ns', 'EndpointSlice', 'endpointslices'),
  row('networking.k8s.io', 'v1', 'ns', 'Ingress', 'ingresses', 'ing'),
  row('networking.k8s.io', 'v1', 'cluster', 'IngressClass', 'ingressclasses'),
  row('networking.k8s.io', 'v1', 'ns', 'NetworkPolicy', 'networkpolicies', 'netpol'),
  row('policy', 'v1', 'ns', 'PodDisruptionBudget', 'poddisruptionbudgets', 'pdb'),
  row('rbac.authorization.k8s.io', 'v1', 'cluster', 'ClusterRole', 'clusterroles'),
  row('rbac.authorization.k8s.io', 'v1', 'cluster', 'ClusterRoleBinding', 'clusterrolebindings'),
  row('rbac.authorization.k8s.io', 'v1', 'ns', 'Role', 'roles'),
  row('rbac.authorization.k8s.io', 'v1', 'ns', 'RoleBinding', 'rolebindings'),
  row('scheduling.k8s.io', 'v1', 'cluster', 'PriorityClass', 'priorityclasses', 'pc'),
  row('storage.k8s.io', 'v1', 'cluster', 'CSINode', 'csinodes'),
  row('storage.k8s.io', 'v1', 'cluster', 'StorageClass', 'storageclasses', 'sc'),
];

const added = new WeakMap<KubeObject, ResourceType>();

/** The resource type that a custom resource definition adds once it is established. */
export function typeOf(definition: KubeObject): ResourceType {
  const known = added.get(definition) ?? read(definition);
  added.set(definition, known);
  return known;
}

function read(definition: KubeObject): ResourceType {
  const names = at(definition, 'spec', 'names');
  const versions = at(definition, 'spec', 'versions');
  const kind = textAt(names, 'kind') ?? '';
  const short = at(names, 'shortNames');
  return {
    kind,
    plural: textAt(names, 'plural') ?? '',
    singular: textAt(names, 'singular') ?? kind.toLowerCase(),
    short: Array.isArray(short) ? short.map(String) : [],
    group: textAt(definition, 'spec', 'group') ?? '',
    versions: Array.isArray(versions)
      ? versions.filter((version) => at(version, 'served') === true).map((version) => textAt(version, 'name') ?? '')
      : [],
    namespaced: textAt(definition, 'spec', 'scope') === 'Namespaced',
  };
}

/** `deployments.apps`, or `pods` for the core group: how errors and `-o name` name a type. */
export const qualified = (name: string, group: string): string => (group === '' ? name : `${name}.${group}`);

/** Finds a type by what a person may type: plural, singular, kind or short name, with or without group and version. */
export function findType(types: readonly ResourceType[], typed: string): ResourceType | undefined {
  const [name = '', ...rest] = typed.toLowerCase().split('.');
  const suffix = rest.join('.');
  return types.find((type) => {
    if (![type.plural, type.singular, type.kind.toLowerCase(), ...type.short].includes(name)) return false;
    return (
      suffix === '' ||
      suffix === type.group ||
      type.versions.some((version) => suffix === qualified(version, type.group))
    );
  });
}
