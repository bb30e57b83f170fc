import { expect } from 'vitest';
import { ask, insecure, secure } from '../../../plugins/talos/src/talosctl/argv.ts';
import { kernelSignals } from '../../../plugins/talos/src/node/kernel.ts';
import { parseDisks } from '../../../plugins/talos/src/talosctl/disks.ts';
import { parseDmesg } from '../../../plugins/talos/src/talosctl/dmesg.ts';
import { parseEtcdMembers } from '../../../plugins/talos/src/talosctl/etcd-members.ts';
import { parseEtcdStatus } from '../../../plugins/talos/src/talosctl/etcd-status.ts';
import { parseLinks } from '../../../plugins/talos/src/talosctl/links.ts';
import { identityOf, parseMachineConfig } from '../../../plugins/talos/src/talosctl/machineconfig.ts';
import { parseMachineStatus } from '../../../plugins/talos/src/talosctl/machinestatus.ts';
import { parseSystemInformation } from '../../../plugins/talos/src/talosctl/system-information.ts';
import { parseServices } from '../../../plugins/talos/src/talosctl/services.ts';
import { parseTalosPartitions } from '../../../plugins/talos/src/talosctl/volumes.ts';
import { parseBootVersion, parseServerVersion } from '../../../plugins/talos/src/talosctl/versions.ts';
import { configOf, talosconfig } from './repository.ts';
import type { Standing } from './stand.ts';

const credentials = { talosconfig, context: 'infra' };

/** One question that is asked of the real and of the simulated talosctl in the same world. */
export type Question = {
  name: string;
  standing: Readonly<Record<string, Standing>>;
  /** Faults of the lab, which both sides feel. */
  faults?: string[];
  /** Words of the command; a node's name in braces stands for its address. */
  argv: readonly string[];
  /** Whether it changes the world: each side then has a world of its own. */
  changes?: true;
  /** How our steps read stdout of a success, else what it says; a failure is read by its cause. */
  parse?: (stdout: string) => unknown;
  /** What both must come to: the exit code, and what is read; of what is only said, a part. */
  expected: { exit: number; read: unknown };
};

const open = (node: string): string[] => insecure(`{${node}}`);
const closed = (node: string): string[] => secure(credentials, `{${node}}`);
const through = (endpoint: string, ...nodes: string[]): string[] => [
  '--talosconfig',
  talosconfig,
  '-e',
  `{${endpoint}}`,
  '-n',
  nodes.map((node) => `{${node}}`).join(','),
];
const fault = (cause: string, code: string | null = null) => ({ cause, ...(code !== null && { code }) });

const running = { 'infra-01': 'running', 'infra-02': 'running', 'infra-04': 'running' } as const;
const booting = { 'infra-01': 'booting', 'infra-04': 'booting' } as const;
const three = { 'infra-01': 'running', 'infra-02': 'running', 'infra-03': 'running' } as const;
const down = { 'infra-01': 'running', 'infra-02': 'installing' } as const;
const secureStage = [...ask.stage, ...closed('infra-01')];

