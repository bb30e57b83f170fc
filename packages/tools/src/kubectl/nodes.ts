import { list, str } from '../json.ts';
import { condition, type KubeObject } from './objects.ts';

/** A node as the API server knows it. `ready` is the kubelet's own word, and false before there is a CNI. */
export type KubeNode = { name: string; ready: boolean; controlPlane: boolean; addresses: string[]; kubelet: string };

export function kubeNode(node: KubeObject): KubeNode {
  const labels = Object.keys((node.metadata['labels'] as Record<string, unknown> | undefined) ?? {});
  return {
    name: node.metadata.name,
    ready: condition(node, 'Ready')?.status === 'True',
    controlPlane: labels.includes('node-role.kubernetes.io/control-plane'),
    addresses: list(node, 'status', 'addresses').flatMap((a) =>
      str(a, 'type') === 'InternalIP' ? [str(a, 'address') ?? ''] : [],
    ),
    kubelet: (str(node, 'status', 'nodeInfo', 'kubeletVersion') ?? '').replace(/^v/, ''),
  };
}
