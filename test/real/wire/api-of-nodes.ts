import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { isReady } from '../../../plugins/lab/src/nodes/ready.ts';
import type { NodeModel } from '../../../plugins/lab/src/nodes/node.ts';
import { foreignAuthority, issue } from './certificates.ts';
import type { Wire } from './open.ts';

/**
 * As much of Kubernetes' API as `talosctl health --server=false` asks, answered from the lab's nodes: which are registered,
 * and the control planes' static pods. On loopback, and asks for no credentials; for tests without a control plane behind the nodes.
 */
export const apiOfNodes = async (wire: () => Wire): Promise<{ kubeconfig: string; close: () => void }> => {
  const nodes = (): NodeModel[] => [...wire().lab.model.nodes.values()];
  const conditions = (ready: boolean) => [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  const listOf = (url: URL): { kind: string; items: object[] } => {
    const role = 'node-role.kubernetes.io/control-plane';
    if (url.pathname === '/api/v1/nodes') {
      const items = nodes()
        .filter(({ kubelet }) => kubelet.registered)
        .map((node) => ({
          metadata: { name: node.config?.hostname, labels: node.config?.role === 'controlplane' ? { [role]: '' } : {} },
          status: {
            addresses: [{ type: 'InternalIP', address: node.address }],
            conditions: conditions(isReady(wire().lab.model, node)),
          },
        }));
      return { kind: 'NodeList', items };
    }
    if (url.pathname !== '/api/v1/namespaces/kube-system/pods') {
      // No DaemonSet, no Deployment: these are the cluster's own, and nothing was installed into it.
      const kind = { daemonsets: 'DaemonSetList', deployments: 'DeploymentList' }[url.pathname.split('/').at(-1) ?? ''];
      return { kind: kind ?? 'List', items: [] };
    }
    const app = /k8s-app ?= ?(\S+)/.exec(url.searchParams.get('labelSelector') ?? '')?.[1];
    const items = nodes()
      .filter(({ apiserver }) => apiserver)
      .map((node) => ({
        metadata: { name: `${app}-${node.config?.hostname}`, namespace: 'kube-system' },
        status: { phase: 'Running', conditions: conditions(true) },
      }));
    return { kind: 'PodList', items };
  };
  // talosctl insists on an authority and a certificate of its own.
  const authority = await foreignAuthority('CN=kubernetes');
  const admin = await issue(authority, '127.0.0.1', 'admin');
  const server = createServer(await issue(authority, '127.0.0.1', 'localhost'), (request, response) => {
    const { kind, items } = listOf(new URL(request.url ?? '/', 'http://127.0.0.1'));
    const apiVersion = request.url?.startsWith('/apis/apps/') ? 'apps/v1' : 'v1';
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ apiVersion, kind, metadata: {}, items }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const named = (name: string, what: string, value: object) => [{ name, [what]: value }];
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const ca = base64(authority.cert.toString('pem'));
  const kubeconfig = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: named('infra', 'cluster', { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': ca }),
    users: named('admin', 'user', {
      'client-certificate-data': base64(admin.cert),
      'client-key-data': base64(admin.key),
    }),
    contexts: named('admin@infra', 'context', { cluster: 'infra', user: 'admin' }),
    'current-context': 'admin@infra',
  });
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { kubeconfig, close };
};
