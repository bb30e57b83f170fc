/** The checks of `/readyz?verbose`, in the order in which kube-apiserver 1.36 reports them. */
const CHECKS = `ping log etcd etcd-readiness informer-sync
poststarthook/start-apiserver-admission-initializer poststarthook/generic-apiserver-start-informers
poststarthook/priority-and-fairness-config-consumer poststarthook/priority-and-fairness-filter
poststarthook/storage-object-count-tracker-hook poststarthook/start-apiextensions-informers
poststarthook/start-apiextensions-controllers poststarthook/crd-informer-synced
poststarthook/start-system-namespaces-controller poststarthook/peer-endpoint-reconciler-controller
poststarthook/start-cluster-authentication-info-controller poststarthook/start-kube-apiserver-identity-lease-controller
poststarthook/start-kube-apiserver-identity-lease-garbage-collector poststarthook/storage-readiness
poststarthook/start-legacy-token-tracking-controller poststarthook/start-service-ip-repair-controllers
poststarthook/rbac/bootstrap-roles poststarthook/scheduling/bootstrap-system-priority-classes
poststarthook/priority-and-fairness-config-producer poststarthook/bootstrap-controller
poststarthook/start-kubernetes-service-cidr-controller poststarthook/start-kube-aggregator-informers
poststarthook/apiservice-status-local-available-controller poststarthook/apiservice-status-remote-available-controller
poststarthook/apiservice-registration-controller poststarthook/apiservice-discovery-controller
poststarthook/kube-apiserver-autoregistration autoregister-completion poststarthook/apiservice-openapi-controller
poststarthook/apiservice-openapiv3-controller shutdown`.split(/\s+/);

/** The body of `/readyz`, `/livez` or `/healthz` of an apiserver that is ready. */
export function readyz(endpoint: string, verbose: boolean): string {
  if (!verbose) return 'ok';
  return `${CHECKS.map((check) => `[+]${check} ok`).join('\n')}\n${endpoint} check passed\n`;
}
