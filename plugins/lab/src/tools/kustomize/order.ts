import type { KubeObject } from '../../kubernetes/object.ts';

/** What comes before everything else, and what after, in this order: kustomize's own, called legacy there and still the default. */
const FIRST: readonly string[] =
  `Namespace ResourceQuota StorageClass CustomResourceDefinition ServiceAccount PodSecurityPolicy Role ClusterRole RoleBinding
  ClusterRoleBinding ConfigMap Secret Endpoints Service LimitRange PriorityClass PersistentVolume PersistentVolumeClaim
  Deployment StatefulSet CronJob PodDisruptionBudget`.split(/\s+/);
const LAST: readonly string[] = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

/** The order of `kustomize build`'s output: by kind, and kinds that it does not know by group, version, kind and name. */
export const inOrder = (objects: readonly KubeObject[]): KubeObject[] =>
  objects.toSorted((one, other) => rank(one) - rank(other) || (key(one) < key(other) ? -1 : 1));

function rank({ kind }: KubeObject): number {
  const first = FIRST.indexOf(kind);
  return first >= 0 ? first - FIRST.length : LAST.indexOf(kind) + 1;
}

function key({ apiVersion, kind, metadata }: KubeObject): string {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['~G', apiVersion];
  return `${group}_${version}_${kind}|${metadata.namespace ?? '~X'}|${metadata.name}`;
}
