import type { Reader, Signal } from '@coldstart/contract';
import { getObjects, workloadReadiness, type Got, type KubeAccess } from '@coldstart/tools';
import { fluxResource, type FluxResource } from '../flux/resources.ts';

/** The controllers' Deployments, one signal each; a text where the look told nothing. */
export async function controllerSignals(
  world: Reader,
  access: KubeAccess,
  namespace: string,
  wanted: readonly string[],
): Promise<Signal[] | string> {
  const got = await getObjects(world, access, ['deployments', '-n', namespace]);
  if (got.is !== 'objects') return whyOf(got);
  return wanted.map((name) => {
    const there = got.objects.find((o) => o.metadata.name === name);
    const { ready, why } = there ? workloadReadiness(there) : { ready: false, why: 'missing' };
    return {
      name: 'controller',
      subject: name,
      expected: 'Ready',
      observed: ready ? 'Ready' : why,
      ok: ready,
      source: 'kubectl get deployments',
    };
  });
}

/** Flux resources of the given kinds; `absent` where the cluster does not know one of the kinds. */
export async function fluxResources(
  world: Reader,
  access: KubeAccess,
  kinds: readonly string[],
  args: readonly string[] = ['-A'],
): Promise<FluxResource[] | 'absent' | { why: string }> {
  const got = await getObjects(world, access, [kinds.join(','), ...args], 30_000);
  if (got.is === 'absent') return 'absent';
  return got.is === 'failed' ? { why: got.why } : got.objects.map(fluxResource);
}

export const whyOf = (got: Exclude<Got, { is: 'objects' }>): string =>
  got.is === 'absent' ? 'the API server does not serve this kind' : got.why;

export function resourceSignal(resource: FluxResource): Signal {
  const observed = resource.suspended
    ? 'suspended'
    : resource.ready
      ? `Ready${resource.revision === '' ? '' : `, ${resource.revision}`}${resource.since === '' ? '' : `, since ${resource.since}`}`
      : resource.why;
  return {
    name: resource.kind,
    subject: resource.id,
    expected: 'Ready',
    observed: observed.slice(0, 500),
    ok: resource.ready || resource.suspended,
    source: 'kubectl get, condition Ready',
  };
}
