import { posix } from 'node:path';
import type { Model } from '../../model.ts';
import type { Flags } from '../common/flags.ts';
import { chartProblem, isFolder, pulledLines } from '../helm/charts.ts';
import type { ToolCall } from '../tool.ts';
import { helmAccess, versionOf } from './argv.ts';
import { helmFailed } from './say.ts';
import { placeOf, type State, type StateRelease } from './state.ts';

/** `missing`: what is left to helm to say of a chart that is none; `failed`: what helmfile says of one it cannot pull. */
export type Got = { said: string; missing: Map<StateRelease, string>; failed?: string };

/** What is said while charts are got ready: repositories are added, a chart on the disk is built, one in a registry is pulled unless it lies in the cache. */
export function charts(model: Model, call: ToolCall, flags: Flags, state: State, releases: StateRelease[]): Got {
  let said = state.repositories
    .filter(({ oci }) => !oci)
    .map(({ name, url }) => `Adding repo ${name} ${url}\n"${name}" has been added to your repositories\n`)
    .join('');
  const missing = new Map<StateRelease, string>();
  for (const release of releases) {
    const { name, version } = release;
    const pulled = pulledChart(call, state, release);
    if (pulled && model.pulled.has(pulled.cache)) {
      said += `Skipping refresh for chart at ${pulled.cache} (shared cache, another process may be using it; run 'helmfile cache cleanup' to force refresh)\n`;
      continue;
    }
    const chart =
      pulled?.chart ?? (isFolder(release.chart) ? posix.resolve(state.folder, release.chart) : release.chart);
    const why = chartProblem(model, call, { name, chart, version });
    if (pulled) {
      said += `Pulling ${pulled.shown}\n`;
      if (why !== undefined) {
        const argv = [...helmAccess(flags), 'pull', ...pulled.argv];
        const framed = helmFailed(`${placeOf(state.file)}: [release "${name}"`, argv, `Error: ${why}`);
        return { said, missing, failed: `${framed}]` };
      }
      model.pulled.add(pulled.cache);
      said += pulledLines(model, pulled.shown);
    } else if (why !== undefined) missing.set(release, why);
    else if (isFolder(release.chart))
      said += `Building dependency release=${name}, chart=${chartPlace(call, state, release)}\n`;
  }
  return { said, missing };
}

/** `cache`: the folder of this chart at this version; `place`: the chart itself in it. */
type Pulled = { chart: string; shown: string; cache: string; place: string; isPlain: boolean; argv: string[] };

/** A chart that helmfile pulls into its cache, since it is of an OCI registry; undefined for any other. */
export function pulledChart(call: ToolCall, { repositories }: State, release: StateRelease): Pulled | undefined {
  const [first = '', ...rest] = release.chart.split('/');
  const repository = repositories.find(({ name, oci }) => oci && name === first);
  if (!repository && !release.chart.startsWith('oci://')) return undefined;
  const address = repository ? [repository.url, ...rest].join('/') : release.chart.slice('oci://'.length);
  const version = release.version ?? 'latest';
  const home = call.env['HELMFILE_CACHE_HOME'] ?? `${call.env['HOME'] ?? ''}/.cache/helmfile`;
  const [host = '', ...path] = address.split('/');
  const shelf = repository ? release.chart : posix.join(`oci__${host.replaceAll(/[.:]/g, '_')}`, ...path);
  const cache = posix.join(home, shelf, version);
  // Once for the release, and once more for its repository: helmfile 1.8.
  const plain = [release.plainHttp || repository?.plainHttp, repository?.plainHttp].filter(Boolean);
  return {
    chart: `oci://${address}`,
    shown: `${address}:${version}`,
    cache,
    place: posix.join(cache, path.at(-1) ?? ''),
    isPlain: plain.length > 0,
    argv: [
      `oci://${address}`,
      '--destination',
      cache,
      '--untar',
      ...plain.map(() => '--plain-http'),
      ...versionOf(release),
    ],
  };
}

/** A chart as helmfile names it to helm: a pulled one by its place in the cache, a path without its leading `./`. */
export const chartPlace = (call: ToolCall, state: State, release: StateRelease): string =>
  pulledChart(call, state, release)?.place ?? release.chart.replace(/^\.\//, '');
