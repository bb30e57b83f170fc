import type { Ms } from '@coldstart/contract';
import type { Clock, KubeletNode, Random } from '../model.ts';
import { READY_RANGE } from './charts/parts.ts';
import { draw, type Named, RANGES } from './durations.ts';
import { type KubeObject, textAt } from './object.ts';
import { seconds, type Stored } from './store.ts';

/** A node as its kubelet registered it. */
export type Registered = KubeletNode & {
  /** When it registered first, virtual ms. */
  at: Ms;
  /** Whether a pod without tolerations may run there. */
  schedulable: boolean;
};

/** Pods of a CNI agent on this node become Ready at this moment; Infinity where no agent runs. */
export function agentReady(random: Random, node: Registered, agent: Stored | undefined): Ms {
  if (agent === undefined) return Infinity;
  const range = textAt(agent.object, 'spec', 'template', 'metadata', 'annotations', READY_RANGE) ?? 'pod Ready';
  return (
    Math.max(agent.at, node.at) +
    draw(random, range in RANGES ? (range as Named) : 'pod Ready', `${agent.object.metadata.name}/${node.name}`)
  );
}

/** When the node becomes Ready: with its CNI agent, or by itself where Talos brings a CNI. */
export function nodeReady(random: Random, node: Registered, agent: Stored | undefined): Ms {
  if (node.cni !== 'none' && node.cni !== 'custom')
    return node.at + draw(random, 'node Ready after registration, where Talos brings the CNI', node.name);
  return agentReady(random, node, agent) + draw(random, 'node Ready after its Cilium agent', node.name);
}

/** The Node object as it stands at `now`. */
export function nodeObject(node: Registered, ready: Ms, now: Ms, clock: Clock, uid: string): KubeObject {
  const up = now >= ready;
  const since = seconds(clock.wall(up ? ready : node.at));
  const taints = [
    ...(node.schedulable ? [] : [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }]),
    ...(up ? [] : [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]),
  ];
  const healthy = (type: string, reason: string, message: string) => ({
    type,
    status: 'False',
    reason,
    message,
    lastHeartbeatTime: seconds(clock.wall(now)),
    lastTransitionTime: seconds(clock.wall(node.at)),
  });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      uid,
      creationTimestamp: seconds(clock.wall(node.at)),
      resourceVersion: String(up ? 2 : 1),
      labels: {
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/os': 'linux',
        ...(node.role === 'controlplane' ? { 'node-role.kubernetes.io/control-plane': '' } : {}),
      },
    },
    spec: taints.length > 0 ? { taints } : {},
    status: {
      addresses: [
        { type: 'InternalIP', address: node.address },
        { type: 'Hostname', address: node.name },
      ],
      conditions: [
        healthy('MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        healthy('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        healthy('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        {
          type: 'Ready',
          status: up ? 'True' : 'False',
          reason: up ? 'KubeletReady' : 'KubeletNotReady',
          message: up
            ? 'kubelet is posting ready status'
            : 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
          lastHeartbeatTime: seconds(clock.wall(now)),
          lastTransitionTime: since,
        },
      ],
      nodeInfo: {
        architecture: 'amd64',
        bootID: '',
        containerRuntimeVersion: 'containerd://2.1.4',
        kernelVersion: 'talos',
        kubeProxyVersion: '',
        kubeletVersion: node.kubeletVersion,
        machineID: '',
        operatingSystem: 'linux',
        osImage: `Talos (${node.talosVersion})`,
        systemUUID: '',
      },
    },
  };
}
