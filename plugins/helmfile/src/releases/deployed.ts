import { succeeded, type Reader } from '@coldstart/contract';
import {
  chartHasVersion,
  helmArgv,
  isExactVersion,
  parseReleases,
  textOf,
  type HelmRelease,
  type KubeAccess,
} from '@coldstart/tools';
import { idOf, type Release } from '../survey/types.ts';

/** Long enough for a cluster that is there, and short enough where none is yet. */
const DEADLINE = 10_000;

/** Whether helm has the release deployed at its version: any version where the helmfile names a range, or none. */
export const isDeployed = ({ version }: Release, helm: HelmRelease | undefined): helm is HelmRelease =>
  helm?.status === 'deployed' && (version === null || !isExactVersion(version) || chartHasVersion(helm.chart, version));

/** Which of the releases helm has deployed at their version: id, and chart with version in one word. Empty where no cluster answers. */
export async function deployedOf(
  world: Reader,
  access: KubeAccess,
  releases: readonly Release[],
): Promise<Map<string, string>> {
  const argv = helmArgv(access, 'list', '--all-namespaces', '--deployed', '--output', 'json');
  const done = await world.probe({ tool: 'helm', argv, deadline: DEADLINE });
  const listed = succeeded(done) ? (parseReleases(textOf(done.stdout)) ?? []) : [];
  const helm = new Map(listed.map((one) => [idOf(one), one]));
  return new Map(
    releases.flatMap((release) => {
      const one = helm.get(idOf(release));
      return isDeployed(release, one) ? [[idOf(release), one.chart] as const] : [];
    }),
  );
}
