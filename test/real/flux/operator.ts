import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { parseAllDocuments } from 'yaml';

import type { Api } from '../controlplane/api.ts';
import { familyModule } from '../toolchain/go.ts';
import { controllerNames, definitionsIn, namespace } from './controllers.ts';

export type Manifest = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  [field: string]: unknown;
};

/** A FluxInstance as the operator reads it: https://fluxoperator.dev/docs/crd/fluxinstance/ */
export type FluxInstance = {
  metadata: { name: string; generation: number; deletionTimestamp?: string };
  spec: { distribution: { registry: string }; components?: string[] };
};

const plurals: Record<string, string> = {
  CustomResourceDefinition: 'customresourcedefinitions',
  ServiceAccount: 'serviceaccounts',
  ClusterRoleBinding: 'clusterrolebindings',
  Deployment: 'deployments',
};

const pathOf = ({ apiVersion, kind, metadata }: Manifest): string => {
  const plural = plurals[kind];
  if (plural === undefined) throw new Error(`no path is known for a ${kind}`);
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const within = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${root}${within}/${plural}/${metadata.name}`;
};

/** Applies an object server-side, in the operator's name. */
export const apply = async (api: Api, object: Manifest): Promise<void> => {
  const path = `${pathOf(object)}?fieldManager=flux-operator&force=true`;
  const answer = await api.send('PATCH', path, object, 'application/apply-patch+yaml');
  if (answer.status >= 300) throw new Error(`${object.kind} ${object.metadata.name}: ${JSON.stringify(answer.body)}`);
};

/** The definitions that the controllers' modules bring, as an installation of this version of Flux labels them. */
export const definitions = async (version: string): Promise<Manifest[]> => {
  const found: Manifest[] = [];
  for (const name of controllerNames) {
    const folder = join((await familyModule(name, `github.com/fluxcd/${name}`)).dir, definitionsIn);
    for (const file of (await readdir(folder)).sort()) {
      for (const document of parseAllDocuments(await readFile(join(folder, file), 'utf8'))) {
        const object = document.toJS() as Manifest;
        object.metadata.labels = { ...object.metadata.labels, ...labels(version) };
        found.push(object);
      }
    }
  }
  return found;
};

/** `flux check` finds an installation by these. */
const labels = (version: string, component?: string): Record<string, string> => ({
  'app.kubernetes.io/instance': namespace,
  'app.kubernetes.io/part-of': 'flux',
  'app.kubernetes.io/version': version,
  ...(component === undefined ? {} : { 'app.kubernetes.io/component': component }),
});

/** What an installation has per component: its account, which may do all, and its Deployment. */
const component = (name: string, version: string, image: string): Manifest[] => {
  const metadata = { name, namespace, labels: labels(version, name) };
  const template = {
    metadata: { labels: { app: name, ...labels(version, name) } },
    spec: { serviceAccountName: name, containers: [{ name: 'manager', image }] },
  };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas: 1, strategy: { type: 'Recreate' }, selector: { matchLabels: { app: name } }, template },
    },
  ];
};

const binding = (names: readonly string[], version: string): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: `cluster-reconciler-${namespace}`, labels: labels(version) },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: names.map((name) => ({ kind: 'ServiceAccount', name, namespace })),
});

const until = async (what: string, stop: AbortSignal, holds: () => Promise<boolean>): Promise<void> => {
  for (const end = performance.now() + 120_000; !(await holds()); await sleep(250, undefined, { signal: stop })) {
    if (performance.now() > end) throw new Error(`${what}: not within two minutes`);
  }
};

type Conditions = { status?: { conditions?: { type: string; status: string }[] } };
const isTrue = ({ status }: Conditions, type: string): boolean =>
  (status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');

/**
 * What flux-operator does with a FluxInstance, which cannot be built here: the definitions, an account and a Deployment
 * per component, and the word that it is Ready, once they are and `running` says so. `version` is that of a component, and
 * of Flux. `spec.sync` is not carried out.
 */
export const reconcileInstance = async (
  api: Api,
  instance: FluxInstance,
  version: (name: string) => string,
  running: (components: readonly string[]) => Promise<void>,
  stop: AbortSignal,
): Promise<void> => {
  const components = instance.spec.components ?? [...controllerNames, 'notification-controller'];
  const distribution = version('flux');
  const crds = await definitions(distribution);
  for (const object of crds) await apply(api, object);
  for (const object of crds) {
    await until(`${object.metadata.name} established`, stop, async () =>
      isTrue((await api.send<Conditions>('GET', pathOf(object))).body, 'Established'),
    );
  }
  await apply(api, binding(components, distribution));
  const objects = components.flatMap((name) =>
    component(name, distribution, `${instance.spec.distribution.registry}/${name}:${version(name)}`),
  );
  for (const object of objects) await apply(api, object);
  for (const object of objects.filter(({ kind }) => kind === 'Deployment')) {
    await until(`Deployment ${object.metadata.name} available`, stop, async () =>
      isTrue((await api.send<Conditions>('GET', pathOf(object))).body, 'Available'),
    );
  }
  await running(components);
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: 'ReconciliationSucceeded',
    message: `Reconciliation finished, ${components.length} components`,
    lastTransitionTime: new Date().toISOString(),
    observedGeneration: instance.metadata.generation,
  };
  const path = `/apis/fluxcd.controlplane.io/v1/namespaces/${namespace}/fluxinstances/${instance.metadata.name}/status`;
  const status = { status: { conditions: [condition] } };
  const answer = await api.send('PATCH', path, status, 'application/merge-patch+json');
  if (answer.status !== 200) throw new Error(`FluxInstance ${instance.metadata.name}: ${JSON.stringify(answer.body)}`);
};
