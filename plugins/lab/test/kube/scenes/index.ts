import { ofCilium } from './cilium.ts';
import { ofFlux } from './flux.ts';
import { ofGit } from './git.ts';
import { ofHelm } from './helm.ts';
import { ofHelmfile } from './helmfile.ts';
import { ofKubectl } from './kubectl.ts';
import { ofKustomize } from './kustomize.ts';
import { ofSops } from './sops.ts';
import type { Scene } from './scene.ts';

/** By recording. */
export const scenes: Record<string, Scene> = {
  ...ofCilium,
  ...ofFlux,
  ...ofGit,
  ...ofHelm,
  ...ofHelmfile,
  ...ofKubectl,
  ...ofKustomize,
  ...ofSops,
};
