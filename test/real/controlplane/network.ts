import { setTimeout as sleep } from 'node:timers/promises';

import type { Api } from './api.ts';

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
  while (!stop.aborted) {
    // A watch ends by itself after some minutes, and when the API server goes: then a new one begins.
    await api
      .watch(
        '/api/v1/namespaces/kube-system/pods?watch=true&sendInitialEvents=true&allowWatchBookmarks=true' +
          '&resourceVersionMatch=NotOlderThan&resourceVersion=',
        ({ type, object }) => {
          const pod = object as Pod;
          const node = pod.spec?.nodeName;
          if ((type === 'ADDED' || type === 'MODIFIED') && node && isReadyAgent(pod))
            mark(node).catch(() => ready.delete(node));
        },
        stop,
      )
      .catch(() => {});
    await sleep(500, undefined, { signal: stop }).catch(() => {});
  }
};
