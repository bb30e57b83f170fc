import { ofBuilds } from './builds.ts';
import { ofFlux } from './flux.ts';
import { ofGit } from './git.ts';
import { ofHelm } from './helm.ts';
import { ofKubectl } from './kubectl.ts';
import { ofSops } from './sops.ts';
import type { Question } from './common.ts';

export { access, type Question } from './common.ts';

/** In this order, from an empty cluster with three nodes. */
export const questions: readonly Question[] = [...ofKubectl, ...ofHelm, ...ofGit, ...ofBuilds, ...ofSops, ...ofFlux];
