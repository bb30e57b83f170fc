import type { Model } from '../../../plugins/lab/src/model.ts';
import type { NodeModel } from '../../../plugins/lab/src/nodes/node.ts';
import { servicesOf } from '../../../plugins/lab/src/tools/talosctl/services.ts';
import { Failure } from './failure.ts';
import { PLATFORM } from './platform.ts';

/** What a service of the node has logged. Throws where it has none of this name, as Talos does. */
export const logOf = (model: Model, node: NodeModel, id: string): string[] => {
  const service = servicesOf(model, node).find((one) => one.id === id);
  if (!service) throw new Failure('Unknown', `log "${id}" was not registered`);
  return [
    `${PLATFORM}: a simulated node, these lines are made up`,
    `service[${id}](${service.state}): ${service.event}`,
  ];
};
