import type { Facts } from '@coldstart/contract';
import { accessOf, type KubeAccess } from '@coldstart/tools';
import type { FluxPolicy } from './config.ts';

/** The fact `flux/source`: what Flux reads, and how it gets in. */
export type FluxSource = {
  /** Namespace and name of the GitRepository. */
  namespace: string;
  name: string;
  url: string;
  branch: string;
  /** The cluster's root in the work tree, without `./` in front. */
  path: string;
  /** The Secret with the deploy key; null for a public repository. */
  secret: string | null;
  /** The manifest that is applied; with a FluxInstance, flux-operator makes the two from it. */
  manifest: string;
  /** The template of that Secret; null where it comes by other means. */
  deployKey: string | null;
  /** The first Kustomization, in the same namespace. */
  kustomization: string;
  /** The FluxInstance of the manifest; null where it holds GitRepository and Kustomization itself. */
  instance: string | null;
  /** The data keys that its template holds, e.g. `identity` and `known_hosts`. */
  keys: string[];
  /** Digest of the Secret's template; null without one. */
  digest: string | null;
};

export const accessFrom = (facts: Facts): KubeAccess => accessOf(facts['kubernetes/kubeconfig']);
export const sourceFrom = (facts: Facts): FluxSource => facts['flux/source'] as unknown as FluxSource;
export const policyFrom = (facts: Facts): FluxPolicy => facts['flux/policy'] as unknown as FluxPolicy;
