import { below, decode, isTree, type Tree } from './document.ts';
import { addressBits, bytesOf, endpointFault, isNetwork, urlOf } from './go-values.ts';
import { annotationFaults, labelFaults, taintFaults } from './labels.ts';
import { deviceFaults, deviceWarnings, linkFaults } from './network.ts';

/** What Talos says of a machine config that decodes: its error, or null where it is valid. */
export type Verdict = { warnings: string[]; error: string | null };

/** Judges a machine config for `metal` mode; `strict` makes warnings faults. Throws `Undecodable` where it does not decode. */
export function judged(bytes: Uint8Array, strict = false): Verdict {
  const { config, others } = decode(bytes);
  const found: Found = { warnings: [], faults: [] };
  if (config) judge(config, found);
  if (strict) found.faults.push(...found.warnings.splice(0).map((warning) => `warning: ${warning}`));
  const all = found.faults.length > 0 ? [`v1alpha1.Config: ${multierror(found.faults)}`] : [];
  const hostname = others.find((tree) => tree['kind'] === 'HostnameConfig');
  if (hostname && config && text(below(config, 'machine.network')['hostname']) !== '')
    all.push('static hostname is already set in v1alpha1 config');
  return { warnings: found.warnings, error: all.length > 0 ? multierror(all) : null };
}

type Found = { warnings: string[]; faults: string[] };

/** Go's multierror. */
function multierror(errors: readonly string[]): string {
  return `${errors.length} error${errors.length === 1 ? '' : 's'} occurred:\n${errors.map((error) => `\t* ${error}\n`).join('')}\n`;
}

function judge(config: Tree, { warnings, faults }: Found): void {
  const machine = config['machine'];
  if (!isTree(machine)) {
    faults.push('machine instructions are required');
    return;
  }
  const cluster = isTree(config['cluster']) ? config['cluster'] : null;
  const given = text(machine['type']);
  const type = ['', 'join'].includes(given) ? 'worker' : given;
  const controlPlane = type === 'controlplane' || type === 'init';
  faults.push(...clusterFaults(cluster, controlPlane), ...installFaults(machine));

  const dns = below(machine, 'features.hostDNS');
  if (dns['forwardKubeDNSToHost'] === true && dns['enabled'] !== true)
    faults.push('feature hostDNS.forwardKubeDNSToHost requires hostDNS.enabled to be true (.machine.features.hostDNS)');
  if (type === 'worker' && given !== 'worker')
    warnings.push(`use "worker" instead of ${JSON.stringify(given)} for machine type`);

  const ca = isTree(machine['ca']) ? machine['ca'] : null;
  const accepted = list(machine['acceptedCAs']).length > 0;
  if (!ca && !accepted) faults.push('issuing CA or some accepted CAs are required (.machine.ca, machine.acceptedCAs)');
  if (controlPlane) {
    cniFaults(below(cluster ?? {}, 'network.cni'), { warnings, faults });
    if (!ca) faults.push('issuing CA is required (.machine.ca)');
    else if (!holds(ca['key'])) faults.push('issuing CA key is required for controlplane nodes (.machine.ca.key)');
  } else if (type === 'worker') workerFaults(machine, cluster, ca, accepted, faults);
  else faults.push(`unknown machine type ${JSON.stringify(given)}`);

  const devices = trees(below(machine, 'network')['interfaces']);
  const secondary = new Map<string, string>();
  for (const device of devices) faults.push(...linkFaults(device, secondary));
  for (const device of devices) {
    faults.push(...deviceFaults(device, secondary));
    warnings.push(...deviceWarnings(device));
  }
  const kubespan = below(machine, 'network.kubespan');
  const spans = kubespan['enabled'] === true;
  if (spans && number(kubespan['mtu'], 1420) < 1280) faults.push('kubespan link MTU must be at least 1280');
  for (const [at, disk] of list(machine['disks']).entries()) {
    if (!isTree(disk)) {
      faults.push(`machine.disks[${at}] is null`);
      continue;
    }
    const partitions = trees(disk['partitions']);
    for (const partition of partitions.slice(0, -1))
      if (bytesOf(text(partition['size']) || '0').bytes === 0)
        faults.push(
          `partition for disk ${JSON.stringify(text(disk['device']))} is set to occupy full disk, but it's not the last partition in the list`,
        );
  }
  faults.push(...kubeletFaults(below(machine, 'kubelet')), ...encryptionFaults(below(machine, 'systemDiskEncryption')));
  if (spans) faults.push(...kubespanFaults(kubespan, cluster ?? {}));
  for (const destination of trees(below(machine, 'logging')['destinations']))
    faults.push(...loggingFaults(destination));

  const extensions = trees(below(machine, 'install')['extensions']).map((one) => text(one['image']));
  for (const [at, image] of extensions.entries())
    if (extensions.indexOf(image) < at) faults.push(`duplicate system extension ${JSON.stringify(image)}`);
  if (extensions.length > 0)
    warnings.push(
      '.machine.install.extensions is deprecated, please see https://docs.siderolabs.com/talos/latest/platform-specific-installations/boot-assets',
    );
  for (const [what, wrong] of [
    ['labels', labelFaults(texts(machine['nodeLabels']))],
    ['annotations', annotationFaults(texts(machine['nodeAnnotations']))],
    ['taints', taintFaults(texts(machine['nodeTaints']))],
  ] as const)
    if (wrong.length > 0) faults.push(`invalid machine node ${what}: ${multierror(wrong)}`);
  faults.push(...featureFaults(below(machine, 'features'), controlPlane));
  if (config['persist'] === false) faults.push('.persist should be enabled');
  const registries = below(machine, 'registries');
  for (const part of ['config', 'mirrors'])
    for (const [name, value] of Object.entries(below(registries, part)))
      if (value === null) faults.push(`registries.${part}[${JSON.stringify(name)}] is null`);
}