export const questions: readonly Question[] = [
  // What the steps ask of a node in maintenance.
  {
    name: 'stage, in maintenance',
    standing: {},
    argv: [...ask.stage, ...open('infra-01')],
    parse: parseMachineStatus,
    expected: { exit: 0, read: { stage: 'maintenance', ready: true } },
  },
  {
    name: 'disks, in maintenance',
    standing: {},
    argv: [...ask.disks, ...open('infra-01')],
    parse: parseDisks,
    expected: { exit: 0, read: [{ serial: 'EX960-INFRA-01' }, { id: 'sr0' }] },
  },
  {
    name: 'whose machine it is, in maintenance',
    standing: {},
    argv: [...ask.system, ...open('infra-01')],
    parse: parseSystemInformation,
    expected: {
      exit: 0,
      read: { serial: expect.stringMatching(/^LAB-/), uuid: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    },
  },
  {
    name: 'whose machine it is, another one',
    standing: {},
    faults: ['impostor@infra-01'],
    argv: [...ask.disks, ...open('infra-01')],
    parse: parseDisks,
    expected: { exit: 0, read: [{ serial: expect.stringMatching(/^IMP/) }, { id: 'sr0' }] },
  },
  {
    name: 'what lies on its disks',
    standing: {},
    argv: [...ask.volumes, ...open('infra-01')],
    parse: parseTalosPartitions,
    expected: { exit: 0, read: [] },
  },
  {
    name: 'whose machine it is, as a table',
    standing: {},
    argv: ['get', 'systeminformation', ...open('infra-01')],
    expected: { exit: 0, read: 'MANUFACTURER   PRODUCTNAME' },
  },
  {
    name: 'apply-config, to another certificate than the one named',
    standing: {},
    argv: ['apply-config', ...open('infra-01'), `--cert-fingerprint=${'A'.repeat(43)}=`, '-f', configOf('infra-01')],
    changes: true,
    expected: { exit: 1, read: fault('another-machine', 'Unavailable') },
  },
  {
    name: 'disks, another one',
    standing: {},
    faults: ['disk-mismatch@infra-01'],
    argv: [...ask.disks, ...open('infra-01')],
    parse: parseDisks,
    expected: { exit: 0, read: [{ devPath: '/dev/sdz' }, { id: 'sr0' }] },
  },
  {
    name: 'disks, as a table',
    standing: {},
    argv: ['get', 'disks', ...open('infra-01')],
    expected: { exit: 0, read: 'EX960-INFRA-01' },
  },
  {
    name: 'boot version, in maintenance',
    standing: {},
    argv: [...ask.version, ...open('infra-01')],
    parse: parseBootVersion,
    expected: { exit: 0, read: 'v1.13.0' },
  },
  {
    name: 'links, in maintenance',
    standing: {},
    argv: [...ask.links, ...open('infra-01')],
    parse: parseLinks,
    expected: { exit: 0, read: [{ name: 'enp1s0f0', up: true, mtu: 1500 }, { name: 'enp1s0f1' }] },
  },
  {
    name: 'version, in maintenance',
    standing: {},
    argv: ['version', ...open('infra-01')],
    parse: parseServerVersion,
    expected: { exit: 0, read: { tag: 'v1.13.0' } },
  },
  {
    name: 'config, in maintenance',
    standing: {},
    argv: [...ask.config, ...open('infra-01')],
    expected: { exit: 1, read: fault('not-authorized', 'PermissionDenied') },
  },
  {
    name: 'config as a table, in maintenance',
    standing: {},
    argv: ['get', 'machineconfig', ...open('infra-01')],
    expected: { exit: 1, read: fault('not-authorized', 'PermissionDenied') },
  },
  {
    name: 'stage by certificate, in maintenance',
    standing: {},
    argv: secureStage,
    expected: { exit: 1, read: fault('unknown-authority', 'Unavailable') },
  },
  {
    name: 'services by certificate, in maintenance',
    standing: {},
    argv: [...ask.services, ...closed('infra-01')],
    expected: { exit: 1, read: fault('unknown-authority', 'Unavailable') },
  },
  {
    name: 'a resource that is none',
    standing: {},
    argv: ['get', 'nosuchthing', ...open('infra-01')],
    expected: { exit: 1, read: fault('no-such-resource', 'NotFound') },
  },
  {
    name: 'an id that is none',
    standing: {},
    argv: ['get', 'machinestatus', 'nope', '-o', 'json', ...open('infra-01')],
    expected: { exit: 1, read: fault('no-such-resource', 'NotFound') },
  },
  // apply-config, and what becomes of it.
  {
    name: 'apply',
    standing: {},
    argv: ['apply-config', '-f', configOf('infra-01'), ...open('infra-01')],
    changes: true,
    expected: { exit: 0, read: 'Applied configuration without a reboot' },
  },
  {
    name: 'apply, dry run in maintenance',
    standing: {},
    argv: ['apply-config', '--dry-run', '-f', configOf('infra-01'), ...open('infra-01')],
    expected: { exit: 0, read: 'skipped in dry-run' },
  },
  {
    name: 'apply, dry run of the same',
    standing: running,
    argv: ['apply-config', '--dry-run', '-f', configOf('infra-01'), ...closed('infra-01')],
    expected: { exit: 0, read: 'No changes.' },
  },
  {
    name: "apply, dry run of another node's config",
    standing: running,
    argv: ['apply-config', '--dry-run', '-f', configOf('infra-02'), ...closed('infra-01')],
    expected: { exit: 1, read: fault('disk-not-found', 'InvalidArgument') },
  },
  {
    name: 'apply, the same again',
    standing: running,
    argv: ['apply-config', '-f', configOf('infra-01'), ...closed('infra-01')],
    changes: true,
    expected: { exit: 0, read: 'Applied configuration without a reboot' },
  },
  {
    name: 'apply, cut after success',
    standing: {},
    faults: ['eof-after-success@infra-01'],
    argv: ['apply-config', '-f', configOf('infra-01'), ...open('infra-01')],
    changes: true,
    expected: { exit: 1, read: fault('cut', 'Unavailable') },
  },
  {
    name: 'apply, somebody else was faster',
    standing: {},
    faults: ['taken@infra-01'],
    argv: ['apply-config', '-f', configOf('infra-01'), ...open('infra-01')],
    changes: true,
    expected: { exit: 1, read: fault('client-certificate-wanted', 'Unavailable') },
  },
  {
    name: 'apply, another machine takes it',
    standing: {},
    faults: ['impostor@infra-01'],
    argv: ['apply-config', '-f', configOf('infra-01'), ...open('infra-01')],
    changes: true,
    expected: { exit: 0, read: 'Applied configuration without a reboot' },
  },
  {
    name: 'apply without a certificate, another machine in the place of a running node takes it',
    standing: running,
    faults: ['impostor@infra-01'],
    argv: ['apply-config', '-f', configOf('infra-01'), ...open('infra-01')],
    changes: true,
    expected: { exit: 0, read: 'Applied configuration without a reboot' },
  },
  {
    name: 'stage by certificate, another machine in the place of a running node',
    standing: running,
    faults: ['impostor@infra-01'],
    argv: secureStage,
    expected: { exit: 1, read: fault('unknown-authority', 'Unavailable') },
  },
  {
    name: 'stage without a certificate, another machine in the place of a running node',
    standing: running,
    faults: ['impostor@infra-01'],
    argv: [...ask.stage, ...open('infra-01')],
    parse: parseMachineStatus,
    expected: { exit: 0, read: { stage: 'maintenance', ready: true } },
  },
  {
    name: 'apply, dry run in maintenance, from an older medium',
    standing: {},
    faults: ['boot-image-older@infra-01'],
    argv: ['apply-config', '--dry-run', '-f', configOf('infra-01'), ...open('infra-01')],
    expected: { exit: 0, read: 'does not have a config yet' },
  },
  {
    name: 'apply, no such disk',
    standing: {},
    faults: ['disk-mismatch@infra-01'],
    argv: ['apply-config', '-f', configOf('infra-01'), ...open('infra-01')],
    changes: true,
    expected: { exit: 1, read: fault('disk-not-found', 'InvalidArgument') },
  },
  {
    name: 'apply, no such file',
    standing: {},
    argv: ['apply-config', '-f', 'nowhere.yaml', ...open('infra-01')],
    changes: true,
    expected: { exit: 1, read: fault('config-missing') },
  },
  {
    name: 'apply, refused',
    standing: down,
    argv: ['apply-config', '-f', configOf('infra-02'), ...open('infra-02')],
    changes: true,
    expected: { exit: 1, read: fault('connection-refused', 'Unavailable') },
  },
  {
    name: 'stage, refused',
    standing: down,
    argv: [...ask.stage, ...open('infra-02')],
    expected: { exit: 1, read: fault('connection-refused', 'Unavailable') },
  },
  {
    name: 'stage, no answer',
    standing: running,
    faults: ['unreachable@infra-01'],
    argv: secureStage,
    // What the lab says is another cause: differences.yaml has why.
    expected: { exit: 1, read: fault('handshake-silent') },
  },
  {
    name: 'stage, another CA',
    standing: running,
    faults: ['wrong-ca@infra-01'],
    argv: secureStage,
    expected: { exit: 1, read: fault('foreign-ca', 'Unavailable') },
  },
  // Booting, and bootstrap.
  {
    name: 'stage, booting',
    standing: booting,
    argv: secureStage,
    parse: parseMachineStatus,
    expected: { exit: 0, read: { stage: 'booting', ready: false } },
  },
  {
    name: 'services, booting',
    standing: booting,
    argv: [...ask.services, ...closed('infra-01')],
    parse: parseServices,
    expected: {
      exit: 0,
      read: [{ name: 'apid' }, { name: 'etcd', state: 'Waiting', health: '?' }, { name: 'kubelet' }],
    },
  },
  {
    name: 'kernel log, booting',
    standing: booting,
    argv: [...ask.dmesg, ...closed('infra-01')],
    parse: (stdout) => parseDmesg(stdout).map(({ text }) => text),
    expected: {
      exit: 0,
      read: expect.arrayContaining([expect.stringMatching(/^enp1s0f0: NIC Link is Up/), '[talos] stage: booting']),
    },
  },
  {
    name: 'kernel log, a worker whose disk fails',
    standing: booting,
    faults: ['disk-errors@infra-04'],
    argv: [...ask.dmesg, ...closed('infra-04')],
    parse: (stdout) => kernelSignals('infra-04', parseDmesg(stdout)),
    expected: { exit: 0, read: [{ name: expect.stringMatching(/^disk \w+$/), ok: false }, { name: 'kernel log' }] },
  },
  {
    name: 'kernel log, in maintenance',
    standing: {},
    argv: [...ask.dmesg, ...closed('infra-01')],
    expected: { exit: 1, read: fault('unknown-authority', 'Unavailable') },
  },
  {
    name: 'kernel log, refused',
    standing: down,
    argv: [...ask.dmesg, ...closed('infra-02')],
    expected: { exit: 1, read: fault('connection-refused', 'Unavailable') },
  },
  {
    name: 'kernel log, of a node that is down, through another',
    standing: down,
    argv: [...ask.dmesg, ...through('infra-01', 'infra-02')],
    expected: { exit: 1, read: fault('connection-refused', 'Unavailable') },
  },
  {
    name: 'etcd members, before bootstrap',
    standing: booting,
    argv: [...ask.etcdMembers, ...closed('infra-01')],
    expected: { exit: 1, read: fault('etcd-not-up', 'Unknown') },
  },
  {
    name: 'etcd status, before bootstrap',
    standing: booting,
    argv: [...ask.etcdStatus, ...closed('infra-01')],
    expected: { exit: 1, read: fault('etcd-not-up', 'Unknown') },
  },
  {
    name: 'bootstrap',
    standing: booting,
    argv: ['bootstrap', ...closed('infra-01')],
    changes: true,
    expected: { exit: 0, read: 'nothing is said' },
  },
  {
    name: 'bootstrap, cut after success',
    standing: booting,
    faults: ['eof-after-success@infra-01'],
    argv: ['bootstrap', ...closed('infra-01')],
    changes: true,
    expected: { exit: 1, read: fault('cut', 'Unavailable') },
  },
  {
    name: 'bootstrap, in maintenance',
    standing: {},
    argv: ['bootstrap', ...closed('infra-01')],
    changes: true,
    expected: { exit: 1, read: fault('unknown-authority', 'Unavailable') },
  },
  {
    name: 'bootstrap, again',
    standing: running,
    argv: ['bootstrap', ...closed('infra-01')],
    changes: true,
    expected: { exit: 1, read: fault('etcd-data-exists', 'AlreadyExists') },
  },
  {
    name: 'bootstrap, a worker',
    standing: running,
    argv: ['bootstrap', ...closed('infra-04')],
    changes: true,
    expected: { exit: 1, read: fault('control-plane-only', 'Unimplemented') },
  },
  {
    name: 'bootstrap, a worker through a control plane',
    standing: running,
    argv: ['bootstrap', ...through('infra-01', 'infra-04')],
    changes: true,
    expected: { exit: 1, read: fault('control-plane-only', 'Unimplemented') },
  },
  {
    name: 'bootstrap, two nodes',
    standing: booting,
    argv: ['bootstrap', ...through('infra-01', 'infra-01', 'infra-02')],
    changes: true,
    expected: { exit: 1, read: fault('several-nodes') },
  },
  // Running.
  {
    name: 'stage, running',
    standing: running,
    argv: secureStage,
    parse: parseMachineStatus,
    expected: { exit: 0, read: { stage: 'running', ready: true } },
  },
  {
    name: 'stage, a worker',
    standing: running,
    argv: [...ask.stage, ...closed('infra-04')],
    parse: parseMachineStatus,
    expected: { exit: 0, read: { stage: 'running' } },
  },
  {
    name: 'stage, through a control plane',
    standing: running,
    argv: [...ask.stage, ...through('infra-01', 'infra-04')],
    parse: parseMachineStatus,
    expected: { exit: 0, read: { stage: 'running' } },
  },
  {
    name: 'stage, through a worker',
    standing: running,
    argv: [...ask.stage, ...through('infra-04', 'infra-01')],
    expected: { exit: 1, read: fault('no-forwarding', 'PermissionDenied') },
  },
  {
    name: 'stage, two nodes and one is down',
    standing: down,
    argv: [...ask.stage, ...through('infra-01', 'infra-01', 'infra-02')],
    expected: { exit: 1, read: fault('connection-refused', 'Unavailable') },
  },
  {
    name: 'version, running',
    standing: running,
    argv: ['version', ...closed('infra-01')],
    parse: parseServerVersion,
    expected: { exit: 0, read: { tag: 'v1.13.0' } },
  },
  {
    name: 'version, two nodes and one is down',
    standing: down,
    argv: ['version', ...through('infra-01', 'infra-01', 'infra-02')],
    parse: parseServerVersion,
    expected: { exit: 0, read: { tag: 'v1.13.0' } },
  },
  {
    name: 'version, as JSON',
    standing: running,
    argv: ['version', '--json', ...closed('infra-01')],
    parse: (stdout) => (JSON.parse(stdout) as { version: unknown }).version,
    expected: { exit: 0, read: { tag: 'v1.13.0' } },
  },
  {
    name: 'config, running',
    standing: running,
    argv: [...ask.config, ...closed('infra-01')],
    parse: (stdout) => identityOf(parseMachineConfig(stdout)),
    expected: { exit: 0, read: { hostname: 'infra-01', type: 'controlplane' } },
  },
  {
    name: 'config as YAML, running',
    standing: running,
    argv: ['get', 'machineconfig', '-o', 'yaml', ...closed('infra-01')],
    expected: { exit: 0, read: 'id: v1alpha1' },
  },
  {
    name: 'links, running',
    standing: running,
    argv: [...ask.links, ...closed('infra-01')],
    parse: parseLinks,
    expected: { exit: 0, read: [{ name: 'enp1s0f0' }, { name: 'enp1s0f1' }] },
  },
  {
    name: 'members',
    standing: running,
    argv: ['get', 'members', ...closed('infra-01')],
    expected: { exit: 0, read: 'infra-04' },
  },
  {
    name: 'addresses',
    standing: running,
    argv: ['get', 'addresses', ...closed('infra-01')],
    expected: { exit: 0, read: 'AddressStatus' },
  },
  {
    name: 'time',
    standing: running,
    argv: ['get', 'timestatus', '-o', 'yaml', ...closed('infra-01')],
    expected: { exit: 0, read: 'synced: true' },
  },
  {
    name: 'services, running',
    standing: running,
    argv: [...ask.services, ...closed('infra-01')],
    parse: parseServices,
    expected: {
      exit: 0,
      read: [{ name: 'apid' }, { name: 'etcd', state: 'Running', health: 'OK' }, { name: 'kubelet' }],
    },
  },
  {
    name: 'etcd members',
    standing: running,
    argv: [...ask.etcdMembers, ...closed('infra-01')],
    parse: parseEtcdMembers,
    expected: { exit: 0, read: [{ hostname: 'infra-01', learner: false }, { hostname: 'infra-02' }] },
  },
  {
    name: 'etcd members, a worker',
    standing: running,
    argv: [...ask.etcdMembers, ...closed('infra-04')],
    expected: { exit: 1, read: fault('control-plane-only', 'Unimplemented') },
  },
  {
    name: 'etcd status',
    standing: running,
    argv: [...ask.etcdStatus, ...closed('infra-01')],
    parse: (stdout) => ({ ...parseEtcdStatus(stdout), index: 0, applied: 0 }),
    expected: { exit: 0, read: { term: 2, learner: false } },
  },
  {
    name: 'etcd members, without a majority',
    standing: three,
    faults: ['off@infra-02', 'off@infra-03'],
    argv: [...ask.etcdMembers, ...closed('infra-01')],
    expected: { exit: 1, read: fault('etcd-not-up', 'Unavailable') },
  },
  {
    name: 'etcd status, without a majority',
    standing: three,
    faults: ['off@infra-02', 'off@infra-03'],
    argv: [...ask.etcdStatus, ...closed('infra-01')],
    parse: (stdout) => ({ ...parseEtcdStatus(stdout), index: 0, applied: 0 }),
    expected: { exit: 0, read: { leader: null, errors: 'etcdserver: no leader' } },
  },
  {
    name: 'etcd status, the leader is off: another one leads',
    standing: three,
    faults: ['off@infra-01'],
    argv: [...ask.etcdStatus, ...closed('infra-02')],
    parse: (stdout) => {
      const { leader, member, errors } = parseEtcdStatus(stdout);
      return { own: leader === member, errors };
    },
    expected: { exit: 0, read: { own: true, errors: '' } },
  },
  {
    name: 'etcd alarms',
    standing: running,
    argv: ['etcd', 'alarm', 'list', ...closed('infra-01')],
    expected: { exit: 0, read: 'nothing is said' },
  },
  {
    name: 'kubeconfig, a worker',
    standing: running,
    argv: ['kubeconfig', '-', ...closed('infra-04')],
    expected: { exit: 1, read: fault('control-plane-only', 'Unimplemented') },
  },
  {
    name: 'kubeconfig',
    standing: running,
    argv: ['kubeconfig', '-', ...closed('infra-01')],
    parse: (stdout) => /server: (\S+)/.exec(stdout)?.[1],
    expected: { exit: 0, read: 'https://{vip}:6443' },
  },
  // No node is asked.
  {
    name: 'validate',
    standing: {},
    argv: ['validate', '-m', 'metal', '-c', configOf('infra-01')],
    expected: { exit: 0, read: 'is valid for metal mode' },
  },
  {
    name: 'validate, no such file',
    standing: {},
    argv: ['validate', '-m', 'metal', '-c', 'nowhere.yaml'],
    expected: { exit: 1, read: fault('config-missing') },
  },
  {
    name: 'contexts',
    standing: {},
    argv: ['config', 'contexts', '--talosconfig', talosconfig],
    expected: { exit: 0, read: 'infra' },
  },
  {
    name: 'a context that is none',
    standing: {},
    argv: [...ask.stage, '--talosconfig', talosconfig, '--context', 'nowhere', '-n', '{infra-01}'],
    expected: { exit: 1, read: fault('unknown-context') },
  },
  {
    name: 'own version',
    standing: {},
    argv: ['version', '--client'],
    expected: { exit: 0, read: 'Tag:         v1.13.0' },
  },
];
