import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Done } from '@coldstart/contract';
import { parse, stringify } from 'yaml';
import { describe, expect, test } from 'vitest';
import { openLab, type OpenLab } from '../src/index.ts';
import { understand } from '../src/nodes/config.ts';
import type { NodeModel } from '../src/nodes/node.ts';
import { parseRecording } from './recording.ts';
import { configOf, root, talosconfig } from './example.ts';

/**
 * Every recording of the real talosctl that the lab plays: the world is brought to the state in which it was recorded, the same
 * question is asked, and exit code, stdout and stderr are compared. What is not compared stands in unrecorded.yaml.
 */
const folder = fileURLToPath(new URL('../../../test/recordings', import.meta.url));

const CP = '127.0.0.2';
const OTHER = '127.0.0.3';
const WORKER = '127.0.0.4';
const addresses = { cp: CP, other: OTHER, worker: WORKER };

type Names = keyof typeof addresses;
type Scene = {
  /** Stages of the three nodes; `maintenance` unless told. */
  stages?: Partial<Record<Names, 'maintenance' | 'installing' | 'booting' | 'running'>>;
  faults?: string[];
  /** Edits the config that is sent. */
  config?: (tree: Tree) => void;
  edit?: (lab: OpenLab, node: Record<Names, NodeModel>) => void;
  /** The recorded process was ended after so long from outside; its exit code is the killer's. */
  killedAfter?: number;
  talosconfig?: 'ours' | 'none' | 'no-endpoints';
  /** Where the recorded tool was another version of talosctl than the lab plays. */
  server?: string;
};
type Tree = {
  machine: Record<string, unknown> & { network: Record<string, unknown>; install: Record<string, unknown> };
  cluster: Record<string, unknown>;
};

const running: Scene = { stages: { cp: 'running' } };
const booting: Scene = { stages: { cp: 'booting' } };
const cpAndWorker: Scene = { stages: { cp: 'running', worker: 'running' } };
const oneDown: Scene = { stages: { cp: 'running', other: 'installing' } };
const refused: Scene = { stages: { cp: 'installing', other: 'installing' } };
const noConfig: Scene = { talosconfig: 'no-endpoints' };

