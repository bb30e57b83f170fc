import { contribution, type Contribution } from '@coldstart/contract';
import { git, gitRef, kubectl, kubernetesLease, op } from '@coldstart/tools';
import { section } from './config.ts';
import { check } from './steps/check.ts';
import { deployKey, fillSecretTransform, secretValueTransform } from './steps/deploy-key.ts';
import { handover } from './steps/handover.ts';
import { reconciled } from './steps/reconciled.ts';
import { remoteHead } from './steps/remote-head.ts';
import { source } from './steps/source.ts';
import { tools } from './steps/tools.ts';
import { survey } from './survey/index.ts';
import { flux, kubeconform, kustomize } from './tool.ts';

/** What this plugin brings. */
export const fluxPlugin: Contribution = contribution({
  plugin: '@coldstart/plugin-flux',
  config: section,
  surveys: [survey],
  steps: [tools, remoteHead, deployKey, source, check, reconciled, handover],
  transforms: { 'flux/fill-secret': fillSecretTransform, 'flux/secret-value': secretValueTransform },
  tools: [flux, kubectl, git, op, kustomize, kubeconform],
  locks: [gitRef, kubernetesLease],
});
