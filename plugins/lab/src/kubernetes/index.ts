import type { KubernetesFactory } from '../model.ts';
import { ControlPlane } from './control-plane.ts';

/** Makes the Kubernetes side of a world, or restores a saved one. */
export const kubernetes: KubernetesFactory = (model, etcdCluster, saved) => new ControlPlane(model, etcdCluster, saved);

export { kubernetesFindings } from './findings.ts';