const scenes: Record<string, Scene> = {
  'after-apply-eof-secure': booting,
  'after-reset-maint-get-machinestatus': {},
  'bootstrap-after-reapply': booting,
  'bootstrap-multi-node': booting,
  'bootstrap-second-alreadyexists': running,
  'bootstrap-success': booting,
  'cli-apply-mode-interactive': {},
  'cli-insecure-no-nodes': {},
  'cli-missing-talosconfig': {},
  'cli-no-endpoints': noConfig,
  'cli-no-nodes': noConfig,
  'fault-apply-eof-after-success': { faults: ['eof-after-success@cp'] },
  'fault-apply-invalidargument-disk': {
    config: (tree) => (tree.machine.install = { diskSelector: { size: '> 1000' } }),
    edit: (_lab, { cp }) => (cp.disks = []),
  },
  'fault-apply-invalidargument-unknown-keys': { config: (tree) => (tree.machine['foo'] = 'bar') },
  'fault-bootstrap-eof-after-success': { ...booting, faults: ['eof-after-success@cp'] },
  'fault-bootstrap-failedprecondition-not-available': { ...booting, edit: (_lab, { cp }) => (cp.bootstrapFrom = 1e9) },
  'fault-bootstrap-failedprecondition-time': { ...booting, edit: (_lab, { cp }) => (cp.timeInSync = false) },
  'fault-bootstrap-hang-killed-after-8s': { ...booting, killedAfter: 8000 },
  'fault-client-cert-of-another-ca': running,
  'fault-connection-refused-apply': refused,
  'fault-connection-refused-insecure-version': refused,
  'fault-connection-refused-insecure': refused,
  'fault-connection-refused-secure-version': refused,
  'fault-stale-secrets-other-cluster-ca-version': {
    ...running,
    edit: (_lab, { cp }) => (cp.config = { ...cp.config!, ca: otherCa() }),
  },
  'fault-syn-dropped-get-insecure': {},
  'fault-syn-dropped-version': {},
  'fault3-secure-call-to-maintenance-get': {},
  'fault3-secure-call-to-maintenance-services': {},
  'fault3-secure-call-to-maintenance-version': {},
  'fault4-insecure-to-configured-apply': running,
  'fault4-insecure-to-configured-get': running,
  'fault4-insecure-to-configured-version': running,
  'installing-connection-refused-insecure': refused,
  'installing-connection-refused-secure': refused,
  'maint-apply-config': {},
  'maint-apply-dry-run-mode-auto': {},
  'maint-apply-dry-run-mode-no-reboot': {},
  'maint-apply-dry-run-mode-reboot': {},
  'maint-apply-dry-run-mode-staged': {},
  'maint-apply-dry-run-mode-try': {},
  'maint-bootstrap-secure-fault3': {},
  'maint-get-absent-id': {},
  'maint-get-disks-table': {},
  'maint-get-disks': {},
  'maint-get-machineconfig-denied': {},
  'maint-get-machinestatus': {},
  'maint-get-unknown-type': {},
  'maint-get-versions': {},
  'maint-two-nodes-version': {},
  'maint-version': {},
  'multi-etcd-members-one-down': oneDown,
  'multi-etcd-status-one-down': oneDown,
  'multi-get-one-down': oneDown,
  'multi-services-one-down': oneDown,
  'multi-version-one-down': oneDown,
  'secure-apply-config-same': running,
  'secure-booting-get-machinestatus': booting,
  'secure-etcd-alarm-list': running,
  'secure-etcd-members-before-bootstrap': booting,
  'secure-etcd-members': running,
  'secure-etcd-status-before-bootstrap': booting,
  'secure-etcd-status': running,
  'secure-get-absent-id': running,
  'secure-get-machineconfig-yaml': running,
  'secure-get-members': cpAndWorker,
  'secure-get-unknown-type': running,
  'secure-health-client-side-kube-apiserver': { ...running, edit: (_lab, { cp }) => (cp.apiserver = false) },
  'secure-health-client-side-notready-cni-flannel': {
    ...running,
    edit: (_lab, { cp }) => (cp.config = { ...cp.config!, cni: 'flannel', hostname: 'sim-127-0-0-2' }),
  },
  'secure-health-client-side-notready-cni-none': running,
  'secure-health-client-side-pass': running,
  'secure-older-server-bootstrap': { ...running, server: 'v1.12.11' },
  'secure-older-server-get': { ...running, server: 'v1.12.11' },
  'secure-running-get-machinestatus': running,
  'secure-services-before-bootstrap': booting,
  'secure-services': running,
  'secure-version-json': running,
  'secure-version-short': running,
  'secure-version': running,
  'single-node-other-down-via-endpoint-bootstrap': oneDown,
  'single-node-other-down-via-endpoint': oneDown,
  'worker-as-endpoint-for-other-get': cpAndWorker,
  'worker-as-endpoint-for-other-version': cpAndWorker,
  'worker-bootstrap-via-cp': cpAndWorker,
  'worker-direct-bootstrap': cpAndWorker,
  'worker-direct-etcd-members': cpAndWorker,
  'worker-direct-get-machinestatus': cpAndWorker,
  'worker-direct-kubeconfig': cpAndWorker,
  'worker-direct-version': cpAndWorker,
  'worker-etcd-members-via-cp': cpAndWorker,
  'worker-via-cp-version': cpAndWorker,
};

/** Recorded with talosctl 1.12.1, whose own version shows in none of these. */
const scenes12: Record<string, Scene> = {
  'bootstrap-second-alreadyexists': running,
  'bootstrap-success': booting,
  'fault-bootstrap-eof-after-success': { ...booting, faults: ['eof-after-success@cp'] },
  'fault-connection-refused-insecure': refused,
  'fault3-secure-call-to-maintenance-get': {},
  'fault4-insecure-to-configured-get': running,
  'installing-connection-refused-insecure': refused,
  'maint-apply-config-server-1.12': { server: 'v1.12.11' },
  'maint-apply-dry-run-mode-auto-server-1.12': { server: 'v1.12.11' },
  'maint-apply-dry-run-mode-no-reboot-server-1.12': { server: 'v1.12.11' },
  'maint-apply-dry-run-mode-staged-server-1.12': { server: 'v1.12.11' },
  'maint-get-machineconfig-denied': {},
  'maint-get-machinestatus': {},
  'secure-booting-get-machinestatus': booting,
  'secure-etcd-members': running,
  'secure-etcd-status': running,
  'secure-services-before-bootstrap': booting,
};

const local: Record<string, Scene> = Object.fromEntries(
  [
    'bad-context',
    'unknown-flag',
    'validate-bad-type',
    'validate-empty',
    'validate-missing',
    'validate-no-disk',
    'validate-ok',
    'version-client-short',
    'config-contexts',
    'config-info-json',
  ].map((name) => [name, {}]),
);

type Unrecorded = {
  talosctl: {
    recordingsNotCompared: { recording: string; reason: string }[];
    answersWithoutRecording: { answer: string; reason: string }[];
  };
};
const unrecorded = parse(readFileSync(new URL('../unrecorded.yaml', import.meta.url), 'utf8')) as Unrecorded;

