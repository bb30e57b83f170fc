import type { CheckingStep, Facts, Reader, Signal } from '@coldstart/contract';
import { label, getObjects, type KubeObject } from '@coldstart/tools';
import { accessFrom, policyFrom, sourceFrom } from '../facts.ts';
import { buildRoot, conformSignals } from '../flux/build.ts';
import { FLUX_INSTANCES, fluxResource, GIT_REPOSITORIES, inOrder, KUSTOMIZATIONS } from '../flux/resources.ts';
import { resourceSignal, whyOf } from '../look/flux.ts';

/**
 * From here Flux carries the cluster: flux-operator's instance is Ready where one is used, the GitRepository and all first
 * Kustomizations (the root and what the root applied) are Ready, and the root builds clean.
 */
export const handover: CheckingStep = {
  id: 'flux/handover',
  kind: 'check',
  phase: 'validation',
  title: 'Handover to Flux',
  needs: ['kubernetes/kubeconfig', 'flux/source', 'flux/policy'],
  provides: [],
  settle: (facts) => ({ ...policyFrom(facts).reconciled, stableFor: 0 }),
  observe: async ({ facts, world }) => {
    const looked = await lookAtCluster(world, facts);
    if (typeof looked === 'string')
      return { state: 'unknown', signals: [], cause: `the handover could not be looked at: ${looked}` };
    const waiting = looked.filter((s) => !s.ok);
    const told = (signals: readonly Signal[]): string =>
      signals
        .map((s) => `${s.name}${s.subject === undefined ? '' : ` ${s.subject}`}: ${String(s.observed)}`)
        .join('; ');
    if (waiting.length > 0)
      return {
        state: 'converging',
        signals: looked,
        cause: told(waiting),
        remedy: 'Mend what Flux names, push it, and run the same command again.',
        page: 'handover',
      };
    // The work tree is built once the cluster is there, not at every poll.
    const built = await buildRoot(world, sourceFrom(facts).path);
    const conform = built.manifests ? await conformSignals(world, built.manifests) : { signals: [], deviations: [] };
    const signals = [...looked, built.signal, ...conform.signals];
    const bad = signals.filter((s) => !s.ok);
    if (bad.length === 0) return { state: 'done', signals, deviations: conform.deviations };
    // What is wrong in the work tree does not mend itself by waiting.
    return {
      state: 'blocked',
      signals,
      deviations: conform.deviations,
      cause: told(bad),
      remedy:
        'Mend the manifests that are named, push them to the branch that Flux reads, and run the same command again.',
      page: 'handover',
    };
  },
  criteria: [
    {
      id: 'flux-handover',
      title: 'Flux carries the cluster: instance, GitRepository and first Kustomizations Ready, root builds clean',
      needs: 'lab-wire',
    },
  ],
};

async function lookAtCluster(world: Reader, facts: Facts): Promise<Signal[] | string> {
  const access = accessFrom(facts);
  const source = sourceFrom(facts);
  const [instances, git, kustomizations] = await Promise.all([
    getObjects(world, access, [FLUX_INSTANCES, '-A']),
    getObjects(world, access, [GIT_REPOSITORIES, '-n', source.namespace, '--ignore-not-found', source.name]),
    getObjects(world, access, [KUSTOMIZATIONS, '-A']),
  ]);
  if (instances.is === 'failed') return instances.why;
  if (git.is !== 'objects') return whyOf(git);
  if (kustomizations.is !== 'objects') return whyOf(kustomizations);
  const missing = (name: string, subject: string): Signal => ({
    name,
    subject,
    expected: 'Ready',
    observed: 'missing',
    ok: false,
    source: 'kubectl get',
  });
  const root = kustomizations.objects.find(
    (o) => o.metadata.name === source.kustomization && o.metadata['namespace'] === source.namespace,
  );
  const first = kustomizations.objects.filter((o) => isFrom(o, source.kustomization, source.namespace) && o !== root);
  return [
    ...(instances.is === 'objects' ? instances.objects.map((o) => resourceSignal(fluxResource(o))) : []),
    git.objects[0]
      ? resourceSignal(fluxResource(git.objects[0]))
      : missing('GitRepository', `${source.namespace}/${source.name}`),
    root ? resourceSignal(fluxResource(root)) : missing('Kustomization', `${source.namespace}/${source.kustomization}`),
    ...inOrder(first.map(fluxResource)).map(resourceSignal),
  ];
}

/** Whether the Kustomization `name` applied this object. */
const isFrom = (object: KubeObject, name: string, namespace: string): boolean =>
  label(object, 'kustomize.toolkit.fluxcd.io/name') === name &&
  label(object, 'kustomize.toolkit.fluxcd.io/namespace') === namespace;
