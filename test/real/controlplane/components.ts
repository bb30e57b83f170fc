import type { Pki } from './pki.ts';

export type Component = {
  name: 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kwok';
  argv: string[];
};

export type Layout = {
  dir: string;
  pki: Pki;
  ports: Record<'etcd' | 'etcdPeer' | 'api' | 'controllerManager' | 'scheduler' | 'kwok', number>;
  /** Kubeconfigs of the components. */
  kubeconfigs: Record<'controllerManager' | 'scheduler' | 'kwok', string>;
  /** e.g. 10.43.0.0/16 */
  serviceRange: string;
  auditPolicy: string;
  auditLog: string;
  /** Where the API server's calls of Services go (services.ts). */
  egress: string;
  /** kwok's stages, files. */
  stages: string[];
};

const local = (port: number): string => `http://127.0.0.1:${port}`;

export const etcd = ({ dir, ports }: Layout): Component => ({
  name: 'etcd',
  argv: [
    '--name=etcd',
    `--data-dir=${dir}/etcd`,
    `--listen-client-urls=${local(ports.etcd)}`,
    `--advertise-client-urls=${local(ports.etcd)}`,
    `--listen-peer-urls=${local(ports.etcdPeer)}`,
    `--initial-advertise-peer-urls=${local(ports.etcdPeer)}`,
    `--initial-cluster=etcd=${local(ports.etcdPeer)}`,
    // Nothing here has to survive a power loss.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ],
});

export const apiServer = ({ dir, pki, ports, serviceRange, auditPolicy, auditLog, egress }: Layout): Component => ({
  name: 'kube-apiserver',
  argv: [
    `--etcd-servers=${local(ports.etcd)}`,
    `--cert-dir=${dir}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${ports.api}`,
    `--tls-cert-file=${pki.serving.certFile}`,
    `--tls-private-key-file=${pki.serving.keyFile}`,
    `--client-ca-file=${pki.ca.certFile}`,
    '--authorization-mode=RBAC',
    '--allow-privileged=true',
    `--service-cluster-ip-range=${serviceRange}`,
    // 127.0.0.1 may not stand in the endpoints of the Service `kubernetes`.
    '--endpoint-reconciler-type=none',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${pki.serviceAccount.publicFile}`,
    `--service-account-signing-key-file=${pki.serviceAccount.privateFile}`,
    `--egress-selector-config-file=${egress}`,
    `--audit-policy-file=${auditPolicy}`,
    `--audit-log-path=${auditLog}`,
    // An event is on disk before the request goes on: what a client did is there when it has its answer.
    '--audit-log-mode=blocking',
    // One file, never rotated away under its reader (megabytes).
    '--audit-log-maxsize=100000',
  ],
});

export const controllerManager = ({ pki, ports, kubeconfigs }: Layout): Component => ({
  name: 'kube-controller-manager',
  argv: [
    `--kubeconfig=${kubeconfigs.controllerManager}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.controllerManager}`,
    `--root-ca-file=${pki.ca.certFile}`,
    `--service-account-private-key-file=${pki.serviceAccount.privateFile}`,
    '--use-service-account-credentials=true',
    '--leader-elect=false',
  ],
});

export const scheduler = ({ ports, kubeconfigs }: Layout): Component => ({
  name: 'kube-scheduler',
  argv: [
    `--kubeconfig=${kubeconfigs.scheduler}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.scheduler}`,
    '--leader-elect=false',
  ],
});

export const kwok = ({ pki, ports, kubeconfigs, stages }: Layout): Component => ({
  name: 'kwok',
  argv: [
    ...stages.map((file) => `--config=${file}`),
    `--kubeconfig=${kubeconfigs.kwok}`,
    '--manage-all-nodes=true',
    '--node-name=localhost',
    `--node-port=${ports.kwok}`,
    `--server-address=127.0.0.1:${ports.kwok}`,
    `--tls-cert-file=${pki.serving.certFile}`,
    `--tls-private-key-file=${pki.serving.keyFile}`,
    // Without leases of its nodes the node lifecycle controller gives them up after 40 s.
    '--node-lease-duration-seconds=40',
  ],
});