function clusterFaults(cluster: Tree | null, controlPlane: boolean): string[] {
  if (!cluster) return ['cluster instructions are required'];
  const endpoint = below(cluster, 'controlPlane')['endpoint'];
  if (typeof endpoint !== 'string') return ['cluster controlplane endpoint is required'];
  const faults: string[] = [];
  const wrong = endpointFault(endpoint);
  if (wrong !== null) faults.push(`invalid controlplane endpoint: ${wrong}`);
  const domain = text(below(cluster, 'network')['dnsDomain']);
  const labels = /^\w[\w-]{0,62}(?:\.\w[\w-]{0,62})*[._]?$/;
  if (domain !== '' && (domain.replaceAll('.', '').length > 255 || !labels.test(domain)))
    faults.push(`${JSON.stringify(domain)} is not a valid DNS name`);
  const provider = below(cluster, 'externalCloudProvider');
  const manifests = list(provider['manifests']).map(text);
  if (provider['enabled'] !== true && manifests.length > 0)
    faults.push('external cloud provider is disabled, but manifests are provided');
  else
    for (const manifest of manifests) {
      const fault = endpointFault(manifest);
      if (fault !== null)
        faults.push(`invalid external cloud provider manifest url ${JSON.stringify(manifest)}: ${fault}`);
    }
  if (isTree(cluster['etcd']))
    faults.push(
      ...(controlPlane ? etcdFaults(cluster['etcd']) : ['etcd config is only allowed on control plane machines']),
    );
  if (!controlPlane && holds(below(cluster, 'ca')['key']))
    faults.push('cluster CA key is not allowed on non-controlplane nodes (.cluster.ca)');
  faults.push(...manifestFaults(trees(cluster['inlineManifests'])), ...discoveryFaults(cluster));
  const authorization = cluster['apiServer'] ? apiServerFault(below(cluster, 'apiServer')) : null;
  if (authorization !== null) faults.push(authorization);
  for (const [key, name] of [
    ['apiServer', 'apiserver'],
    ['controllerManager', 'controller-manager'],
    ['scheduler', 'scheduler'],
  ] as const) {
    if (key === 'apiServer' && authorization !== null) continue;
    const odd = ['requests', 'limits']
      .flatMap((part) => Object.keys(below(cluster, `${key}.resources.${part}`)))
      .find((resource) => resource !== 'memory' && resource !== 'cpu');
    if (odd !== undefined)
      faults.push(`${name} resource validation failed: unsupported pod resource ${JSON.stringify(odd)}`);
  }
  return faults;
}

function apiServerFault(apiServer: Tree): string | null {
  if (apiServer['authorizationConfig'] === undefined) return null;
  for (const key of Object.keys(below(apiServer, 'extraArgs'))) {
    if (key === 'authorization-mode')
      return 'authorization-mode cannot be used in conjunction with AuthorizationConfig, use eitherr AuthorizationConfig or authorization-mode';
    if (key.startsWith('authorization-webhook-'))
      return 'authorization-webhook-* flags cannot be used in conjunction with AuthorizationConfig, use either AuthorizationConfig or authorization-webhook-* flags';
  }
  return null;
}

