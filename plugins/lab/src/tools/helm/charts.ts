import type { Model } from '../../model.ts';
import { hostOf } from '../common/access.ts';
import type { ToolCall } from '../tool.ts';

/**
 * A chart as a release or a call names it: `oci://host/path`, `repository/chart`, or an absolute folder; with the address of
 * an index, the chart's name alone.
 */
export type Wish = { name: string; chart: string; version: string | undefined; index?: string | undefined };

/** Whether a chart is named by its place on the disk, and is of no registry or repository. */
export const isFolder = (chart: string): boolean => /^[./]/.test(chart);

/**
 * What helm says of a chart that it cannot get; undefined where it can. A registry has every chart at every version, but
 * those that the fault `chart-missing` takes from it.
 */
export function chartProblem(model: Model, call: ToolCall, { name, chart, version, index }: Wish): string | undefined {
  if (index !== undefined) return indexProblem(model, { name, chart, version, index });
  if (isFolder(chart)) return call.read(`${chart}/Chart.yaml`) === undefined ? `path "${chart}" not found` : undefined;
  const isMissing = (): boolean => model.faults.strike('chart-missing', name);
  if (!chart.startsWith('oci://')) return isMissing() ? notInIndex(chart, version) : undefined;
  const [registry = '', ...path] = chart.slice(6).split('/');
  const notFetched = (why: string): string => `failed to perform "FetchReference" on source: ${why}`;
  const closed = refused(model, `https://${registry}`);
  if (closed !== undefined)
    return notFetched(`Get "https://${registry}/v2/${path.join('/')}/manifests/${version ?? 'latest'}": ${closed}`);
  return isMissing() ? notFetched(`${chart.slice(6)}:${version ?? 'latest'}: not found`) : undefined;
}

/** The same of a chart that is looked for in an index, whose address the call names. */
function indexProblem(model: Model, { name, chart, version, index }: Wish & { index: string }): string | undefined {
  const closed = refused(model, index);
  if (closed !== undefined)
    return `looks like "${index}" is not a valid chart repository or cannot be reached: Get "${index}/index.yaml": ${closed}`;
  const shown = `"${chart}"${version === undefined ? '' : ` version "${version}"`}`;
  return model.faults.strike('chart-missing', name) ? `chart ${shown} not found in ${index} repository` : undefined;
}

/** Of an address that does not answer; the world knows that only of its own machines and of this one. */
function refused(model: Model, address: string): string | undefined {
  const { host, port } = hostOf(address);
  return (host === '127.0.0.1' || host === 'localhost') && model.dial(host, port) !== 'open'
    ? `dial tcp ${host}:${port}: connect: connection refused`
    : undefined;
}

/** What is said of a chart that was pulled from an OCI registry; `shown` is its address without a scheme. */
export const pulledLines = (model: Model, shown: string): string =>
  `Pulled: ${shown}\nDigest: sha256:${model.random.hex(32, 'chart', shown)}\n`;

function notInIndex(chart: string, version = ''): string {
  const [repository = '', ...rest] = chart.split('/');
  const name = rest.join('/');
  return `chart "${name}" matching ${version} not found in ${repository} index. (try 'helm repo update'): no chart version found for ${name}-${version}`;
}
