import { cilium } from './cilium/index.ts';
import { flux } from './flux/index.ts';
import { git } from './git/index.ts';
import { helm } from './helm/index.ts';
import { helmfile } from './helmfile/index.ts';
import { kubeconform } from './kubeconform/index.ts';
import { kubectl } from './kubectl/index.ts';
import { kustomize } from './kustomize/index.ts';
import { op } from './op/index.ts';
import { sops } from './sops/index.ts';
import { talosctl } from './talosctl/index.ts';
import type { SimulatedTool } from './tool.ts';

/** Every simulated tool, one line each. */
export const tools: readonly SimulatedTool[] = [
  cilium,
  flux,
  git,
  helm,
  helmfile,
  kubeconform,
  kubectl,
  kustomize,
  op,
  sops,
  talosctl,
];