describe.each([
  ['talosctl-1.13', scenes],
  ['talosctl-1.12', scenes12],
  ['talosctl-local', local],
])('%s', (where, table) => {
  test.each(Object.entries(table))('%s', async (name, scene) => {
    const recorded = parseRecording(readFileSync(`${folder}/${where}/${name}.txt`, 'utf8'));
    const lab = await scened(scene);
    const done = await ask(lab, recorded.argv.slice(1), scene);
    const answer = {
      exit: scene.killedAfter === undefined ? done.exit : recorded.exit,
      stdout: plain(new TextDecoder().decode(done.stdout)),
      stderr: plain(done.stderr),
    };
    expect(answer).toEqual({ exit: recorded.exit, stdout: plain(recorded.stdout), stderr: plain(recorded.stderr) });
  });

  test('every recording is compared, or listed with a reason', () => {
    const files = readdirSync(`${folder}/${where}`)
      .filter((file) => file.endsWith('.txt'))
      .map((file) => file.replace('.txt', ''));
    const listed = unrecorded.talosctl.recordingsNotCompared.filter((one) => one.recording.startsWith(`${where}/`));
    expect(listed.every((one) => one.reason.length > 10)).toBe(true);
    const both = [...Object.keys(table), ...listed.map((one) => one.recording.replace(`${where}/`, ''))].sort();
    expect(both).toEqual(files.sort());
  });
});

test('the number of what has no recording or is not compared', () => {
  expect(unrecorded.talosctl.recordingsNotCompared).toHaveLength(NOT_COMPARED);
  expect(unrecorded.talosctl.answersWithoutRecording).toHaveLength(WITHOUT_RECORDING);
});
const NOT_COMPARED = 52;
const WITHOUT_RECORDING = 28;

/** What differs from run to run, or between a recording's machine and the lab's. */
function plain(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
    .replaceAll(/write tcp [\d.]+:\d+->/g, 'write tcp LOCAL->')
    .replaceAll(/"cert(TTL|NotAfter)": ".*"/g, '"cert$1": "…"')
    .replaceAll(/^spec: ".*"$/gm, 'spec: "CONFIG"')
    .replaceAll(/ +$/gm, '')
    .trimEnd();
}

async function scened(scene: Scene): Promise<OpenLab> {
  const lab = await openLab({
    root: '/repository',
    cluster: 'sim',
    facts: {
      'talos/nodes': (['cp', 'other', 'worker'] as const).map((name) => ({
        name,
        address: addresses[name],
        role: name === 'worker' ? 'worker' : 'controlplane',
        talosVersion: scene.server ?? 'v1.13.0',
      })),
    },
    env: { HOME: '/home/op' },
    seed: 1,
    faults: scene.faults ?? [],
    pace: null,
    disk: 'memory',
    durations:
      scene.killedAfter === undefined
        ? {}
        : { 'talosctl/bootstrap': { min: 20_000, max: 20_000, what: 'a call that hangs', source: 'test' } },
  });
  const { model, world } = lab;
  const node = Object.fromEntries(
    (['cp', 'other', 'worker'] as const).map((name) => [name, model.nodes.get(name)!]),
  ) as Record<Names, NodeModel>;
  writeFiles(lab, scene);
  for (const one of Object.values(node)) one.disks = simDisks();
  for (const [name, stage] of Object.entries(scene.stages ?? {}) as [Names, NodeModel['stage']][])
    bring(lab, node[name], stage, scene);
  // Recorded 1m5s after the services came up.
  await world.sleep(65_000);
  for (const cluster of model.etcd.values()) cluster.since = lab.elapsed();
  scene.edit?.(lab, node);
  return lab;
}

/** Puts a node straight into a state, without the events that would lead there. */
function bring(lab: OpenLab, node: NodeModel, stage: NodeModel['stage'], scene: Scene): void {
  node.stage = stage;
  if (stage === 'maintenance') return;
  node.config = understand(
    new TextEncoder().encode(configText(node.name === 'worker' ? 'worker' : 'controlplane', node.address, scene)),
  );
  if (stage === 'installing') return;
  node.certified = true;
  node.kubelet.running = true;
  node.etcd.service = node.config.role === 'controlplane' ? 'waiting' : 'absent';
  if (stage !== 'running') return;
  if (node.config.role === 'controlplane') {
    const member = {
      id: '112210f47de98115',
      node: node.name,
      hostname: node.config.hostname,
      address: node.address,
      learner: false,
    };
    const cluster = { id: 'c1', members: [member], leader: node.name, term: 2, index: 42, since: 0, vip: node.name };
    lab.model.etcd.set(cluster.id, cluster);
    Object.assign(node.etcd, { cluster: cluster.id, data: true, service: 'running' });
    node.apiserver = true;
    const api = lab.model.apiOf(cluster.id);
    api.controlPlaneUp(node.config.hostname);
  }
  node.kubelet.registered = true;
  const [api] = lab.model.apis.values();
  // A CNI that Talos brings makes it Ready after a while; `none` never does.
  api?.register({
    name: node.config.hostname,
    address: node.address,
    role: node.config.role,
    kubeletVersion: 'v1.36.3',
    talosVersion: node.version,
    cni: 'flannel',
  });
}

