import type { Facts } from '@coldstart/contract';
import { accessOf, type KubeAccess } from '@coldstart/tools';
import type { CiliumPolicy } from './config.ts';

/** The fact `cilium/expected`: what the repository's values say; null where they do not tell, and nothing is held against it. */
export type CiliumExpected = {
  clusterName: string | null;
  clusterId: number | null;
  kubeProxyReplacement: boolean | null;
  k8sServiceHost: string | null;
  k8sServicePort: number | null;
  routingMode: string | null;
  nativeCidr: string | null;
  datapathMode: string | null;
  hubbleRelay: boolean | null;
  hubbleUi: boolean | null;
  bgp: boolean | null;
  /** The file that told. */
  values: string | null;
};

export const accessFrom = (facts: Facts): KubeAccess => accessOf(facts['kubernetes/kubeconfig']);
export const expectedFrom = (facts: Facts): CiliumExpected => facts['cilium/expected'] as unknown as CiliumExpected;
export const policyFrom = (facts: Facts): CiliumPolicy => facts['cilium/policy'] as unknown as CiliumPolicy;
