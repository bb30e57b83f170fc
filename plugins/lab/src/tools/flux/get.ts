import type { ControlPlane } from '../../kubernetes/control-plane.ts';
import { findType } from '../../kubernetes/kinds.ts';
import { at, condition, type KubeObject, textAt } from '../../kubernetes/object.ts';
import type { Model } from '../../model.ts';
import type { Flags } from '../common/flags.ts';
import { failed, printed } from '../common/result.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import { unserved } from './unserved.ts';

/** Kinds in the order of `flux get all`, with the word that stands before a name there. */
const KINDS = [
  ['bucket', 'buckets.source.toolkit.fluxcd.io'],
  ['gitrepository', 'gitrepositories.source.toolkit.fluxcd.io'],
  ['ocirepository', 'ocirepositories.source.toolkit.fluxcd.io'],
  ['helmrepository', 'helmrepositories.source.toolkit.fluxcd.io'],
  ['helmchart', 'helmcharts.source.toolkit.fluxcd.io'],
  ['kustomization', 'kustomizations.kustomize.toolkit.fluxcd.io'],
  ['helmrelease', 'helmreleases.helm.toolkit.fluxcd.io'],
] as const;

const ASKED: Record<string, string> = {
  'sources git': 'gitrepository',
  'source git': 'gitrepository',
  'sources oci': 'ocirepository',
  'sources helm': 'helmrepository',
  kustomizations: 'kustomization',
  kustomization: 'kustomization',
  ks: 'kustomization',
  helmreleases: 'helmrelease',
  helmrelease: 'helmrelease',
  hr: 'helmrelease',
};

/** `flux get all|sources git|kustomizations|helmreleases`. It exits 0 whatever it shows. */
export function get(plane: ControlPlane, _model: Model, call: ToolCall, flags: Flags): ToolResult {
  const [, ...words] = flags.words;
  const namespace = flags.on('all-namespaces') ? undefined : (flags.value('namespace') ?? 'flux-system');
  const rows = (kind: string, prefixed: boolean): string[][] => {
    const definition = KINDS.find(([name]) => name === kind)?.[1] ?? '';
    const type = findType(plane.types(), definition);
    if (type === undefined) return [];
    return plane
      .list(type, namespace)
      .filter((object) => fits(object, flags.value('status-selector')))
      .map((object) => row(object, prefixed ? `${kind}/` : '', namespace === undefined));
  };
  const header = [
    ...(namespace === undefined ? ['NAMESPACE'] : []),
    'NAME',
    'REVISION',
    'SUSPENDED',
    'READY',
    'MESSAGE',
  ];
  if (words[0] === 'all') {
    const tables = KINDS.map(([kind]) => rows(kind, true)).filter((each) => each.length > 0);
    return printed(tables.map((each) => `${table([header, ...each])}\n`).join(''));
  }
  const kind = ASKED[words.join(' ')];
  if (kind === undefined) return notSimulated('flux', call.argv);
  const none = unserved(plane, KINDS.find(([name]) => name === kind)?.[1] ?? '');
  if (none) return none;
  const found = rows(kind, false);
  if (found.length === 0 && !flags.has('status-selector'))
    return failed(
      `✗ no ${kind === 'gitrepository' ? 'GitRepository' : kind === 'kustomization' ? 'Kustomization' : kind} objects found in ${namespace === undefined ? 'any' : `"${namespace}"`} namespace`,
    );
  return printed(table([header, ...found]));
}

function fits(object: KubeObject, selector: string | undefined): boolean {
  if (selector === undefined) return true;
  const [type = '', status = ''] = selector.split('=');
  return String(condition(object, type)?.['status']).toLowerCase() === status.toLowerCase();
}

function row(object: KubeObject, prefix: string, withNamespace: boolean): string[] {
  const ready = condition(object, 'Ready');
  const revision =
    textAt(object, 'status', 'lastAppliedRevision') ??
    textAt(object, 'status', 'artifact', 'revision') ??
    textAt(object, 'status', 'history', 0, 'chartVersion') ??
    '';
  const message = String(ready?.['message'] ?? 'waiting to be reconciled');
  return [
    ...(withNamespace ? [object.metadata.namespace ?? ''] : []),
    `${prefix}${object.metadata.name}`,
    shortened(revision),
    at(object, 'spec', 'suspend') === true ? 'True' : 'False',
    String(ready?.['status'] ?? 'Unknown'),
    shortened(message),
  ];
}

/** Digests are cut to eight hex digits. */
const shortened = (text: string): string => text.replace(/(sha1|sha256):([0-9a-f]{8})[0-9a-f]+/g, '$1:$2');

/** Columns padded to their widest cell, each followed by a tab; the header ends in a space instead. */
function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((each) => (each[column] ?? '').length)));
  const line = (row: string[]): string => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('\t');
  return rows.map((row, index) => `${line(row)}${index === 0 ? ' ' : '\t'}\n`).join('');
}
