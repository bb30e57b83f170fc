/**
 * The keys of the v1alpha1 machine config that Talos v1.13 decodes, as deep as this lab looks.
 * Source: the v1alpha1 configuration reference of Talos v1.13.
 */
export const knownKeys: Readonly<Record<'' | 'machine' | 'machine.install' | 'cluster', ReadonlySet<string>>> = {
  '': new Set(['version', 'debug', 'persist', 'machine', 'cluster']),
  machine: new Set([
    'type', 'token', 'ca', 'acceptedCAs', 'certSANs', 'controlPlane', 'kubelet', 'pods', 'network', 'disks', 'install', 'files',
    'env', 'time', 'sysctls', 'sysfs', 'registries', 'systemDiskEncryption', 'features', 'udev', 'logging', 'kernel',
    'seccompProfiles', 'baseRuntimeSpecOverrides', 'nodeLabels', 'nodeAnnotations', 'nodeTaints',
  ]),
  'machine.install': new Set([
    'disk', 'diskSelector', 'extraKernelArgs', 'image', 'extensions', 'bootloader', 'wipe', 'legacyBIOSSupport', 'grubUseUKICmdline',
  ]),
  cluster: new Set([
    'id', 'secret', 'controlPlane', 'clusterName', 'network', 'token', 'aescbcEncryptionSecret', 'secretboxEncryptionSecret', 'ca',
    'acceptedCAs', 'aggregatorCA', 'serviceAccount', 'apiServer', 'controllerManager', 'proxy', 'scheduler', 'discovery', 'etcd',
    'coreDNS', 'externalCloudProvider', 'extraManifests', 'extraManifestHeaders', 'inlineManifests', 'adminKubeconfig',
    'allowSchedulingOnControlPlanes', 'allowSchedulingOnMasters',
  ]),
};
