import { visibleDisks } from '../../../plugins/lab/src/nodes/disks.ts';
import type { Spec, ResourceType } from '../../../plugins/lab/src/tools/talosctl/resources.ts';
import type { Message } from './protocol.ts';

/** Memory of a simulated node in KiB; more than talosctl's least for a control plane. */
export const MEMORY = 16 * 1024 * 1024;
/** What Talos keeps of the install disk for its other partitions, bytes. */
const OTHERS = 3 * 1024 ** 3;
/** `READY` of a volume's phases. */
const VOLUME_READY = 6;
/** Talos' own numbers of a machine's stages. */
const STAGES = [
  'unknown',
  'booting',
  'installing',
  'maintenance',
  'running',
  'rebooting',
  'shutting down',
  'resetting',
];

/** What only client-side health asks for, and the lab's own talosctl has no command to show. */
export const healthTypes: readonly ResourceType[] = [
  {
    type: 'VolumeStatuses.block.talos.dev',
    short: 'VolumeStatus',
    namespace: 'runtime',
    aliases: ['volumestatus', 'volumestatuses'],
    open: false,
    columns: [
      { title: 'PHASE', path: '{.phase}', cell: ({ phase }) => String(phase) },
      { title: 'LOCATION', path: '{.location}', cell: ({ location }) => String(location) },
    ],
    list: (model, node) => {
      const disk = visibleDisks(model, node).find(({ cdrom }) => !cdrom);
      if (!disk || node.stage === 'installing') return [];
      const spec = { phase: 'ready', location: `${disk.device}-4`, size: disk.size - OTHERS };
      return [{ id: 'EPHEMERAL', version: 1, updated: node.since, owner: 'block.VolumeManagerController', spec }];
    },
  },
  {
    type: 'StaticPodStatuses.kubernetes.talos.dev',
    short: 'StaticPodStatus',
    namespace: 'k8s',
    aliases: ['staticpodstatus', 'staticpodstatuses'],
    open: false,
    columns: [],
    list: (_model, node) =>
      node.apiserver
        ? ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((name) => ({
            id: `kube-system/${name}-${node.config?.hostname}`,
            version: 1,
            updated: node.since,
            owner: 'k8s.KubeletStaticPodController',
            spec: { phase: 'Running' },
          }))
        : [],
  },
  {
    type: 'BootstrapManifestsConfigs.kubernetes.talos.dev',
    short: 'BootstrapManifestsConfig',
    namespace: 'controlplane',
    aliases: ['bootstrapmanifestsconfig', 'bootstrapmanifestsconfigs'],
    open: false,
    columns: [],
    list: (_model, node) =>
      node.config?.role === 'controlplane'
        ? [
            {
              id: 'manifests',
              version: 1,
              updated: node.since,
              owner: 'k8s.ControlPlaneBootstrapManifestsController',
              spec: { server: node.config.endpoint, cniName: node.config.cni },
            },
          ]
        : [],
  },
];

/** The name of a resource's message and the message, for those that talosctl reads by their fields and not as YAML. */
export const typedSpec = (type: string, spec: Spec): [string, Message] | undefined => {
  if (type === 'MachineStatuses.runtime.talos.dev') {
    const { ready, unmetConditions } = spec['status'] as { ready: boolean; unmetConditions: Message[] };
    const stage = Math.max(0, STAGES.indexOf(String(spec['stage'])));
    return ['coldstart.health.MachineStatus', { stage, status: { ready, unmet_conditions: unmetConditions } }];
  }
  if (type === 'VolumeStatuses.block.talos.dev')
    return [
      'coldstart.health.VolumeStatus',
      { phase: VOLUME_READY, location: spec['location'], size: String(spec['size']) },
    ];
  if (type === 'StaticPodStatuses.kubernetes.talos.dev')
    return ['coldstart.health.StaticPodStatus', { pod_status: { fields: { phase: { stringValue: spec['phase'] } } } }];
  if (type === 'BootstrapManifestsConfigs.kubernetes.talos.dev')
    return ['coldstart.health.BootstrapManifestsConfig', { server: spec['server'], cni_name: spec['cniName'] }];
  if (type === 'Nodenames.kubernetes.talos.dev')
    return ['coldstart.health.Nodename', { nodename: spec['nodename'], hostname_version: spec['hostnameVersion'] }];
  return undefined;
};
