import { stringify } from 'yaml';
import type { Model } from '../../model.ts';
import { bootedVersion } from '../../nodes/masked.ts';
import type { NodeModel } from '../../nodes/node.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import { type Client, connect, NoClient, reach, RpcError } from './client.ts';
import type { Flags } from './flags.ts';
import { elsewhere, type Resource, resourceNamed, type ResourceType, type Spec } from './resources.ts';
import { failed, multierror, table } from './say.ts';
import { older } from './versions.ts';

type Shown = { target: string; resource: Resource };

/** `talosctl get TYPE [ID]`. */
export async function get(model: Model, call: ToolCall, flags: Flags, client: string): Promise<ToolResult> {
  const output = flags.one('output') ?? 'table';
  if (flags.has('watch')) notSimulated('talosctl', call.argv, 'watching never ends');
  if (flags.one('namespace') !== undefined) notSimulated('talosctl', call.argv, 'namespaces');
  const [name, id, ...more] = flags.words;
  if (name === undefined || more.length > 0)
    return failed(`accepts between 1 and 2 arg(s), received ${flags.words.length}`);
  let connected: Client;
  try {
    connected = connect(call, flags);
  } catch (error) {
    if (error instanceof NoClient) return failed(error.message);
    throw error;
  }
  const type = resourceNamed(name);
  if (!type && elsewhere.has(name.toLowerCase())) notSimulated('talosctl', call.argv, `resource ${name}`);
  return ask(model, call, connected, { type, name, id, output, client });
}

type Asked = { type: ResourceType | undefined; name: string; id: string | undefined; output: string; client: string };

async function ask(model: Model, call: ToolCall, client: Client, asked: Asked): Promise<ToolResult> {
  const { type } = asked;
  const shown: Shown[] = [];
  const errors: string[] = [];
  const warnings: string[] = [];
  for (const target of client.insecure ? client.nodes.slice(0, 1) : client.nodes) {
    try {
      const { node } = await reach(model, call, client, target);
      if (!type) return failed(`rpc error: code = NotFound desc = resource "${asked.name}" is not registered`);
      const warning = older(target, bootedVersion(model, node), asked.client);
      if (warning !== undefined && !client.insecure) warnings.push(warning);
      const label = client.insecure ? '' : target;
      for (const resource of resourcesOf(model, node, type, client, asked.id)) shown.push({ target: label, resource });
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      // The endpoint itself failed: nothing was asked of any node.
      if (error.via === null) return failed(error.message);
      errors.push(error.message);
    }
  }
  const stdout = print(type!, shown, asked.output, call, model);
  const stderr = [
    ...warnings.map((line) => `${line}\n`),
    ...(errors.length > 0 ? [`${multierror(errors)}\n`] : []),
  ].join('');
  return { exit: errors.length > 0 ? 1 : 0, stdout, stderr };
}

function resourcesOf(
  model: Model,
  node: NodeModel,
  type: ResourceType,
  client: Client,
  id: string | undefined,
): Resource[] {
  // What concerns one resource comes back in a frame of its own, whoever answered.
  if (client.insecure && !type.open)
    throw new RpcError('rpc error: code = PermissionDenied desc = not authorized', 'own');
  const all = type.list(model, node);
  if (id === undefined) return all;
  const one = all.filter((resource) => resource.id === id);
  if (one.length === 0)
    throw new RpcError(
      `rpc error: code = NotFound desc = resource ${type.type}(${type.namespace}/${id}@undefined) doesn't exist`,
      'own',
    );
  return one;
}

function print(type: ResourceType, shown: readonly Shown[], output: string, call: ToolCall, model: Model): string {
  const documents = shown.map(({ target, resource }) => ({
    target,
    metadata: metadataOf(type, resource, model),
    spec: resource.spec,
  }));
  if (output === 'json')
    return documents
      .map(({ target, metadata, spec }) => `${JSON.stringify(sorted({ metadata, node: target, spec }), null, 4)}\n`)
      .join('');
  if (output === 'yaml')
    return documents.map(({ target, metadata, spec }) => yaml(target, metadata, spec)).join('---\n');
  if (output.startsWith('jsonpath=')) {
    const path = output.slice('jsonpath='.length);
    return documents
      .map(({ target, metadata, spec }) => `${select({ node: target, metadata, spec }, path, call)}\n`)
      .join('');
  }
  if (output !== 'table') notSimulated('talosctl', call.argv, `output ${output}`);
  const head = ['NODE', 'NAMESPACE', 'TYPE', 'ID', 'VERSION', ...type.columns.map((column) => column.title)];
  const rows = shown.map(({ target, resource }) => [
    target,
    type.namespace,
    type.short,
    resource.id,
    String(resource.version),
    ...type.columns.map((column) => (typeof resource.spec === 'string' ? '' : column.cell(resource.spec))),
  ]);
  return table([head, ...rows]);
}

function metadataOf(type: ResourceType, resource: Resource, model: Model): Spec {
  const time = model.clock.wall(resource.updated).replace(/\.\d+Z$/, 'Z');
  return {
    namespace: type.namespace,
    type: type.type,
    id: resource.id,
    version: resource.version,
    owner: resource.owner,
    phase: 'running',
    created: time,
    updated: time,
    ...(resource.annotations && { annotations: resource.annotations }),
  };
}

function yaml(target: string, metadata: Spec, spec: Spec | string): string {
  const { annotations, ...plain } = metadata as Spec & { annotations?: Record<string, string> };
  const lines = Object.entries(plain).map(([key, value]) => `    ${key}: ${String(value)}`.trimEnd());
  if (annotations)
    lines.push('    annotations:', ...Object.entries(annotations).map(([key, value]) => `        ${key}: ${value}`));
  const shown =
    typeof spec === 'string'
      ? `spec: ${JSON.stringify(spec)}\n`
      : `spec:\n${stringify(spec, { indent: 4 }).replaceAll(/^/gm, '    ').trimEnd()}\n`;
  return `node: ${target}\nmetadata:\n${lines.join('\n')}\n${shown}`;
}

/** `{.a.b[0].c}` and nothing more of JSONPath. */
function select(document: Spec, path: string, call: ToolCall): string {
  const inner = /^\{((?:\.[A-Za-z_][\w-]*|\[\d+\])+)\}$/.exec(path)?.[1];
  if (inner === undefined) notSimulated('talosctl', call.argv, `the JSONPath ${path}`);
  let at: unknown = document;
  for (const [, key, index] of inner.matchAll(/\.([\w-]+)|\[(\d+)\]/g)) {
    if (typeof at !== 'object' || at === null) at = undefined;
    else at = (at as Record<string, unknown>)[key ?? index!];
  }
  if (at === undefined || at === null) return '';
  return typeof at === 'object' ? JSON.stringify(at) : String(at);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
