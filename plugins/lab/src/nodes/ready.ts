import type { Model } from '../model.ts';
import type { NodeModel } from './node.ts';

/** Whether a running node is Ready in Kubernetes, as its own MachineStatus has it. */
export function isReady(model: Model, node: NodeModel): boolean {
  if (node.stage !== 'running' || !node.config) return false;
  const { hostname } = node.config;
  return [...model.apis.values()].some((api) => api.state().nodes.some((one) => one.name === hostname && one.ready));
}
