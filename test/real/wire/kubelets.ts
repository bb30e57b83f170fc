import type { Api } from '../controlplane/api.ts';

/** By this label kwok makes a node Ready (controlplane/stages); who gives it stands in controlplane/network.ts. */
const NETWORK = 'coldstart.example.com/network';
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';

/**
 * Keeps the Ready of Nodes in step with the kubelets that run on the nodes: kwok's never stop. Of a node whose kubelet is gone
 * nothing is known, which the node controller says after its grace of 40 s and this says at once; one whose kubelet is back is
 * Ready again if it had a network before, as the CNI's files outlive a reboot. To be called for one node after the other.
 */
export const followKubelets = (api: Api): ((name: string, runs: boolean) => Promise<void>) => {
  /** Nodes without a kubelet, and what they had of a network. */
  const gone = new Map<string, string | null>();
  const send = async (path: string, body: object, type: string): Promise<void> => {
    const { status } = await api.send('PATCH', path, body, type);
    if (status !== 200) throw new Error(`PATCH ${path}: ${status}`);
  };
  const label = (name: string, value: string | null): Promise<void> =>
    send(`/api/v1/nodes/${name}`, { metadata: { labels: { [NETWORK]: value } } }, MERGE);
  return async (name, runs) => {
    if (runs !== gone.has(name)) return;
    if (runs) {
      await label(name, gone.get(name) ?? null);
      gone.delete(name);
      return;
    }
    type Node = { metadata: { labels: Record<string, string> } };
    const { body } = await api.send<Node>('GET', `/api/v1/nodes/${name}`);
    gone.set(name, body.metadata.labels[NETWORK] ?? null);
    await label(name, null);
    const now = new Date().toISOString();
    const ready = {
      type: 'Ready',
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: now,
    };
    await send(`/api/v1/nodes/${name}/status`, { status: { conditions: [ready] } }, STRATEGIC);
  };
};
