import type { Facts, Json } from '@coldstart/contract';
import { accessOf, str, type KubeAccess } from '@coldstart/tools';
import type { HelmfilePolicy } from './config.ts';
import type { Release, SecretFile } from './survey/types.ts';

/** The fact `helmfile/files`: paths relative to the root; null where there is none. */
export type HelmfileFiles = {
  crds: string | null;
  apps: string | null;
  secrets: string | null;
  namespaces: string | null;
};

// Facts are plain data that this plugin's own survey made; the engine refuses a step whose needs are not there.
export const accessFrom = (facts: Facts): KubeAccess => accessOf(facts['kubernetes/kubeconfig']);
export const filesFrom = (facts: Facts): HelmfileFiles => facts['helmfile/files'] as unknown as HelmfileFiles;
export const policyFrom = (facts: Facts): HelmfilePolicy => facts['helmfile/policy'] as unknown as HelmfilePolicy;
export const releasesFrom = (facts: Facts): Release[] => facts['helmfile/releases'] as unknown as Release[];
export const crdReleasesFrom = (facts: Facts): Release[] => facts['helmfile/crd-releases'] as unknown as Release[];
export const namespacesFrom = (facts: Facts): string[] => facts['helmfile/namespaces'] as unknown as string[];
export const secretFilesFrom = (facts: Facts): SecretFile[] => facts['helmfile/secrets'] as unknown as SecretFile[];

/** The version to render charts for: configured, or that of the Talos configuration where that survey told one. */
export function kubeVersionFrom(facts: Facts): string | undefined {
  const version = policyFrom(facts).kubeVersion ?? str(facts['talos/cluster'], 'kubernetesVersion');
  return version?.replace(/^v/, '');
}

export const asFact = (value: unknown): Json => value as Json;
