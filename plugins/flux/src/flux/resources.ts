import {
  conditionReadiness,
  dig,
  fullName,
  list,
  nameOf,
  namespaceOf,
  num,
  str,
  type KubeObject,
  type Readiness,
} from '@coldstart/tools';

/** A source, Kustomization or HelmRelease of Flux, judged by its conditions. `flux get` is no judge: it exits 0 whatever it shows. */
export type FluxResource = {
  kind: string;
  id: string;
  ready: boolean;
  suspended: boolean;
  /** Flux' own reason; empty when ready. */
  why: string;
  revision: string;
  dependsOn: string[];
  /** When it last became what it is (RFC 3339), for the order in which things got Ready; empty where unknown. */
  since: string;
};

export const SOURCE_KINDS = ['gitrepositories', 'ocirepositories', 'helmrepositories', 'buckets'].map(
  (k) => `${k}.source.toolkit.fluxcd.io`,
);
export const KUSTOMIZATIONS = 'kustomizations.kustomize.toolkit.fluxcd.io';
export const HELM_RELEASES = 'helmreleases.helm.toolkit.fluxcd.io';
export const GIT_REPOSITORIES = 'gitrepositories.source.toolkit.fluxcd.io';
export const FLUX_INSTANCES = 'fluxinstances.fluxcd.controlplane.io';

export function fluxResource(object: KubeObject): FluxResource {
  // A HelmRepository of type oci is only an address: Flux gives it no conditions.
  const staticOci = object.kind === 'HelmRepository' && str(object, 'spec', 'type') === 'oci';
  const { ready, why } = staticOci ? { ready: true, why: '' } : fluxReadiness(object);
  const readyCondition = list(object, 'status', 'conditions').find((c) => str(c, 'type') === 'Ready');
  return {
    kind: object.kind,
    id: fullName(object),
    ready,
    suspended: dig(object, 'spec', 'suspend') === true,
    why,
    revision: str(object, 'status', 'lastAppliedRevision') ?? str(object, 'status', 'artifact', 'revision') ?? '',
    dependsOn: list(object, 'spec', 'dependsOn').map(
      (d) => `${str(d, 'namespace') ?? namespaceOf(object)}/${str(d, 'name') ?? nameOf(object)}`,
    ),
    since: str(readyCondition, 'lastTransitionTime') ?? '',
  };
}

/**
 * Whether a resource is Ready, and why not. While source-controller tries again, Ready tells only that it does, and what
 * failed stands beside it until a try succeeds: `FetchFailed` and the like (source-controller 1.9, gitrepository_controller.go).
 */
export function fluxReadiness(object: KubeObject): Readiness {
  const judged = conditionReadiness(object);
  if (judged.ready || !/^Progressing\b/.test(judged.why)) return judged;
  const failed = list(object, 'status', 'conditions').find(
    (condition) =>
      str(condition, 'type')?.endsWith('Failed') &&
      str(condition, 'status') === 'True' &&
      num(condition, 'observedGeneration') === num(object, 'metadata', 'generation'),
  );
  return failed === undefined
    ? judged
    : { ready: false, why: `${str(failed, 'reason') ?? ''}: ${str(failed, 'message') ?? ''}` };
}

/** Those in the order of `dependsOn`, what nothing waits for first; within one rank by name. A circle comes last. */
export function inOrder(resources: readonly FluxResource[]): FluxResource[] {
  const sorted = [...resources].sort((a, b) => (a.id < b.id ? -1 : 1));
  const known = new Set(sorted.map((r) => r.id));
  const done = new Set<string>();
  const ordered: FluxResource[] = [];
  for (let left = sorted; left.length > 0;) {
    const free = left.filter((r) => r.dependsOn.every((d) => done.has(d) || !known.has(d)));
    const next = free.length > 0 ? free : left;
    ordered.push(...next);
    for (const r of next) done.add(r.id);
    left = left.filter((r) => !next.includes(r));
  }
  return ordered;
}

/** The failures that are causes of their own: not those that only wait for another. */
export function roots(resources: readonly FluxResource[]): FluxResource[] {
  const bad = resources.filter((r) => !r.ready && !r.suspended);
  const waiting = (r: FluxResource): boolean =>
    r.dependsOn.some((d) => bad.some((b) => b.kind === r.kind && b.id === d));
  const own = bad.filter((r) => !waiting(r));
  return own.length > 0 ? own : bad;
}
