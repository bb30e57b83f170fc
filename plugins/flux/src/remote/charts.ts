import { posix } from 'node:path';
import { isExactVersion, list, str } from '@coldstart/tools';
import { isFlux, type Manifest } from './reach.ts';

/** A release that is planned, as the survey of the helmfiles tells it. */
export type Planned = { name: string; namespace: string; chart: string; version: string | null };
/** A chart as it stands in the branch, and the file that says so. Version null: none is written, or one with a variable. */
export type There = { chart: string; version: string | null; file: string };

export type Compared = {
  id: string;
  planned: string;
  /** `elsewhere`: the branch does not have this release; `open`: it does, without an exact version to hold it against. */
  is: 'same' | 'differs' | 'elsewhere' | 'open';
  there: string;
  file: string | null;
};

/**
 * Holds the planned charts against the branch. Where Flux has a HelmRelease of the same release there, it decides, since
 * Flux will make the release so; otherwise the helmfile at the branch does, as what the next bring-up would install.
 */
export function compareCharts(
  planned: readonly Planned[],
  manifests: readonly Manifest[],
  helmfiles: readonly Manifest[],
): Compared[] {
  const known = new Set<string>();
  return planned.flatMap((release) => {
    const id = `${release.namespace}/${release.name}`;
    const wanted = show(nameOfChart(release.chart), release.version);
    if (known.has(`${id} ${wanted}`)) return [];
    known.add(`${id} ${wanted}`);
    const there = inFlux(release, manifests) ?? inHelmfile(release, helmfiles);
    return [
      there
        ? judge(id, release, wanted, there)
        : { id, planned: wanted, is: 'elsewhere', there: 'not there', file: null },
    ];
  });
}

function judge(id: string, release: Planned, planned: string, there: There): Compared {
  const shown = { id, planned, there: show(there.chart, there.version), file: there.file };
  // A folder may be called otherwise than the chart in it.
  if (nameOfChart(release.chart) !== there.chart)
    return { ...shown, is: /^\.{0,2}\//.test(release.chart) ? 'open' : 'differs' };
  const [wanted, found] = [exact(release.version), exact(there.version)];
  if (wanted === undefined || found === undefined) return { ...shown, is: 'open' };
  return { ...shown, is: wanted === found ? 'same' : 'differs' };
}

/** `v1.2.3` and `1.2.3` are one version; a tag has `_` where a version has `+`. Undefined: a range, or none. */
function exact(version: string | null): string | undefined {
  const bare = version?.replace(/^v/, '').replace('_', '+');
  return bare !== undefined && isExactVersion(bare) ? bare : undefined;
}
const show = (chart: string, version: string | null): string => `${chart} ${version ?? 'without an exact version'}`;
/** `oci://host/path/cilium`, `cilium/cilium` and `./charts/cilium` are all cilium. */
const nameOfChart = (chart: string): string => posix.basename(chart.replace(/\/$/, ''));

const HELM = 'helm.toolkit.fluxcd.io';
const SOURCE = 'source.toolkit.fluxcd.io';

function inFlux(release: Planned, manifests: readonly Manifest[]): There | undefined {
  const fits = manifests.filter(({ value }) => isFlux(value, HELM, 'HelmRelease') && isRelease(value, release));
  const [first] = fits;
  if (!first) return undefined;
  // Flux has it, and what cannot be named (a source elsewhere, two of one release) must not pass for what the helmfile says.
  const open = { chart: nameOfChart(release.chart), version: null, file: first.file };
  return fits.length === 1 ? (chartOf(first, manifests) ?? open) : open;
}

/** Names as helm-controller makes them. A namespace that only a Kustomization's `targetNamespace` tells is not asked. */
function isRelease(value: unknown, release: Planned): boolean {
  const target = str(value, 'spec', 'targetNamespace');
  const own = str(value, 'metadata', 'name') ?? '';
  const name = str(value, 'spec', 'releaseName') ?? (target === undefined ? own : `${target}-${own}`);
  const namespace = target ?? str(value, 'metadata', 'namespace');
  return name === release.name && (namespace === undefined || namespace === release.namespace);
}

function chartOf(release: Manifest, manifests: readonly Manifest[]): There | undefined {
  const { value, file } = release;
  const kind = str(value, 'spec', 'chartRef', 'kind');
  if (kind === undefined) {
    const chart = str(value, 'spec', 'chart', 'spec', 'chart');
    return chart === undefined
      ? undefined
      : { chart: nameOfChart(chart), version: written(str(value, 'spec', 'chart', 'spec', 'version')), file };
  }
  const source = referred(release, kind, manifests);
  if (!source) return undefined;
  if (kind === 'HelmChart') {
    const chart = str(source.value, 'spec', 'chart');
    return chart === undefined
      ? undefined
      : { chart: nameOfChart(chart), version: written(str(source.value, 'spec', 'version')), file: source.file };
  }
  const url = str(source.value, 'spec', 'url');
  const tag = str(source.value, 'spec', 'ref', 'tag') ?? str(source.value, 'spec', 'ref', 'semver');
  return url === undefined ? undefined : { chart: nameOfChart(url), version: written(tag), file: source.file };
}

/** The source that `chartRef` names: of that namespace where both tell one, else the one beside it. */
function referred(release: Manifest, kind: string, manifests: readonly Manifest[]): Manifest | undefined {
  const name = str(release.value, 'spec', 'chartRef', 'name');
  const namespace = str(release.value, 'spec', 'chartRef', 'namespace') ?? str(release.value, 'metadata', 'namespace');
  const named = manifests.filter(({ value }) => isFlux(value, SOURCE, kind) && str(value, 'metadata', 'name') === name);
  const fits = named.filter(({ value }) => {
    const own = str(value, 'metadata', 'namespace');
    return own === undefined || namespace === undefined || own === namespace;
  });
  const beside = fits.filter(({ file }) => posix.dirname(file) === posix.dirname(release.file));
  return fits.length === 1 ? fits[0] : beside.length === 1 ? beside[0] : undefined;
}

const written = (version: string | undefined): string | null =>
  version === undefined || version.includes('${') ? null : version;

function inHelmfile(release: Planned, helmfiles: readonly Manifest[]): There | undefined {
  for (const { file, value } of helmfiles)
    for (const entry of list(value, 'releases')) {
      const chart = str(entry, 'chart');
      if (str(entry, 'name') !== release.name || str(entry, 'namespace') !== release.namespace || chart === undefined)
        continue;
      // A template there is not evaluated.
      if (chart.includes('{{')) return undefined;
      const version = str(entry, 'version') ?? null;
      return { chart: nameOfChart(chart), version: version?.includes('{{') ? null : version, file };
    }
  return undefined;
}
