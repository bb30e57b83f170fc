/** A node as the repository names it. */
export type NodeSpec = {
  name: string;
  role: 'controlplane' | 'worker';
  /** Its own address, e.g. 192.0.2.11. */
  address: string;
};

const version = 'v1.36.3';

const condition = (type: string, status: 'True' | 'False', reason: string, message: string, now: string): object => ({
  type,
  status,
  reason,
  message,
  lastHeartbeatTime: now,
  lastTransitionTime: now,
});

/**
 * The Node object as a kubelet without a CNI registers it: NotReady. Resources are those of a small server, so that
 * the scheduler has something to weigh; control planes carry the taint that Talos gives them unless `schedulable`.
 */
export const nodeObject = (node: NodeSpec, schedulable: boolean): object => {
  const now = new Date().toISOString();
  const controlPlane = node.role === 'controlplane';
  const resources = { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '400Gi' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      labels: {
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        ...(controlPlane ? { 'node-role.kubernetes.io/control-plane': '' } : {}),
      },
    },
    spec: {
      taints: [
        { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
        ...(controlPlane && !schedulable
          ? [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }]
          : []),
      ],
    },
    status: {
      capacity: resources,
      allocatable: resources,
      addresses: [
        { type: 'InternalIP', address: node.address },
        { type: 'Hostname', address: node.name },
      ],
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory', now),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure', now),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID', now),
        condition('Ready', 'False', 'KubeletNotReady', 'cni plugin not initialized', now),
      ],
      nodeInfo: {
        architecture: 'amd64',
        bootID: '',
        containerRuntimeVersion: 'containerd://2.1.4',
        kernelVersion: '6.18.0-talos',
        kubeProxyVersion: '',
        kubeletVersion: version,
        machineID: '',
        operatingSystem: 'linux',
        osImage: 'Talos (v1.13.0)',
        systemUUID: '',
      },
    },
  };
};