function etcdFaults(etcd: Tree): string[] {
  const faults: string[] = [];
  if (!isTree(etcd['ca'])) faults.push('key/cert combination should not be empty');
  const subnet = text(etcd['subnet']);
  const advertised = list(etcd['advertisedSubnets']).map(text);
  if (subnet !== '' && advertised.length > 0) faults.push("etcd subnet can't be set when advertised subnets are set");
  const told = advertised.length > 0 ? advertised : subnet === '' ? [] : [subnet];
  const listen = list(etcd['listenSubnets']).map(text);
  for (const one of told) if (!isSubnet(one)) faults.push(`etcd advertised subnet is not valid: ${bare(one)}`);
  for (const one of listen.length > 0 ? listen : told)
    if (!isSubnet(one)) faults.push(`etcd listen subnet is not valid: ${bare(one)}`);
  return faults;
}

function manifestFaults(manifests: readonly Tree[]): string[] {
  const faults: string[] = [];
  const names = new Set<string>();
  for (const { name } of manifests) {
    if (text(name).trim() === '') faults.push("inline manifest name can't be empty");
    if (names.has(text(name))) faults.push(`inline manifest name ${JSON.stringify(text(name))} is duplicate`);
    names.add(text(name));
  }
  return faults;
}

function discoveryFaults(cluster: Tree): string[] {
  const service = below(cluster, 'discovery.registries.service');
  if (below(cluster, 'discovery')['enabled'] !== true || service['disabled'] === true) return [];
  const faults: string[] = [];
  const { fault, path } = urlOf(text(service['endpoint']) || 'https://discovery.talos.dev/', true);
  if (fault !== undefined) faults.push(`cluster discovery service registry endpoint is invalid: ${fault}`);
  else if (path !== '' && path !== '/') faults.push('cluster discovery service path should be empty');
  for (const key of ['id', 'secret'])
    if (text(cluster[key]) === '') faults.push(`cluster discovery service requires .cluster.${key}`);
  return faults;
}

function installFaults(machine: Tree): string[] {
  const install = machine['install'];
  if (!isTree(install)) return ['install instructions are required in "metal" mode'];
  const faults: string[] = [];
  const selector = isTree(install['diskSelector']) ? install['diskSelector'] : null;
  const type = text(selector?.['type']);
  let invalid: string | null = null;
  if (text(selector?.['name']) !== '') invalid = 'selector on name is not supported';
  else if (!['', 'nvme', 'sd', 'hdd', 'ssd'].includes(type)) invalid = `unsupported disk type ${JSON.stringify(type)}`;
  if (invalid !== null) faults.push(`install disk selector is invalid: ${invalid}`);
  if (text(install['disk']) === '' && (!selector || invalid !== null))
    faults.push('either install disk or diskSelector should be defined');
  if (list(install['extraKernelArgs']).length > 0 && install['grubUseUKICmdline'] === true)
    faults.push("install.extraKernelArgs and install.grubUseUKICmdline can't be used together");
  return faults;
}

function cniFaults(cni: Tree, { warnings, faults }: Found): void {
  const name = Object.keys(cni).length === 0 ? 'flannel' : text(cni['name']);
  const urls = list(cni['urls']).map(text);
  if (!['flannel', 'custom', 'none'].includes(name)) {
    faults.push('cni name should be one of ["flannel", "custom", "none"]');
    return;
  }
  if (name !== 'custom' && urls.length > 0) faults.push(`"urls" field should be empty for "${name}" CNI`);
  if (name === 'custom' && urls.length === 0) warnings.push('"urls" field should not be empty for "custom" CNI');
  if (name === 'flannel') return;
  if (list(below(cni, 'flannel')['extraArgs']).length > 0)
    faults.push(`"flanneldExtraArgs" field should be empty for "${name}" CNI`);
  if (below(cni, 'flannel')['kubeNetworkPoliciesEnabled'] === true)
    faults.push(`"flannelKubeNetworkPoliciesEnabled" should not be enabled for "${name}" CNI`);
  if (name === 'custom') faults.push(...urls.map(endpointFault).filter((fault) => fault !== null));
}

function workerFaults(machine: Tree, cluster: Tree | null, ca: Tree | null, accepted: boolean, faults: string[]): void {
  for (const device of trees(below(machine, 'network')['interfaces']))
    for (const { vip } of [device, ...trees(device['vlans'])])
      if (vip !== undefined) faults.push('virtual (shared) IP is not allowed on non-controlplane nodes');
  if (holds(ca?.['key']))
    faults.push('issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)');
  if (ca && !holds(ca['crt']) && !accepted)
    faults.push(
      'trusted CA certificates are required on non-controlplane nodes (.machine.ca.crt, .machine.acceptedCAs)',
    );
  if (holds(below(cluster ?? {}, 'ca')['key']))
    faults.push('issuing Kubernetes API CA key is not allowed on non-controlplane nodes (.cluster.ca)');
}

