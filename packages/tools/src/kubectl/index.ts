export { accessOf, kubectlArgv, type KubeAccess } from './access.ts';
export { applyAction, FIELD_MANAGER } from './apply.ts';
export { parseApplied, type Applied } from './applied.ts';
export { clusterUid, compareClusterUid } from './cluster-uid.ts';
export { kubectlFailure } from './failure.ts';
export { kubernetesLease } from './lease.ts';
export { getObjects, type Got } from './get.ts';
export { kubeNode, type KubeNode } from './nodes.ts';
export {
  annotation,
  condition,
  conditions,
  fluxOwner,
  fullName,
  label,
  nameOf,
  namespaceOf,
  parseObjects,
  type Condition,
  type KubeObject,
} from './objects.ts';
export { conditionReadiness, podTrouble, workloadReadiness, type Readiness } from './readiness.ts';
export { parseReadyz, type Readyz } from './readyz.ts';
export { kubectl, parseKubectlVersion, parseServerVersion } from './tool.ts';
export { explainPods, lookAtPods } from './pods.ts';
