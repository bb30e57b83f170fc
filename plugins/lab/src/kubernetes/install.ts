import type { Ms } from '@coldstart/contract';
import { render } from './charts/index.ts';
import type { ControlPlane } from './control-plane.ts';
import { groupOf, same, type Fields, type KubeObject } from './object.ts';
import type { HelmRelease } from './releases.ts';
import type { Stored } from './store.ts';

export type Wanted = { name: string; namespace: string; chart: string; version: string; values: Fields };

/** The chart's objects as Helm would send them: with the release's namespace where they name none, and Helm's marks. */
export function manifests(plane: ControlPlane, wanted: Wanted): KubeObject[] {
  const { objects, known } = render(wanted, wanted.values);
  if (!known)
    plane.model.assumed.add(
      `chart ${wanted.chart}: not known to the lab, taken as one Deployment ${wanted.namespace}/${wanted.name}`,
    );
  else
    plane.model.assumed.add(
      `chart ${wanted.chart}: a stand-in with its workloads and definitions by name, not its manifests`,
    );
  return objects.map((object) => ({
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: {
        ...object.metadata.annotations,
        'meta.helm.sh/release-name': wanted.name,
        'meta.helm.sh/release-namespace': wanted.namespace,
      },
    },
  }));
}

/** What Helm refuses before it touches anything; undefined where it goes on. Texts of Helm 4's `pkg/action`. */
export function refusal(plane: ControlPlane, wanted: Wanted, objects: KubeObject[]): string | undefined {
  const last = plane.releases.last(wanted.namespace, wanted.name);
  if (last?.status.startsWith('pending-') === true)
    return 'another operation (install/upgrade/rollback) is in progress';
  const created = new Set(
    objects.filter((object) => object.kind === 'CustomResourceDefinition').map((object) => object.metadata.name),
  );
  for (const object of objects) {
    const resource = plane.served(object.apiVersion, object.kind);
    if (resource === undefined) {
      const own = [...created].some((name) => name.endsWith(`.${groupOf(object.apiVersion)}`));
      if (own) continue;
      return (
        `unable to build kubernetes objects from release manifest: resource mapping not found for name: "${object.metadata.name}" namespace: "${object.metadata.namespace ?? ''}" from "": ` +
        `no matches for kind "${object.kind}" in version "${object.apiVersion}"\nensure CRDs are installed first`
      );
    }
    const live = plane.store.get(
      resource,
      resource.namespaced ? (object.metadata.namespace ?? wanted.namespace) : undefined,
      object.metadata.name,
    );
    const wrong = live && foreign(live.object, wanted);
    if (live && wrong !== undefined)
      return (
        `unable to continue with ${last ? 'update' : 'install'}: ${object.kind} "${object.metadata.name}" in namespace "${live.object.metadata.namespace ?? ''}" exists and ` +
        `cannot be imported into the current release: invalid ownership metadata; ${wrong}`
      );
  }
  return undefined;
}

function foreign(live: KubeObject, wanted: Wanted): string | undefined {
  const problems: string[] = [];
  const check = (what: 'label' | 'annotation', key: string, value: string): void => {
    const told = live.metadata[what === 'label' ? 'labels' : 'annotations']?.[key];
    if (told === undefined) problems.push(`${what} validation error: missing key "${key}": must be set to "${value}"`);
    else if (told !== value)
      problems.push(`${what} validation error: key "${key}" must equal "${value}": current value is "${told}"`);
  };
  check('label', 'app.kubernetes.io/managed-by', 'Helm');
  check('annotation', 'meta.helm.sh/release-name', wanted.name);
  check('annotation', 'meta.helm.sh/release-namespace', wanted.namespace);
  return problems.length > 0 ? problems.join('; ') : undefined;
}

/** Records a new revision as pending, as Helm does before it sends anything; `version` is what the chart calls itself. */
export function begin(
  plane: ControlPlane,
  wanted: Wanted,
  objects: KubeObject[],
  at: Ms,
  version = wanted.version,
): HelmRelease {
  const last = plane.releases.last(wanted.namespace, wanted.name);
  const release: HelmRelease = {
    name: wanted.name,
    namespace: wanted.namespace,
    revision: (last?.revision ?? 0) + 1,
    status: last === undefined ? 'pending-install' : 'pending-upgrade',
    chart: wanted.chart,
    version,
    appVersion: wanted.version,
    values: wanted.values,
    objects: objects.map((object) => ({
      apiVersion: object.apiVersion,
      kind: object.kind,
      namespace: object.metadata.namespace ?? null,
      name: object.metadata.name,
    })),
    description: 'Initial install underway',
    first: last?.first ?? at,
    updated: at,
  };
  plane.releases.add(release);
  return release;
}

/** Applies a release's objects; definitions first. Returns how many were written, or the API server's refusal. */
export function send(
  plane: ControlPlane,
  objects: KubeObject[],
  namespace: string,
  by: { manager: string; at: Ms },
): { written: Stored[] } | { problem: string } {
  const written: Stored[] = [];
  const rank = (object: KubeObject): number => (object.kind === 'CustomResourceDefinition' ? 0 : 1);
  for (const object of objects.toSorted((one, other) => rank(one) - rank(other))) {
    const resource = plane.served(object.apiVersion, object.kind);
    if (resource === undefined)
      return { problem: `no matches for kind "${object.kind}" in version "${object.apiVersion}"` };
    const placed = resource.namespaced
      ? { ...object, metadata: { ...object.metadata, namespace: object.metadata.namespace ?? namespace } }
      : object;
    const result = plane.apply(resource, placed, { manager: by.manager, force: true, at: by.at });
    if (result.how === 'no-namespace') return { problem: `namespaces "${result.namespace}" not found` };
    if (result.how === 'created' || result.how === 'configured') written.push(result.stored);
  }
  return { written };
}

/** Whether a release stands as wanted already: then an upgrade would write a new revision, and nothing else. */
export const standsAs = (release: HelmRelease | undefined, wanted: Wanted): boolean =>
  release?.status === 'deployed' &&
  release.chart === wanted.chart &&
  // helm-controller adds a digest to the version of what it pulled.
  release.version.replace(/\+[0-9a-f]{12}$/, '') === wanted.version &&
  same(release.values, wanted.values);
