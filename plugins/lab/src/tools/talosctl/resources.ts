import type { Model } from '../../model.ts';
import type { NodeModel } from '../../nodes/node.ts';
import { visibleDisks } from '../../nodes/disks.ts';
import { bootedVersion, clockInStep, linksNow } from '../../nodes/masked.ts';
import { isImpostor, systemNow } from '../../nodes/impostor.ts';
import { isReady } from '../../nodes/ready.ts';
import { servicesOf } from './services.ts';

export type Spec = { [key: string]: unknown };
/** One resource as COSI shows it. A machine config's spec is a text. */
export type Resource = {
  id: string;
  version: number;
  updated: number;
  owner: string;
  spec: Spec | string;
  annotations?: Record<string, string>;
};

export type ResourceType = {
  type: string;
  /** As the table's TYPE column has it. */
  short: string;
  namespace: string;
  aliases: readonly string[];
  /** Whether a node in maintenance shows it to anybody. */
  open: boolean;
  /** Columns of the table after VERSION. */
  columns: readonly { title: string; /** JSONPath into the spec. */ path: string; cell: (spec: Spec) => string }[];
  list: (model: Model, node: NodeModel) => Resource[];
};

const field = (title: string, ...path: string[]): ResourceType['columns'][number] => ({
  title,
  path: `{.${path.join('.')}}`,
  cell: (spec) => {
    const value = path.reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null ? (at as Spec)[key] : undefined),
      spec,
    );
    if (value === undefined || value === null) return '';
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  },
});

