import type { Look, Observation, Signal } from '@coldstart/contract';
import { releaseTime, type HelmRelease, type KubeAccess } from '@coldstart/tools';
import type { Release } from '../survey/types.ts';

/**
 * A release in `pending-install`, `pending-upgrade`, `pending-rollback` or `uninstalling`: helm is at work, or was ended in
 * the middle. helm refuses every further change to it, so acting is in vain.
 *
 * It is waited for as long as that helm may wait itself. Where this coldstart's own helm was interrupted, nobody is at
 * work any more, and waiting is in vain too.
 */
export function pending(look: Look<Release>, access: KubeAccess, live: HelmRelease, signals: Signal[]): Observation {
  const since = releaseTime(live.updated);
  const age = since === undefined ? undefined : Date.parse(look.world.now()) - since;
  const last = look.past
    .filter((p) => p.step === 'helmfile/releases' && p.item === look.key && p.action === 'sync')
    .at(-1);
  const interrupted = last?.outcome === 'open' || last?.outcome === 'unknown';
  const patience = look.item.timeout * 1000 + 60_000;
  const state = `${look.key} is ${live.status}${age === undefined ? '' : ` since ${Math.max(0, Math.round(age / 1000))} s`}`;
  if (!interrupted && age !== undefined && age < patience)
    return {
      state: 'converging',
      signals,
      cause: `${state}: another helm may be at work on it`,
      remedy: recovery(access, look.item, live),
      page: 'helm-release-pending',
    };
  return {
    state: 'blocked',
    signals,
    cause: `${state}: a helm was ended in the middle of it, and helm refuses to go on`,
    remedy: recovery(access, look.item, live),
    page: 'helm-release-pending',
  };
}

function recovery(access: KubeAccess, release: Release, live: HelmRelease): string {
  const flags = `-n ${release.namespace} --kubeconfig ${access.path} --kube-context ${access.context}`;
  return live.revision > 1 && live.status !== 'uninstalling'
    ? `If no other helm is at work: \`helm rollback ${release.name} ${flags}\`, then run the same command again.`
    : `If no other helm is at work: \`helm uninstall ${release.name} ${flags}\` (it was never installed whole), then run the same command again.`;
}
