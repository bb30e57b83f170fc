import { succeeded, type Reader, type Signal } from '@coldstart/contract';
import {
  askAgain,
  annotation,
  fluxOwner,
  getObjects,
  listRelease,
  parseReleases,
  str,
  textOf,
  whyNot,
  workloadReadiness,
  type HelmRelease,
  type KubeAccess,
  type KubeObject,
} from '@coldstart/tools';
import { idOf, type Release } from '../survey/types.ts';

/** What the cluster says of one release; a text where the look told nothing. */
export type Seen = { helm: HelmRelease | undefined; workloads: KubeObject[]; owner: string | undefined };

/** Looks at helm's storage and at the workloads that helm marked as this release's. */
export async function lookAtRelease(world: Reader, access: KubeAccess, release: Release): Promise<Seen | string> {
  const [listed, got] = await Promise.all([
    askAgain(world, { tool: 'helm', argv: listRelease(access, release.namespace, release.name), deadline: 30_000 }),
    getObjects(world, access, ['deployments,daemonsets,statefulsets', '-n', release.namespace]),
  ]);
  if (!succeeded(listed)) return `helm list: ${whyNot(listed)}`;
  const releases = parseReleases(textOf(listed.stdout));
  if (!releases) return 'helm list printed no readable JSON';
  if (got.is === 'absent') return 'the API server serves no workloads';
  if (got.is === 'failed') return `workloads: ${got.why}`;
  const workloads = got.objects.filter(
    (o) =>
      annotation(o, 'meta.helm.sh/release-name') === release.name &&
      (annotation(o, 'meta.helm.sh/release-namespace') ?? release.namespace) === release.namespace,
  );
  const owner = workloads.map(fluxOwner).find((o) => o?.startsWith('HelmRelease'));
  return { helm: releases.find((r) => r.name === release.name && r.namespace === release.namespace), workloads, owner };
}

/**
 * The HelmRelease of Flux that manages this release, for what has no workload to carry Flux's label. Undefined where there is
 * none, or Flux is not there yet; a text where the look told nothing.
 */
export async function helmReleaseOf(
  world: Reader,
  access: KubeAccess,
  release: Release,
): Promise<{ owner: string | undefined } | string> {
  const got = await getObjects(world, access, ['helmreleases.helm.toolkit.fluxcd.io', '-A']);
  if (got.is === 'absent') return { owner: undefined };
  if (got.is === 'failed') return got.why;
  const found = got.objects.find((o) => {
    const own = str(o, 'metadata', 'namespace') ?? '';
    const target = str(o, 'spec', 'targetNamespace');
    const name =
      str(o, 'spec', 'releaseName') ?? (target === undefined ? o.metadata.name : `${target}-${o.metadata.name}`);
    return name === release.name && (target ?? own) === release.namespace;
  });
  return { owner: found && `HelmRelease ${str(found, 'metadata', 'namespace') ?? '?'}/${found.metadata.name}` };
}

/** One signal for each workload of the release. */
export function workloadSignals(release: Release, workloads: readonly KubeObject[]): Signal[] {
  return workloads.map((object) => {
    const { ready, why } = workloadReadiness(object);
    return {
      name: object.kind,
      subject: `${release.namespace}/${object.metadata.name}`,
      expected: 'Ready',
      observed: ready ? 'Ready' : why,
      ok: ready,
      source: `kubectl get, release ${idOf(release)}`,
    };
  });
}
