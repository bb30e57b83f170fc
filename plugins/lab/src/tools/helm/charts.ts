import type { Model } from '../../model.ts';
import { hostOf } from '../common/access.ts';
import type { ToolCall } from '../tool.ts';

/** A chart as a release or a call names it: `oci://host/path`, `repository/chart`, or an absolute folder. */
export type Wish = { name: string; chart: string; version: string | undefined };

/**
 * What helm says of a chart that it cannot get; undefined where it can. A registry has every chart at every version, but
 * those that the fault `chart-missing` takes from it.
 */
export function chartProblem(model: Model, call: ToolCall, { name, chart, version }: Wish): string | undefined {
  if (chart.startsWith('.') || chart.startsWith('/'))
    return call.read(`${chart}/Chart.yaml`) === undefined ? `path "${chart}" not found` : undefined;
  const isMissing = (): boolean => model.faults.strike('chart-missing', name);
  if (!chart.startsWith('oci://')) return isMissing() ? notInIndex(chart, version) : undefined;
  const [registry = '', ...path] = chart.slice(6).split('/');
  const notFetched = (why: string): string => `failed to perform "FetchReference" on source: ${why}`;
  const { host, port } = hostOf(`https://${registry}`);
  // The only addresses that the world knows to be closed are those of its own machines and of this one.
  if ((host === '127.0.0.1' || host === 'localhost') && model.dial(host, port) !== 'open')
    return notFetched(
      `Get "https://${registry}/v2/${path.join('/')}/manifests/${version ?? 'latest'}": dial tcp ${host}:${port}: connect: connection refused`,
    );
  return isMissing() ? notFetched(`${chart.slice(6)}:${version ?? 'latest'}: not found`) : undefined;
}

function notInIndex(chart: string, version = ''): string {
  const [repository = '', ...rest] = chart.split('/');
  const name = rest.join('/');
  return `chart "${name}" matching ${version} not found in ${repository} index. (try 'helm repo update'): no chart version found for ${name}-${version}`;
}
