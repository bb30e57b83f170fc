/** Names, kinds and served versions of the custom resource definitions that well-known charts and operators bring. */

export const CERT_MANAGER = `
certificaterequests.cert-manager.io CertificateRequest v1 ns cr
certificates.cert-manager.io Certificate v1 ns cert
challenges.acme.cert-manager.io Challenge v1 ns
clusterissuers.cert-manager.io ClusterIssuer v1 cluster
issuers.cert-manager.io Issuer v1 ns
orders.acme.cert-manager.io Order v1 ns
`;

export const EXTERNAL_SECRETS = `
acraccesstokens.generators.external-secrets.io ACRAccessToken v1alpha1 ns
clusterexternalsecrets.external-secrets.io ClusterExternalSecret v1 cluster ces
clustergenerators.generators.external-secrets.io ClusterGenerator v1alpha1 cluster
clusterpushsecrets.external-secrets.io ClusterPushSecret v1alpha1 cluster
clustersecretstores.external-secrets.io ClusterSecretStore v1 cluster css
ecrauthorizationtokens.generators.external-secrets.io ECRAuthorizationToken v1alpha1 ns
externalsecrets.external-secrets.io ExternalSecret v1 ns es
fakes.generators.external-secrets.io Fake v1alpha1 ns
gcraccesstokens.generators.external-secrets.io GCRAccessToken v1alpha1 ns
generatorstates.generators.external-secrets.io GeneratorState v1alpha1 ns
githubaccesstokens.generators.external-secrets.io GithubAccessToken v1alpha1 ns
passwords.generators.external-secrets.io Password v1alpha1 ns
pushsecrets.external-secrets.io PushSecret v1alpha1 ns ps
secretstores.external-secrets.io SecretStore v1 ns ss
stssessiontokens.generators.external-secrets.io STSSessionToken v1alpha1 ns
uuids.generators.external-secrets.io UUID v1alpha1 ns
vaultdynamicsecrets.generators.external-secrets.io VaultDynamicSecret v1alpha1 ns
webhooks.generators.external-secrets.io Webhook v1alpha1 ns
`;

export const PROMETHEUS_OPERATOR = `
alertmanagerconfigs.monitoring.coreos.com AlertmanagerConfig v1alpha1 ns amcfg
alertmanagers.monitoring.coreos.com Alertmanager v1 ns am
podmonitors.monitoring.coreos.com PodMonitor v1 ns pmon
probes.monitoring.coreos.com Probe v1 ns prb
prometheusagents.monitoring.coreos.com PrometheusAgent v1alpha1 ns promagent
prometheuses.monitoring.coreos.com Prometheus v1 ns prom
prometheusrules.monitoring.coreos.com PrometheusRule v1 ns promrule
scrapeconfigs.monitoring.coreos.com ScrapeConfig v1alpha1 ns scfg
servicemonitors.monitoring.coreos.com ServiceMonitor v1 ns smon
thanosrulers.monitoring.coreos.com ThanosRuler v1 ns ruler
`;

export const GATEWAY_API = `
backendtlspolicies.gateway.networking.k8s.io BackendTLSPolicy v1 ns btlspolicy
gatewayclasses.gateway.networking.k8s.io GatewayClass v1 cluster gc
gateways.gateway.networking.k8s.io Gateway v1 ns gtw
grpcroutes.gateway.networking.k8s.io GRPCRoute v1 ns
httproutes.gateway.networking.k8s.io HTTPRoute v1 ns
referencegrants.gateway.networking.k8s.io ReferenceGrant v1beta1 ns refgrant
`;

export const FLUX_OPERATOR = `
fluxinstances.fluxcd.controlplane.io FluxInstance v1 ns
fluxreports.fluxcd.controlplane.io FluxReport v1 ns
resourcesetinputproviders.fluxcd.controlplane.io ResourceSetInputProvider v1 ns rsip
resourcesets.fluxcd.controlplane.io ResourceSet v1 ns rset
`;

/** What the controllers of Flux 2.9 bring, by the component that brings them. */
export const FLUX: Record<string, string> = {
  'source-controller': `
buckets.source.toolkit.fluxcd.io Bucket v1 ns
externalartifacts.source.toolkit.fluxcd.io ExternalArtifact v1 ns
gitrepositories.source.toolkit.fluxcd.io GitRepository v1 ns gitrepo
helmcharts.source.toolkit.fluxcd.io HelmChart v1 ns hc
helmrepositories.source.toolkit.fluxcd.io HelmRepository v1 ns helmrepo
ocirepositories.source.toolkit.fluxcd.io OCIRepository v1 ns ocirepo
`,
  'kustomize-controller': `
kustomizations.kustomize.toolkit.fluxcd.io Kustomization v1 ns ks
`,
  'helm-controller': `
helmreleases.helm.toolkit.fluxcd.io HelmRelease v2 ns hr
`,
  'notification-controller': `
alerts.notification.toolkit.fluxcd.io Alert v1beta3 ns
providers.notification.toolkit.fluxcd.io Provider v1beta3 ns
receivers.notification.toolkit.fluxcd.io Receiver v1 ns
`,
};

/** What cilium-operator registers when it starts (Cilium 1.20). */
export const CILIUM = `
ciliumbgpadvertisements.cilium.io CiliumBGPAdvertisement v2 cluster cbgpadvert
ciliumbgpclusterconfigs.cilium.io CiliumBGPClusterConfig v2 cluster cbgpcluster
ciliumbgpnodeconfigoverrides.cilium.io CiliumBGPNodeConfigOverride v2 cluster cbgpnodeoverride
ciliumbgpnodeconfigs.cilium.io CiliumBGPNodeConfig v2 cluster cbgpnode
ciliumbgppeerconfigs.cilium.io CiliumBGPPeerConfig v2 cluster cbgppeer
ciliumcidrgroups.cilium.io CiliumCIDRGroup v2 cluster ccg
ciliumclusterwidenetworkpolicies.cilium.io CiliumClusterwideNetworkPolicy v2 cluster ccnp
ciliumendpoints.cilium.io CiliumEndpoint v2 ns cep
ciliumidentities.cilium.io CiliumIdentity v2 cluster ciliumid
ciliuml2announcementpolicies.cilium.io CiliumL2AnnouncementPolicy v2alpha1 cluster l2announcement
ciliumloadbalancerippools.cilium.io CiliumLoadBalancerIPPool v2 cluster ippool
ciliumnetworkpolicies.cilium.io CiliumNetworkPolicy v2 ns cnp
ciliumnodeconfigs.cilium.io CiliumNodeConfig v2 ns
ciliumnodes.cilium.io CiliumNode v2 cluster cn
ciliumpodippools.cilium.io CiliumPodIPPool v2alpha1 cluster cpip
`;
