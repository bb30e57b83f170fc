import { contribution, type Contribution } from '@coldstart/contract';
import { git, gitRef, kubectl, kubernetesLease } from '@coldstart/tools';
import { talosConfig } from './config.ts';
import { identityGuard } from './guards/identity.ts';
import { pinnedNodeGuard } from './guards/pinned-node.ts';
import { recordIdentity } from './identity.ts';
import { mergeKubeconfig, setServer } from './kubeconfig/merge.ts';
import { api } from './steps/api.ts';
import { apiAnswers } from './steps/api-answers.ts';
import { applyControlplanes } from './steps/apply-controlplanes.ts';
import { applyWorkers } from './steps/apply-workers.ts';
import { bootstrap } from './steps/bootstrap.ts';
import { configsValid } from './steps/configs-valid.ts';
import { etcd } from './steps/etcd.ts';
import { kubeconfig } from './steps/kubeconfig.ts';
import { nodesReady } from './steps/nodes-ready.ts';
import { registered } from './steps/registered.ts';
import { tools } from './steps/tools.ts';
import { vip } from './steps/vip.ts';
import { talosSurvey } from './survey/index.ts';
import { talosctlTool } from './tool.ts';
import { nodesWitness } from './witness.ts';

/** All that this plugin brings: phase −1, from bare nodes to a Kubernetes API. */
export const talos: Contribution = contribution({
  plugin: '@coldstart/plugin-talos',
  config: talosConfig,
  surveys: [talosSurvey],
  steps: [
    tools,
    nodesReady,
    configsValid,
    applyControlplanes,
    bootstrap,
    etcd,
    kubeconfig,
    apiAnswers,
    api,
    applyWorkers,
    registered,
    vip,
  ],
  guards: [identityGuard, pinnedNodeGuard],
  merges: {
    'talos/identity-record': recordIdentity,
    'talos/kubeconfig-merge': mergeKubeconfig,
    'talos/kubeconfig-server': setServer,
  },
  tools: [talosctlTool, kubectl, git],
  witnesses: [nodesWitness],
  locks: [gitRef, kubernetesLease],
});

export { talosctlTool } from './tool.ts';
export type { TalosCluster, TalosNode } from './facts.ts';
export type { TalosPolicy } from './config.ts';
