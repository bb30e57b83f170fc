import type { CheckingStep } from '@coldstart/contract';
import { accessFrom, policyFrom } from '../facts.ts';
import { HELM_RELEASES, inOrder, KUSTOMIZATIONS, roots, SOURCE_KINDS } from '../flux/resources.ts';
import { trouble } from '../flux/trouble.ts';
import { fluxResources, resourceSignal } from '../look/flux.ts';

/**
 * All sources and Kustomizations are Ready, in the order of `dependsOn`. What fails is told with Flux' own reason, causes
 * before what only waits for them. HelmReleases that are not Ready are told, and hold nothing up: a Kustomization
 * that must wait for one says so itself (`wait: true`).
 */
export const reconciled: CheckingStep = {
  id: 'flux/reconciled',
  kind: 'check',
  phase: 'validation',
  title: 'Flux has reconciled',
  needs: ['kubernetes/kubeconfig', 'flux/policy'],
  provides: [],
  settle: (facts) => ({ ...policyFrom(facts).reconciled, stableFor: 0 }),
  observe: async ({ facts, world }) => {
    const found = await fluxResources(world, accessFrom(facts), [...SOURCE_KINDS, KUSTOMIZATIONS, HELM_RELEASES]);
    if (found === 'absent')
      return {
        state: 'converging',
        signals: [],
        cause: "the cluster does not know all of Flux' kinds yet",
        remedy: 'Look at the release that installs Flux.',
        page: 'flux-not-ready',
      };
    if (!Array.isArray(found))
      return { state: 'unknown', signals: [], cause: `Flux could not be looked at: ${found.why}` };
    const releases = found.filter((r) => r.kind === 'HelmRelease');
    const judged = inOrder(found.filter((r) => r.kind !== 'HelmRelease'));
    const signals = judged.map(resourceSignal);
    if (!judged.some((r) => r.kind === 'Kustomization'))
      return {
        state: 'converging',
        signals,
        cause: 'there is no Kustomization at all',
        remedy: 'Apply the first one: `coldstart bootstrap phase core <cluster>`.',
        page: 'flux-not-ready',
      };
    const deviations = [
      ...judged.filter((r) => r.suspended).map((r) => `${r.kind} ${r.id} is suspended`),
      ...releases
        .filter((r) => !r.ready)
        .map((r) => `HelmRelease ${r.id} is ${r.suspended ? 'suspended' : `not Ready: ${r.why}`}`),
    ];
    const bad = judged.filter((r) => !r.ready && !r.suspended);
    if (bad.length === 0) return { state: 'done', signals, deviations };
    const causes = roots(judged);
    const others = bad.length - causes.length;
    const { cause, ...told } = trouble(causes.map((r) => `${r.kind} ${r.id}: ${r.why}`));
    const waiting = others > 0 ? `; ${others} more wait for them` : '';
    return { state: 'converging', signals, cause: `${cause}${waiting}`, ...told };
  },
  criteria: [{ id: 'flux-reconciled', title: 'every source and Kustomization is Ready', needs: 'lab-wire' }],
};
