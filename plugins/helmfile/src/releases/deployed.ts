import { succeeded, type Reader } from '@coldstart/contract';
import { chartHasVersion, helmArgv, isExactVersion, parseReleases, textOf, type KubeAccess } from '@coldstart/tools';
import { idOf, type Release } from '../survey/types.ts';

/** Long enough for a cluster that is there, and short enough where none is yet. */
const DEADLINE = 10_000;

/** Which of the releases helm has deployed at their version: id, and chart with version in one word. Empty where no cluster answers. */
export async function deployedOf(
  world: Reader,
  access: KubeAccess,
  releases: readonly Release[],
): Promise<Map<string, string>> {
  const argv = helmArgv(access, 'list', '--all-namespaces', '--deployed', '--output', 'json');
  const done = await world.probe({ tool: 'helm', argv, deadline: DEADLINE });
  const listed = succeeded(done) ? (parseReleases(textOf(done.stdout)) ?? []) : [];
  const charts = new Map(listed.map((one) => [idOf(one), one.chart]));
  return new Map(
    releases.flatMap((release) => {
      const chart = charts.get(idOf(release));
      const { version } = release;
      const fits = version === null || !isExactVersion(version) || chartHasVersion(chart ?? '', version);
      return chart !== undefined && fits ? [[idOf(release), chart] as const] : [];
    }),
  );
}
