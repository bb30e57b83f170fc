import type { Api } from './api.ts';
import { follow } from './follow.ts';

type Pod = {
  metadata: { ownerReferences?: { kind: string; name: string }[] };
  spec: { nodeName?: string };
  status: { conditions?: { type: string; status: string }[] };
};

const isReadyAgent = ({ metadata, status }: Pod): boolean =>
  (metadata.ownerReferences ?? []).some(({ kind, name }) => kind === 'DaemonSet' && name === 'cilium') &&
  (status.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True');

/**
 * Stands for the CNI: once a pod of the DaemonSet `cilium` is Ready on a node, the node gets the label for which
 * kwok (stages/node-network-ready.yaml) makes it Ready. It stays so when the pod goes, as the CNI's files would.
 * Ends when `stop` aborts.
 */
export const followNetwork = async (api: Api, stop: AbortSignal): Promise<void> => {
  const ready = new Set<string>();
  const label = { metadata: { labels: { 'coldstart.example.com/network': 'ready' } } };
  const mark = async (node: string): Promise<void> => {
    if (ready.has(node)) return;
    ready.add(node);
    const answer = await api.send('PATCH', `/api/v1/nodes/${node}`, label, 'application/merge-patch+json');
    if (answer.status !== 200) ready.delete(node);
  };
  await follow<Pod>(
    api,
    '/api/v1/namespaces/kube-system/pods',
    ({ type, object: pod }) => {
      const node = pod.spec.nodeName;
      if (type !== 'DELETED' && node && isReadyAgent(pod)) mark(node).catch(() => ready.delete(node));
    },
    stop,
  );
};
