import type { Metadata } from '@grpc/grpc-js';

import type { NodeModel } from '../../../plugins/lab/src/nodes/node.ts';
import { Failure } from './failure.ts';

/** Where a call goes: answered here, passed to one node as it is, or to several, each answer in a frame of its own. */
export type Route = { to: 'own' } | { to: 'one'; target: string } | { to: 'many'; targets: string[] };

const MANY =
  /^\/(machine\.MachineService|cluster\.ClusterService|inspect\.InspectService|storage\.StorageService|time\.TimeService)\//;

/** As Talos' apid does it: by the metadata `nodes` and `node`. Throws `Failure`. A worker forwards nothing; a node in maintenance is not asked this. */
export const routeOf = (metadata: Metadata, path: string, node: NodeModel): Route => {
  // An empty value is sent where no node was named.
  const nodes = valuesOf(metadata, 'nodes');
  const [one] = valuesOf(metadata, 'node');
  const forwards = node.config?.role === 'controlplane';
  const self = (target: string): boolean => target === node.address || target === node.config?.hostname;
  if (nodes.length > 0 && (forwards || nodes.length > 1 || !self(nodes[0] ?? ''))) {
    if (!MANY.test(path))
      throw new Failure('InvalidArgument', `one-2-many proxying is not supported for method ${path}`);
    if (!forwards) throw new Failure('PermissionDenied', 'no request forwarding');
    return { to: 'many', targets: nodes };
  }
  if (one !== undefined && (forwards || !self(one))) {
    if (!forwards) throw new Failure('PermissionDenied', 'no request forwarding');
    return { to: 'one', target: one };
  }
  return { to: 'own' };
};

/** grpc-js joins the values of a repeated key. */
const valuesOf = (metadata: Metadata, key: string): string[] =>
  metadata
    .get(key)
    .flatMap((value) => String(value).split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');