/** Fields of the kubelet's configuration that Talos sets itself. */
const PROTECTED = [
  'apiVersion',
  'authentication',
  'authorization',
  'cgroupRoot',
  'kind',
  'kubeletCgroups',
  'port',
  'protectKernelDefaults',
  'resolvConf',
  'rotateCertificates',
  'systemCgroups',
  'staticPodPath',
  'seccompDefault',
];

function kubeletFaults(kubelet: Tree): string[] {
  const subnets = list(below(kubelet, 'nodeIP')['validSubnets']).map(text);
  const extra = below(kubelet, 'extraConfig');
  return [
    ...subnets.filter((one) => !isSubnet(one)).map((one) => `kubelet nodeIP subnet is not valid: ${bare(one)}`),
    ...PROTECTED.filter((field) => Object.hasOwn(extra, field)).map(
      (field) => `kubelet configuration field ${JSON.stringify(field)} can't be overridden`,
    ),
  ];
}

function encryptionFaults(encryption: Tree): string[] {
  const faults: string[] = [];
  for (const [key, label] of [
    ['ephemeral', '"EPHEMERAL"'],
    ['state', '"STATE"'],
  ] as const) {
    if (!isTree(encryption[key])) continue;
    const keys = trees(encryption[key]['keys']);
    if (keys.length === 0) faults.push(`partition ${label}: no encryption keys provided`);
    const slots = new Set<number>();
    for (const one of keys) {
      const slot = number(one['slot'], 0);
      if (slots.has(slot)) faults.push(`partition ${label}: encryption key slot ${slot} is already in use`);
      slots.add(slot);
      if (!['nodeID', 'static', 'kms', 'tpm'].some((how) => one[how] !== undefined))
        faults.push(`partition ${label}: encryption key at slot ${slot} doesn't have the configuration parameters`);
    }
  }
  return faults;
}

function kubespanFaults(kubespan: Tree, cluster: Tree): string[] {
  const faults: string[] = [];
  const enabled = 'when .machine.network.kubespan is enabled';
  if (below(cluster, 'discovery')['enabled'] !== true) faults.push(`.cluster.discovery should be enabled ${enabled}`);
  for (const key of ['id', 'secret'])
    if (text(cluster[key]) === '') faults.push(`.cluster.${key} should be set ${enabled}`);
  const filters = below(kubespan, 'filters');
  for (const one of list(filters['endpoints']).map(text))
    if (!isSubnet(one)) faults.push(`KubeSpan endpoint filter is not valid: ${bare(one)}`);
  for (const one of list(filters['excludeAdvertisedNetworks']).map(text))
    if (!isNetwork(one))
      faults.push(`KubeSpan exclude advertised networks filter is not valid: ${JSON.stringify(one)}`);
  return faults;
}

function loggingFaults(destination: Tree): string[] {
  const faults: string[] = [];
  if (typeof destination['endpoint'] !== 'string') faults.push('empty logging endpoint');
  else {
    const { host, scheme } = urlOf(destination['endpoint']);
    if (host === '') faults.push("empty logging endpoint's host");
    if (scheme !== 'tcp' && scheme !== 'udp')
      faults.push(`unexpected logging endpoint scheme ${JSON.stringify(scheme)}`);
  }
  const format = text(destination['format']);
  if (format !== 'json_lines') faults.push(`unknown logging format ${JSON.stringify(format)}`);
  return faults;
}

const ROLES = ['os:admin', 'os:operator', 'os:reader', 'os:etcd:backup', 'os:impersonator'];

function featureFaults(features: Tree, controlPlane: boolean): string[] {
  const faults: string[] = [];
  const access = below(features, 'kubernetesTalosAPIAccess');
  if (access['enabled'] === true) {
    if (!controlPlane) faults.push('feature Kubernetes Talos API Access can only be enabled on control plane machines');
    for (const role of list(access['allowedRoles']).map(text))
      if (!ROLES.includes(role))
        faults.push(`invalid role ${JSON.stringify(role)} in allowed roles for Kubernetes Talos API Access`);
  }
  const order = text(features['nodeAddressSortAlgorithm']);
  if (!['', 'v1', 'v2'].includes(order.toLowerCase()))
    faults.push(`invalid node address sort algorithm: ${order} does not belong to AddressSortAlgorithm values`);
  return faults;
}

function isSubnet(given: string): boolean {
  const subnet = given.replace(/^!/, '');
  return isNetwork(subnet) || addressBits(subnet) > 0;
}

function bare(given: string): string {
  return JSON.stringify(given.replace(/^!/, ''));
}

function holds(base64: unknown): boolean {
  return text(base64).trim() !== '';
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function trees(value: unknown): Tree[] {
  return list(value).filter(isTree);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): ReadonlyMap<string, string> {
  const all = isTree(value) ? Object.entries(value) : [];
  return new Map(all.map(([key, one]) => [key, text(one)]));
}

function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
