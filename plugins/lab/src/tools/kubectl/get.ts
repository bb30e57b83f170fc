import type { ControlPlane } from '../../kubernetes/control-plane.ts';
import { findType, qualified, type ResourceType } from '../../kubernetes/kinds.ts';
import type { KubeObject } from '../../kubernetes/object.ts';
import { toYaml } from '../../kubernetes/manifests/yaml.ts';
import { API_CALL } from '../common/access.ts';
import type { Flags } from '../common/flags.ts';
import { failed, printed, sorted } from '../common/result.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import { serverVersion } from './about.ts';
import { type Command, reach } from './command.ts';
import { unreached } from './failures.ts';
import { jsonpath, Unplayed } from './jsonpath.ts';
import { readyz } from './readyz.ts';
import { nodeTable } from './table.ts';

export const get: Command = async (model, call, flags) => {
  const raw = flags.value('raw');
  await call.spend(API_CALL);
  const access = reach(model, call, flags);
  if (access.how !== 'open') return unreached(model, call, access, raw === undefined ? 'discovery' : 'raw');
  const { plane } = access;
  if (raw !== undefined) {
    const [path, query] = raw.split('?');
    if (['/readyz', '/livez', '/healthz'].includes(path ?? ''))
      return printed(readyz((path ?? '').slice(1), query === 'verbose'));
    if (path === '/version')
      return printed(`${JSON.stringify({ gitVersion: serverVersion(model.expected.kubernetesVersion) }, null, 2)}`);
    return notSimulated('kubectl', call.argv);
  }
  const asked = resources(plane, flags.words);
  if ('problem' in asked) return failed(asked.problem);
  if (flags.has('field-selector')) return notSimulated('kubectl', call.argv, 'field selectors');

  const found: KubeObject[] = [];
  const missing: string[] = [];
  let single = true;
  for (const { type, name } of asked.list) {
    const namespace =
      flags.on('all-namespaces') || !type.namespaced ? undefined : (flags.value('namespace') ?? 'default');
    if (name === undefined) {
      single = false;
      found.push(
        ...plane
          .list(type, namespace, flags.on('show-managed-fields'))
          .filter((object) => selected(object, flags.value('selector'))),
      );
      continue;
    }
    const object = plane.get(type, namespace, name, flags.on('show-managed-fields'));
    if (object) found.push(object);
    else missing.push(notFound(type, name));
  }
  if (asked.list.length > 1) single = false;
  const errors = flags.on('ignore-not-found') ? '' : missing.map((line) => `${line}\n`).join('');
  const stdout = show(model.clock.wall(), call, flags, found, single, asked.list[0]?.type);
  return typeof stdout === 'string' ? { exit: errors === '' ? 0 : 1, stdout, stderr: errors } : stdout;
};

export const notFound = (type: ResourceType, name: string): string =>
  `Error from server (NotFound): ${qualified(type.plural, type.group)} "${name}" not found`;

/** `deployment,pods`, `node infra-01 infra-02`, `crd/x crd/y`: types with names; without a name all of them. */
export function resources(
  plane: ControlPlane,
  words: readonly string[],
): { list: { type: ResourceType; name?: string }[] } | { problem: string } {
  const types = plane.types();
  const unknown = (name: string): { problem: string } => ({
    problem: `error: the server doesn't have a resource type "${name.split('.')[0]}"`,
  });
  const [first = '', ...names] = words;
  if (first.includes('/')) {
    const list: { type: ResourceType; name: string }[] = [];
    for (const word of words) {
      const [kind = '', name = ''] = word.split('/');
      const type = findType(types, kind);
      if (type === undefined) return unknown(kind);
      list.push({ type, name });
    }
    return { list };
  }
  if (first === '')
    return {
      problem:
        'error: You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.',
    };
  const list: { type: ResourceType; name?: string }[] = [];
  for (const kind of first.split(',')) {
    const type = findType(types, kind);
    if (type === undefined) return unknown(kind);
    list.push(...(names.length === 0 ? [{ type }] : names.map((name) => ({ type, name }))));
  }
  return { list };
}

/** Equality selectors: `a=b,c==d,e!=f,g`. */
export function selected(object: KubeObject, selector: string | undefined): boolean {
  if (selector === undefined || selector === '') return true;
  const labels = object.metadata.labels ?? {};
  return selector.split(',').every((term) => {
    const unequal = /^([^!=]+)!=(.*)$/.exec(term);
    if (unequal) return labels[unequal[1] as string] !== unequal[2];
    const equal = /^([^!=]+)==?(.*)$/.exec(term);
    if (equal) return labels[equal[1] as string] === equal[2];
    return term.startsWith('!') ? !Object.hasOwn(labels, term.slice(1)) : Object.hasOwn(labels, term);
  });
}

/** Kinds without a desired state of their own, of which the API server counts no generations. */
const UNGENERATED: ReadonlySet<string> = new Set(
  `Namespace Node Secret ConfigMap ServiceAccount Service Event Endpoints Lease PersistentVolume PersistentVolumeClaim
  StorageClass CSINode ClusterRole ClusterRoleBinding Role RoleBinding`.split(/\s+/),
);

function ungenerated(object: KubeObject): KubeObject {
  if (!UNGENERATED.has(object.kind) || !('generation' in object.metadata)) return object;
  const { generation: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function show(
  now: string,
  call: ToolCall,
  flags: Flags,
  found: KubeObject[],
  single: boolean,
  type: ResourceType | undefined,
): string | ToolResult {
  const output = flags.value('output') ?? '';
  const objects = found.map(ungenerated);
  const list = { apiVersion: 'v1', items: objects, kind: 'List', metadata: { resourceVersion: '' } };
  // A single name that --ignore-not-found swallowed leaves no output at all.
  if (single && objects.length === 0) return '';
  const data = sorted(single ? objects[0] : list);
  if (output === 'json') return `${JSON.stringify(data, null, 4)}\n`;
  if (output === 'yaml') return toYaml(data);
  if (output === 'name') return objects.map((object) => `${nameOf(object)}\n`).join('');
  if (output.startsWith('jsonpath=')) {
    try {
      return jsonpath(output.slice(9), data);
    } catch (error) {
      if (error instanceof Unplayed) return notSimulated('kubectl', call.argv, error.message);
      throw error;
    }
  }
  if (objects.length === 0) {
    const everywhere = flags.on('all-namespaces') || type?.namespaced !== true;
    return {
      exit: 0,
      stdout: '',
      stderr: `No resources found${everywhere ? '' : ` in ${flags.value('namespace') ?? 'default'} namespace.`}\n`,
    };
  }
  if (type?.kind === 'Node' && (output === '' || output === 'wide')) return nodeTable(objects, output === 'wide', now);
  return notSimulated(
    'kubectl',
    call.argv,
    `output ${output === '' ? 'as a table' : output} of ${type?.plural ?? 'this'}`,
  );
}

/** `deployment.apps/coredns`, `secret/x`. */
export function nameOf(object: KubeObject): string {
  const group = object.apiVersion.includes('/') ? object.apiVersion.slice(0, object.apiVersion.indexOf('/')) : '';
  return `${qualified(object.kind.toLowerCase(), group)}/${object.metadata.name}`;
}
