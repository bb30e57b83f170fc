import type { KubernetesState } from '../model.ts';

/** What is not whole in Kubernetes, one line each; looks at the world's own state and at nothing that a run says of it. */
export function kubernetesFindings(state: KubernetesState, expected: { nodes: readonly string[] }): string[] {
  return [
    ...missingNodes(state, expected.nodes),
    ...unreadyNodes(state),
    ...unestablished(state),
    ...releases(state),
    ...flux(state),
  ];
}

export const missingNodes = (state: KubernetesState, expected: readonly string[]): string[] =>
  expected
    .filter((name) => !state.nodes.some((node) => node.name === name))
    .map((name) => `node ${name} is not registered in Kubernetes`);

export const unreadyNodes = (state: KubernetesState): string[] =>
  state.nodes.filter((node) => !node.ready).map((node) => `node ${node.name} is not Ready`);

export const unestablished = (state: KubernetesState): string[] =>
  state.crds.filter((crd) => !crd.established).map((crd) => `CRD ${crd.name} is not established`);

export const releases = (state: KubernetesState): string[] =>
  state.releases.flatMap((release) => {
    const name = `release ${release.namespace}/${release.name}`;
    if (release.status !== 'deployed') return [`${name} is ${release.status}`];
    return release.ready ? [] : [`${name} is deployed and not Ready`];
  });

/** Flux has to be there, with at least one Kustomization, and all of it Ready. */
export function flux(state: KubernetesState): string[] {
  if (!state.flux.some((object) => object.kind === 'Kustomization')) return ['Flux has no Kustomization'];
  return state.flux
    .filter((object) => !object.ready)
    .map((object) => `Flux ${object.kind} ${object.namespace}/${object.name} is not Ready: ${object.reason}`);
}