export const resourceTypes: readonly ResourceType[] = [
  {
    type: 'MachineStatuses.runtime.talos.dev',
    short: 'MachineStatus',
    namespace: 'runtime',
    aliases: ['machinestatus', 'machinestatuses'],
    open: true,
    columns: [field('STAGE', 'stage'), field('READY', 'status', 'ready')],
    list: (model, node) => {
      const foreign = model.faults.pending('wrong-ca', node.name);
      const impostor = isImpostor(model, node);
      const stage = impostor ? 'maintenance' : foreign ? 'running' : node.stage;
      const ready = foreign || stage === 'maintenance' || isReady(model, node);
      const unmetConditions =
        stage === 'running' && !ready
          ? [{ name: 'nodeReady', reason: `node "${node.config?.hostname}" status is not ready` }]
          : [];
      return [
        {
          id: 'machine',
          version: 7,
          updated: node.since,
          owner: 'runtime.MachineStatusController',
          spec: { stage, status: { ready, unmetConditions } },
        },
      ];
    },
  },
  {
    type: 'Versions.runtime.talos.dev',
    short: 'Version',
    namespace: 'runtime',
    aliases: ['version', 'versions'],
    open: true,
    columns: [field('VERSION', 'version')],
    list: (model, node) => [
      {
        id: 'version',
        version: 1,
        updated: node.since,
        owner: 'runtime.VersionController',
        spec: { version: bootedVersion(model, node) },
      },
    ],
  },
  {
    type: 'SystemInformations.hardware.talos.dev',
    short: 'SystemInformation',
    namespace: 'hardware',
    aliases: ['systeminformation', 'systeminformations'],
    open: true,
    columns: [
      field('MANUFACTURER', 'manufacturer'),
      field('PRODUCTNAME', 'productName'),
      field('VERSION', 'version'),
      field('SERIALNUMBER', 'serialnumber'),
      field('UUID', 'uuid'),
      field('WAKEUPTYPE', 'wakeUpType'),
      field('SKUNUMBER', 'skuNumber'),
    ],
    list: (model, node) => {
      const { manufacturer, product, serial, uuid } = systemNow(model, node);
      return [
        {
          id: 'systeminformation',
          version: 1,
          updated: 0,
          owner: 'hardware.SystemInfoController',
          spec: { manufacturer, productName: product, serialnumber: serial, uuid, wakeUpType: 'Power Switch' },
        },
      ];
    },
  },
  {
    type: 'Disks.block.talos.dev',
    short: 'Disk',
    namespace: 'runtime',
    aliases: ['disk', 'disks'],
    open: true,
    columns: [
      field('SIZE', 'pretty_size'),
      field('READ ONLY', 'readonly'),
      field('TRANSPORT', 'transport'),
      field('ROTATIONAL', 'rotational'),
      field('WWID', 'wwid'),
      field('MODEL', 'model'),
      field('SERIAL', 'serial'),
    ],
    list: (model, node) =>
      visibleDisks(model, node).map((disk) => ({
        id: disk.device.replace('/dev/', ''),
        version: 1,
        updated: node.since,
        owner: 'block.DisksController',
        spec: filled({
          dev_path: disk.device,
          size: disk.size,
          pretty_size: pretty(disk.size),
          io_size: 512,
          sector_size: 512,
          readonly: disk.readonly,
          cdrom: disk.cdrom,
          model: disk.model,
          serial: disk.serial,
          wwid: disk.wwid,
          bus_path: disk.busPath,
          sub_system: disk.cdrom ? '' : '/sys/class/block',
          transport: disk.transport,
          rotational: disk.rotational ? true : undefined,
        }),
      })),
  },
  {
    type: 'DiscoveredVolumes.block.talos.dev',
    short: 'DiscoveredVolume',
    namespace: 'runtime',
    aliases: ['discoveredvolume', 'discoveredvolumes', 'dv'],
    open: true,
    columns: [
      field('TYPE', 'type'),
      field('SIZE', 'size'),
      field('DISCOVERED', 'name'),
      field('LABEL', 'label'),
      field('PARTITIONLABEL', 'partitionLabel'),
    ],
    list: (model, node) =>
      visibleDisks(model, node)
        .filter((disk) => !disk.cdrom)
        .flatMap((disk, nth) => {
          const id = disk.device.replace('/dev/', '');
          const on = nth === 0 ? node.partitions : [];
          const part = (index: number): string => `${id}${/\d$/.test(id) ? 'p' : ''}${index}`;
          const spec = (own: Spec): Spec => ({ size: disk.size, sectorSize: 512, ioSize: 512, ...own });
          const one = (name: string, own: Spec): Resource => ({
            id: name,
            version: 1,
            updated: node.since,
            owner: 'block.DiscoveryController',
            spec: spec({ devPath: `/dev/${name}`, devicePath: disk.busPath, ...own }),
          });
          return [
            one(id, { type: 'disk', name: on.length > 0 ? 'gpt' : '' }),
            ...on.map((label, index) =>
              one(part(index + 1), {
                type: 'partition',
                parent: id,
                parentDevPath: disk.device,
                name: label === 'EFI' ? 'vfat' : label === 'META' ? 'talosmeta' : 'xfs',
                partitionLabel: label,
                partitionIndex: index + 1,
              }),
            ),
          ];
        }),
  },
  {
    type: 'MachineConfigs.config.talos.dev',
    short: 'MachineConfig',
    namespace: 'config',
    aliases: ['machineconfig', 'machineconfigs', 'mc'],
    open: false,
    columns: [],
    list: (_model, node) =>
      ['v1alpha1', 'persistent'].flatMap((id) =>
        node.config
          ? [
              {
                id,
                version: 1,
                updated: node.since,
                owner: '',
                annotations: { 'talos.dev/yaml-spec': '1' },
                spec: Buffer.from(node.config.bytes, 'base64').toString('utf8'),
              },
            ]
          : [],
      ),
  },
  {
    type: 'Members.cluster.talos.dev',
    short: 'Member',
    namespace: 'cluster',
    aliases: ['member', 'members'],
    open: true,
    columns: [
      field('HOSTNAME', 'hostname'),
      field('MACHINE TYPE', 'machineType'),
      field('OS', 'operatingSystem'),
      field('ADDRESSES', 'addresses'),
    ],
    list: (model, node) =>
      [...model.nodes.values()]
        .filter((other) => node.config && other.certified && other.config?.caFingerprint === node.config.caFingerprint)
        .filter((other) => other.stage === 'booting' || other.stage === 'running')
        .sort((a, b) => (a.config!.hostname < b.config!.hostname ? -1 : 1))
        .map((other) => ({
          id: other.config!.hostname,
          version: 1,
          updated: other.since,
          owner: 'cluster.MemberController',
          spec: {
            nodeId: model.random.hex(32, 'node-id', other.name),
            addresses: [other.address],
            hostname: other.config!.hostname,
            machineType: other.config!.role,
            operatingSystem: `Talos (${other.version})`,
            ...(other.config!.role === 'controlplane' && { controlPlane: { port: 6443 } }),
          },
        })),
  },
  {
    type: 'LinkStatuses.net.talos.dev',
    short: 'LinkStatus',
    namespace: 'network',
    aliases: ['link', 'links', 'linkstatus', 'linkstatuses'],
    open: true,
    columns: [
      field('TYPE', 'type'),
      field('KIND', 'kind'),
      field('HW ADDR', 'hardwareAddr'),
      field('OPER STATE', 'operationalState'),
      field('LINK STATE', 'linkState'),
    ],
    list: (model, node) => {
      const members = node.config?.links.flatMap((link) => link.members) ?? [];
      return linksNow(model, node).map((link, at) => ({
        id: link.name,
        version: 2,
        updated: node.since,
        owner: 'network.LinkStatusController',
        spec: {
          index: at + 2,
          type: 'ether',
          linkIndex: 0,
          flags: link.up ? 'UP,BROADCAST,RUNNING,MULTICAST,LOWER_UP' : 'BROADCAST,MULTICAST',
          hardwareAddr: link.mac,
          permanentAddr: link.kind === 'physical' ? link.mac : '',
          mtu: link.mtu,
          queueDisc: 'mq',
          operationalState: link.up ? 'up' : 'down',
          kind: link.kind === 'bond' ? 'bond' : '',
          slaveKind: node.stage !== 'maintenance' && members.includes(link.name) ? 'bond' : '',
          linkState: link.up,
          port: 'Other',
          duplex: 'Full',
        },
      }));
    },
  },
  {
    type: 'AddressStatuses.net.talos.dev',
    short: 'AddressStatus',
    namespace: 'network',
    aliases: ['address', 'addresses', 'addressstatus', 'addressstatuses'],
    open: true,
    columns: [field('ADDRESS', 'address'), field('LINK', 'linkName')],
    list: (model, node) => {
      const link = node.links.find((one) => one.kind === 'bond') ?? node.links[0];
      const holds =
        [...model.etcd.values()].some((cluster) => cluster.vip === node.name) && node.config?.vip
          ? [`${node.config.vip}/32`]
          : [];
      return [`${node.address}/24`, ...holds].map((address) => ({
        id: `${link?.name}/${address}`,
        version: 1,
        updated: node.since,
        owner: 'network.AddressStatusController',
        spec: {
          address,
          linkName: link?.name ?? '',
          family: address.includes(':') ? 'inet6' : 'inet4',
          scope: 'global',
        },
      }));
    },
  },
  {
    type: 'TimeStatuses.v1alpha1.talos.dev',
    short: 'TimeStatus',
    namespace: 'runtime',
    aliases: ['timestatus', 'timestatuses'],
    open: true,
    columns: [field('SYNCED', 'synced')],
    list: (model, node) => [
      {
        id: 'node',
        version: 2,
        updated: node.since,
        owner: 'v1alpha1.TimeStatusController',
        spec: { synced: clockInStep(model, node), epoch: 0, syncDisabled: false },
      },
    ],
  },
  {
    type: 'Services.v1alpha1.talos.dev',
    short: 'Service',
    namespace: 'runtime',
    aliases: ['service', 'services', 'svc'],
    open: true,
    columns: [field('RUNNING', 'running'), field('HEALTHY', 'healthy'), field('HEALTH UNKNOWN', 'unknown')],
    list: (model, node) =>
      servicesOf(model, node).map((service) => ({
        id: service.id,
        version: 2,
        updated: service.changed,
        owner: 'v1alpha1.ServiceController',
        spec: {
          running: service.state === 'Running',
          healthy: service.health === 'OK',
          unknown: service.health === '?',
        },
      })),
  },
];

