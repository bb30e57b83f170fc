import { z } from 'zod';
import { kubernetesFindings } from '../kubernetes/index.ts';
import type { KubernetesState, Model } from '../model.ts';

/** Control planes whose API server does not answer. */
export function silentApis(model: Model): string[] {
  if (!stateOf(model)) return ['there is no Kubernetes API'];
  return model.expected.nodes
    .filter((node) => node.role === 'controlplane' && !model.nodes.get(node.name)?.apiserver)
    .map((node) => `${node.name}: its Kubernetes API server does not run`);
}

/** Nodes not registered or not Ready, CRDs not established, releases not deployed and Ready, what of Flux is not Ready. */
export function unreadyObjects(model: Model): string[] {
  const state = stateOf(model);
  if (!state) return [];
  const nodes = model.expected.nodes.map(({ name }) => model.nodes.get(name)?.config?.hostname ?? name);
  return [...kubernetesFindings(state, { nodes }), ...missingReleases(model, state)];
}

const Releases = z.array(z.object({ namespace: z.string(), name: z.string(), installed: z.boolean() }));

/** Releases that the repository installs and the cluster does not have. */
function missingReleases(model: Model, state: KubernetesState): string[] {
  const told = Releases.safeParse(model.expected.facts['helmfile/releases'] ?? []);
  return (told.success ? told.data : [])
    .filter((wanted) => wanted.installed)
    .filter((wanted) => !state.releases.some((one) => one.namespace === wanted.namespace && one.name === wanted.name))
    .map((wanted) => `release ${wanted.namespace}/${wanted.name} is not there`);
}

/** The state of the API over the etcd cluster with most members. */
function stateOf(model: Model): KubernetesState | undefined {
  const [cluster] = [...model.etcd.values()].sort((a, b) => b.members.length - a.members.length);
  return cluster && model.apis.get(cluster.id)?.state();
}
