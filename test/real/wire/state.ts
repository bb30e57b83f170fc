import { stringify } from 'yaml';

import type { Model } from '../../../plugins/lab/src/model.ts';
import type { NodeModel } from '../../../plugins/lab/src/nodes/node.ts';
import { resourceTypes } from '../../../plugins/lab/src/tools/talosctl/resources.ts';
import type { Resource, ResourceType } from '../../../plugins/lab/src/tools/talosctl/resources.ts';
import { answersInMaintenance } from './face.ts';
import { Failure } from './failure.ts';
import { healthTypes, typedSpec } from './health.ts';
import { PLATFORM } from './platform.ts';
import type { Message, Protocol } from './protocol.ts';

/** What the lab's talosctl does not play and only the wire has: the node says what it is. */
const platform: ResourceType = {
  type: 'PlatformMetadatas.talos.dev',
  short: 'PlatformMetadata',
  namespace: 'runtime',
  aliases: ['platformmetadata', 'platformmetadatas'],
  open: true,
  columns: [{ title: 'PLATFORM', path: '{.platform}', cell: () => PLATFORM }],
  list: (_model, node) => [
    {
      id: 'platformmetadata',
      version: 1,
      updated: 0,
      owner: 'network.PlatformConfigController',
      spec: { platform: PLATFORM, hostname: node.config?.hostname ?? '', instanceId: `simulated-${node.name}` },
    },
  ],
};

/** What a drain asks for: the node's name in Kubernetes, known once its kubelet runs. */
const nodename: ResourceType = {
  type: 'Nodenames.kubernetes.talos.dev',
  short: 'Nodename',
  namespace: 'k8s',
  aliases: ['nodename', 'nodenames'],
  open: false,
  columns: [{ title: 'NODENAME', path: '{.nodename}', cell: ({ nodename: name }) => String(name) }],
  list: (_model, node) =>
    node.kubelet.running
      ? [
          {
            id: 'nodename',
            version: 1,
            updated: node.since,
            owner: 'k8s.NodenameController',
            spec: { nodename: node.config?.hostname ?? '', hostnameVersion: '1', skipNodeRegistration: false },
          },
        ]
      : [],
};

const types: readonly ResourceType[] = [...resourceTypes, platform, nodename, ...healthTypes];
const DEFINITIONS = { type: 'ResourceDefinitions.meta.cosi.dev', namespace: 'meta' } as const;

export type State = {
  get: (node: NodeModel, request: Message) => Message;
  list: (node: NodeModel, request: Message) => Message[];
  watch: (node: NodeModel, request: Message, stop: AbortSignal) => AsyncIterable<Message>;
};

/** `cosi.resource.State` of the nodes. Errors are those of Talos' own server. */
export const stateOf = (model: Model, protocol: Protocol): State => {
  const definitions = types.map((type) => definitionOf(type, protocol, model));
  const all = (node: NodeModel, request: Message): Message[] => {
    if (request['type'] === DEFINITIONS.type) return definitions;
    const type = types.find((one) => one.type === request['type']);
    if (!type || request['namespace'] !== type.namespace) return [];
    if (answersInMaintenance(model, node) && !type.open) throw new Failure('PermissionDenied', 'not authorized');
    return type.list(model, node).map((resource) => resourceOf(model, protocol, type, resource));
  };
  const named = (node: NodeModel, request: Message): Message | undefined =>
    all(node, request).find((resource) => (resource['metadata'] as Message)['id'] === request['id']);
  return {
    get: (node, request) => {
      const resource = named(node, request);
      if (resource) return { resource };
      const [namespace, id] = [String(request['namespace']), String(request['id'])];
      throw new Failure('NotFound', `resource ${String(request['type'])}(${namespace}/${id}@undefined) doesn't exist`);
    },
    list: (node, request) => all(node, request).map((resource) => ({ resource })),
    watch: async function* (node, request, stop) {
      const one = typeof request['id'] === 'string';
      const look = (): Map<string, Message> =>
        new Map(
          (one ? [named(node, request)] : all(node, request)).flatMap((resource) =>
            resource ? [[String((resource['metadata'] as Message)['id']), resource] as const] : [],
          ),
        );
      let before = look();
      // The first answer is empty: it tells that the watch stands.
      yield { event: [] };
      const contents = one || (request['options'] as Message | null)?.['bootstrap_contents'] === true;
      if (contents) for (const resource of before.values()) yield { event: [{ resource, event_type: 'CREATED' }] };
      if (!one) yield { event: [{ event_type: 'BOOTSTRAPPED', resource: tombstone(request) }] };
      while (!stop.aborted) {
        await model.clock.sleep(500, stop);
        const now = look();
        for (const [id, resource] of now) {
          const old = before.get(id);
          if (!old) yield { event: [{ resource, event_type: 'CREATED' }] };
          else if (specOf(old) !== specOf(resource)) yield { event: [{ resource, old, event_type: 'UPDATED' }] };
        }
        for (const [id, resource] of before) if (!now.has(id)) yield { event: [{ resource, event_type: 'DESTROYED' }] };
        before = now;
      }
    },
  };
};

const specOf = (resource: Message): string => String((resource['spec'] as Message)['yaml_spec']);

/** An event needs a resource even where it is about none. */
const tombstone = (request: Message): Message => ({
  metadata: {
    namespace: request['namespace'],
    type: request['type'],
    id: '',
    version: 'undefined',
    phase: 'running',
    created: { seconds: '0' },
    updated: { seconds: '0' },
  },
  spec: { yaml_spec: '' },
});

const resourceOf = (model: Model, protocol: Protocol, type: ResourceType, resource: Resource): Message => ({
  metadata: {
    namespace: type.namespace,
    type: type.type,
    id: resource.id,
    version: String(resource.version),
    owner: resource.owner,
    phase: 'running',
    created: wall(model, resource.updated),
    updated: wall(model, resource.updated),
    annotations: resource.annotations ?? {},
  },
  // A text has to stay one whatever stands in it: double quotes are YAML too.
  spec:
    typeof resource.spec === 'string'
      ? { yaml_spec: JSON.stringify(resource.spec) }
      : { yaml_spec: stringify(resource.spec), ...encoded(protocol, typedSpec(type.type, resource.spec)) },
});

const encoded = (protocol: Protocol, typed: [string, Message] | undefined): Message =>
  typed ? { proto_spec: protocol.encode(...typed) } : {};

const definitionOf = (type: ResourceType, protocol: Protocol, model: Model): Message => {
  const columns = type.columns.map(({ title, path }) => ({ name: title, json_path: path }));
  const spec = {
    resource_type: type.type,
    display_type: type.short,
    default_namespace: type.namespace,
    aliases: type.aliases,
    all_aliases: [...type.aliases, type.type.toLowerCase()],
    print_columns: columns,
  };
  const shown = {
    type: type.type,
    displayType: type.short,
    defaultNamespace: type.namespace,
    aliases: type.aliases,
    allAliases: spec.all_aliases,
    printColumns: columns.map(({ name, json_path }) => ({ name, jsonPath: json_path })),
  };
  return {
    metadata: {
      ...DEFINITIONS,
      id: type.type.toLowerCase(),
      version: '1',
      owner: '',
      phase: 'running',
      created: wall(model, 0),
      updated: wall(model, 0),
    },
    spec: { proto_spec: protocol.encode('cosi.resource.ResourceDefinitionSpec', spec), yaml_spec: stringify(shown) },
  };
};

const wall = (model: Model, at: number): Message => ({
  seconds: String(Math.floor(Date.parse(model.clock.wall(at)) / 1000)),
});
