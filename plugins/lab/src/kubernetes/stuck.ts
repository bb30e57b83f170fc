import type { Faults } from '../model.ts';
import type { Fields } from './object.ts';

/** Why pods of a workload never run: what kubelet says of their containers, and the warning that goes with it. */
export type Stuck = {
  state: (image: string, container: string, pod: string) => Fields;
  event: { reason: string; message: (image: string, container: string, pod: string) => string };
  restarts: boolean;
};

const BY_FAULT: Readonly<Record<string, Stuck>> = {
  'pod-image': {
    state: (image) => ({ reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"` }),
    event: {
      reason: 'Failed',
      message: (image) =>
        `Failed to pull image "${image}": failed to pull and unpack image "${image}": failed to resolve reference "${image}": failed to do request: dial tcp 198.51.100.7:443: i/o timeout`,
    },
    restarts: false,
  },
  'container-creating': {
    state: () => ({ reason: 'ContainerCreating' }),
    event: {
      reason: 'FailedCreatePodSandBox',
      message: () =>
        'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: plugin type="cilium-cni" failed (add): unable to connect to Cilium agent',
    },
    restarts: false,
  },
  dns: {
    state: (_image, container, pod) => ({
      reason: 'CrashLoopBackOff',
      message: `back-off 5m0s restarting failed container=${container} pod=${pod}`,
    }),
    event: {
      reason: 'BackOff',
      message: (_image, container, pod) => `Back-off restarting failed container ${container} in pod ${pod}`,
    },
    restarts: true,
  },
};

/** What keeps the pods of a workload from running, where a fault that is asked for does. */
export function stuck(faults: Faults, workload: string): Stuck | undefined {
  for (const [fault, how] of Object.entries(BY_FAULT)) {
    if (fault === 'dns' && workload !== 'coredns') continue;
    if (faults.strike(fault, workload)) return how;
  }
  return undefined;
}