function ask(lab: OpenLab, argv: string[], scene: Scene): Promise<Done> {
  return lab.world.spawn(
    { tool: 'talosctl', argv, env: {}, deadline: scene.killedAfter ?? 120_000 },
    { signal: 'SIGTERM', grace: 5000, kill: true },
    async () => {},
    new AbortController().signal,
  );
}

function writeFiles(lab: OpenLab, scene: Scene): void {
  const put = (path: string, text: string): void =>
    void lab.model.files.write(path, new TextEncoder().encode(text), 0o600);
  const real = parse(readFileSync(`${root}/${talosconfig}`, 'utf8')) as {
    contexts: { infra: Record<string, unknown> };
  };
  const { endpoints: _endpoints, nodes: _nodes, ...keys } = real.contexts.infra;
  put('/home/op/.talos/config', stringify({ context: 'sim', contexts: { sim: keys } }));
  put('/repository/talosconfig', stringify({ context: 'sim', contexts: { sim: keys } }));
  const foreign = parse(readFileSync(`${root}/${talosconfig.replaceAll('infra', 'apps')}`, 'utf8')) as {
    contexts: { apps: { crt: string; key: string } };
  };
  const { crt, key } = foreign.contexts.apps;
  put(
    '/repository/talosconfig-foreign-client',
    stringify({ context: 'sim', contexts: { sim: { ...keys, crt, key } } }),
  );
  put(
    '/repository/clusterconfig/talosconfig',
    stringify({
      context: 'infra',
      contexts: { infra: { ...keys, endpoints: ['192.0.2.11'], nodes: ['192.0.2.11', '192.0.2.14'] } },
    }),
  );
  put('/repository/controlplane.yaml', configText('controlplane', CP, scene));
  put('/repository/clusterconfig/infra-infra-01.yaml', configText('controlplane', CP, scene));
  put(
    '/repository/bad1.yaml',
    configText('controlplane', CP, { config: (tree) => (tree.machine['type'] = 'contrlplane') }),
  );
  put(
    '/repository/bad3.yaml',
    configText('controlplane', CP, {
      config: (tree) => (tree.machine.install = { image: 'ghcr.io/siderolabs/installer:v1.13.0' }),
    }),
  );
  put('/repository/bad5.yaml', '');
}

/** The example's config of that role, for the addresses and hostnames of the recordings. */
function configText(role: 'controlplane' | 'worker', address: string, scene: Scene): string {
  const tree = parse(readFileSync(`${root}/${configOf(role === 'worker' ? 'infra-04' : 'infra-01')}`, 'utf8')) as Tree;
  tree.machine.network['hostname'] = `sim-${address}`;
  tree.machine.network['interfaces'] = [{ interface: 'eth0', addresses: [`${address}/8`] }];
  tree.machine.install['diskSelector'] = { serial: 'S1' };
  tree.machine.install['image'] = `ghcr.io/siderolabs/installer:${scene.server ?? 'v1.13.0'}`;
  scene.config?.(tree);
  return stringify(tree);
}

function simDisks(): NodeModel['disks'] {
  const sda = {
    device: '/dev/sda',
    size: 107_374_182_400,
    model: 'SIM DISK',
    serial: 'S1',
    wwid: 'naa.5000000000000001',
    busPath: '/pci0000:00/0000:00:05.0/',
    transport: 'virtio',
    rotational: false,
    readonly: false,
    cdrom: false,
  };
  return [
    sda,
    {
      ...sda,
      device: '/dev/sr0',
      size: 0,
      model: '',
      serial: '',
      wwid: '',
      busPath: '',
      transport: '',
      readonly: true,
      cdrom: true,
    },
  ];
}

function otherCa(): string {
  const other = parse(readFileSync(`${root}/${configOf('infra-01').replaceAll('infra', 'apps')}`, 'utf8')) as {
    machine: { ca: { crt: string } };
  };
  return Buffer.from(other.machine.ca.crt, 'base64').toString();
}