/** Resource types that real Talos has and this lab does not play. Every other unknown name is unknown to Talos too. */
export const elsewhere: ReadonlySet<string> = new Set(
  `acquireconfigspecs addressspecs affiliates apicertificates bootedentries certsans controlplanecomponents cpustat cri devices diagnostics
  discoveryconfigs endpoints etcdconfigs etcdmembers etcdspecs extensions extensionstatuses hostdnsconfigs hostname
  hostnamestatuses identities imagecache infos kernelmodulespecs kubeletconfigs kubeletspecs kubeprismconfigs kubespanidentities
  kubespanpeerstatuses linkspecs loadedkernelmodules machinetypes manifests manifeststatuses memorymodules metakeys mountstatuses
  networkstatus nodeaddresses nodenames nodestatuses operatorspecs osrootsecrets pcidevices platformmetadata processors resolvers
  resolverstatuses resourcedefinitions rd routes routestatuses secretstatuses securitystates staticpods staticpodstatuses systemdisks
  timeservers trustdcertificates uniquemachinetokens volumeconfigs volumestatuses watchdogtimerstatuses
  memberstatus etcdmember nodename hardwareaddresses hostnamespecs machineconfigstatus`.split(/\s+/),
);

export function resourceNamed(name: string): ResourceType | undefined {
  const wanted = name.toLowerCase();
  return resourceTypes.find((type) => type.aliases.includes(wanted) || type.type.toLowerCase() === wanted);
}

function filled(spec: Spec): Spec {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== '' && value !== undefined));
}

/** A size as Talos prints it: powers of ten, two digits. */
function pretty(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
