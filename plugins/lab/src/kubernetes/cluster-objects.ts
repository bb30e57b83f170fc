import type { Expected } from '../model.ts';
import type { Release } from './charts/parts.ts';
import { service, workload } from './charts/parts.ts';
import { at, type KubeObject } from './object.ts';

const OWN: Release = { name: 'talos', namespace: 'kube-system', chart: 'talos', version: 'stand-in' };

/** What Talos applies by itself at bootstrap: CoreDNS, kube-proxy and Flannel, as far as the machine config leaves them on. */
export function clusterObjects(config: unknown, expected: Expected): KubeObject[] {
  const cluster = at(config, 'cluster');
  const objects: KubeObject[] = [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { component: 'apiserver', provider: 'kubernetes' },
      },
      spec: { ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }], type: 'ClusterIP' },
    },
  ];
  if (at(cluster, 'coreDNS', 'disabled') !== true) {
    const labels = { 'k8s-app': 'kube-dns' };
    objects.push(
      service(OWN, 'kube-dns', 53, labels),
      workload('Deployment', OWN, {
        name: 'coredns',
        labels,
        image: 'registry.k8s.io/coredns/coredns:stand-in',
        replicas: 2,
        everywhere: true,
      }),
    );
  }
  if (at(cluster, 'proxy', 'disabled') !== true)
    objects.push(
      workload('DaemonSet', OWN, {
        name: 'kube-proxy',
        labels: { 'k8s-app': 'kube-proxy' },
        image: `registry.k8s.io/kube-proxy:${expected.kubernetesVersion ?? 'stand-in'}`,
        hostNetwork: true,
      }),
    );
  const cni = at(cluster, 'network', 'cni', 'name') ?? 'flannel';
  if (cni === 'flannel')
    objects.push(
      workload('DaemonSet', OWN, {
        name: 'kube-flannel',
        labels: { 'k8s-app': 'flannel' },
        image: 'ghcr.io/siderolabs/flannel:stand-in',
        hostNetwork: true,
      }),
    );
  return objects;
}
