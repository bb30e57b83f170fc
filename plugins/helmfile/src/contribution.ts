import { contribution, type Contribution } from '@coldstart/contract';
import { git, gitRef, helm, kubectl, kubernetesLease, op, sops } from '@coldstart/tools';
import { section } from './config.ts';
import { clusterGuard } from './guards/cluster.ts';
import { coreCharts, crdCharts } from './steps/charts.ts';
import { crds, onlyCrds } from './steps/crds.ts';
import { namespaces, namespacesTransform } from './steps/namespaces.ts';
import { releases } from './steps/releases.ts';
import { fillSecretsTransform, secrets } from './steps/secrets.ts';
import { tools } from './steps/tools.ts';
import { survey } from './survey/index.ts';
import { helmfile } from './tool.ts';

/** What this plugin brings. */
export const helmfilePlugin: Contribution = contribution({
  plugin: '@coldstart/plugin-helmfile',
  config: section,
  surveys: [survey],
  steps: [tools, namespaces, secrets, crdCharts, crds, coreCharts, releases],
  guards: [clusterGuard],
  transforms: {
    'helmfile/namespaces': namespacesTransform,
    'helmfile/fill-secrets': fillSecretsTransform,
    'helmfile/only-crds': onlyCrds,
  },
  tools: [helmfile, helm, kubectl, op, sops, git],
  locks: [gitRef, kubernetesLease],
});
