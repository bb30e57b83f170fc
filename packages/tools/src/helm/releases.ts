import { parseJson, str } from '../json.ts';
import type { KubeAccess } from '../kubectl/access.ts';
import { helmArgv } from './access.ts';

/** A release as helm's storage in the cluster holds it. `chart` is name and version in one word, e.g. `cilium-1.20.2`. */
export type HelmRelease = {
  name: string;
  namespace: string;
  revision: number;
  updated: string;
  status: string;
  chart: string;
};

/**
 * Asks for one release in whatever state. Helm 4 has no `-a` for every state any more, and Helm 3 hides pending releases
 * unless asked: so the states are named, which both understand.
 */
export function listRelease(access: KubeAccess, namespace: string, name: string): string[] {
  const filter = `^${name.replaceAll('.', '\\.')}$`;
  return helmArgv(
    access,
    'list',
    '--namespace',
    namespace,
    '--filter',
    filter,
    '--deployed',
    '--failed',
    '--pending',
    '--uninstalling',
    '--output',
    'json',
  );
}

/** `helm list -o json`; undefined where the text is no such list. */
export function parseReleases(stdout: string): HelmRelease[] | undefined {
  const value = parseJson(stdout);
  if (!Array.isArray(value)) return undefined;
  const releases: HelmRelease[] = [];
  for (const entry of value) {
    const [name, namespace, status, chart] = [
      str(entry, 'name'),
      str(entry, 'namespace'),
      str(entry, 'status'),
      str(entry, 'chart'),
    ];
    if (name === undefined || namespace === undefined || status === undefined || chart === undefined) return undefined;
    releases.push({
      name,
      namespace,
      status,
      chart,
      revision: Number(str(entry, 'revision') ?? 0),
      updated: str(entry, 'updated') ?? '',
    });
  }
  return releases;
}

/** helm is in the middle of something, or was ended there: nothing may start over it. */
export const isPending = (status: string): boolean => status.startsWith('pending-') || status === 'uninstalling';

/** The milliseconds of `2026-11-21 00:34:09.247452704 +0000 UTC`; undefined where it is no such time. */
export function releaseTime(updated: string): number | undefined {
  const found = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)? ([+-]\d\d)(\d\d)/.exec(updated);
  if (!found) return undefined;
  const [, day, time, fraction = '', hours, minutes] = found;
  const at = Date.parse(`${day}T${time}${fraction.slice(0, 4)}${hours}:${minutes}`);
  return Number.isNaN(at) ? undefined : at;
}

/**
 * Whether `cilium-1.20.2` is version `1.20.2` of some chart. A leading `v` says nothing, as charts and helmfiles disagree on it; nor does
 * `+…`, unless it is asked for: Flux' helm-controller adds a chart's digest there.
 */
export function chartHasVersion(chart: string, version: string): boolean {
  const wanted = version.replace(/^v/, '');
  const told = wanted.includes('+') ? chart : chart.replace(/\+[0-9A-Za-z.-]+$/, '');
  return told.endsWith(`-${wanted}`) || told.endsWith(`-v${wanted}`);
}

/** A version that names one chart, not a range of them (`~1.2`, `>=1`, `1.x`). */
export const isExactVersion = (version: string): boolean => /^v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/.test(version);
