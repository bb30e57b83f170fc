import { readFileSync } from 'node:fs';

import type { Fault } from './faults.ts';
import type { Standing } from './stand.ts';

/** A recording below test/recordings, of one version: `$ command`, `exit: N`, `--- stdout`, text, `--- stderr`, text. */
export type Recording = { argv: string[]; exit: number; stdout: string; stderr: string };

export const readRecording = (folder: string, name: string): Recording => {
  const text = readFileSync(new URL(`../../recordings/${folder}/${name}.txt`, import.meta.url), 'utf8');
  const match = /^\$ talosctl (.*)\nexit: (\d+)\n--- stdout\n([\s\S]*?)--- stderr\n?([\s\S]*)$/.exec(text);
  if (!match) throw new Error(`${name} is not a recording`);
  return { argv: (match[1] ?? '').split(' '), exit: Number(match[2]), stdout: match[3] ?? '', stderr: match[4] ?? '' };
};

/** A world in which recordings were made, and what was recorded in it. */
export type Scene = {
  standing: Readonly<Record<string, Standing>>;
  /** Talos' version on the nodes; the machines' own where it is absent. */
  version?: string;
  fault?: Fault;
  recordings: readonly string[];
};

/** The recorder's nodes .2, .3 and .4 are two control planes and a worker: here infra-01, infra-02 and infra-04. */
export const recorded: Readonly<Record<string, string>> = {
  '127.0.0.2': 'infra-01',
  '127.0.0.3': 'infra-02',
  '127.0.0.4': 'infra-04',
};

const connected = { 'infra-01': 'running', 'infra-04': 'running' } as const;

/**
 * Questions that change nothing come first; what changes the world stands last in its scene, or in one of its own. Not
 * here: `maint-two-nodes-version`, which either of two nodes may answer (talos#11773).
 */
export const scenes: Readonly<Record<string, Scene>> = {
  maintenance: {
    standing: {},
    recordings: [
      'maint-version',
      'maint-get-machinestatus',
      'maint-get-versions',
      'maint-get-absent-id',
      'maint-get-unknown-type',
      'maint-get-machineconfig-denied',
      'maint-reset-insecure-wait',
      'maint-reset-insecure-nowait-denied',
      'maint-upgrade-insecure',
      'maint-bootstrap-secure-fault3',
      'fault3-secure-call-to-maintenance-get',
      'fault3-secure-call-to-maintenance-services',
      'fault3-secure-call-to-maintenance-version',
      'maint-apply-config',
    ],
  },
  installing: {
    standing: { 'infra-01': 'installing', 'infra-02': 'installing' },
    recordings: [
      'fault-connection-refused-apply',
      'fault-connection-refused-insecure',
      'fault-connection-refused-insecure-version',
      'fault-connection-refused-secure-version',
      'installing-connection-refused-insecure',
      'installing-connection-refused-secure',
    ],
  },
  booting: {
    standing: { 'infra-01': 'booting' },
    recordings: [
      'secure-booting-get-machinestatus',
      'secure-etcd-members-before-bootstrap',
      'secure-etcd-status-before-bootstrap',
      'secure-services-before-bootstrap',
      'bootstrap-multi-node',
      'bootstrap-success',
    ],
  },
  running: {
    standing: { 'infra-01': 'running' },
    recordings: [
      'secure-version',
      'secure-version-short',
      'secure-running-get-machinestatus',
      'secure-services',
      'secure-etcd-members',
      'secure-etcd-status',
      'secure-etcd-alarm-list',
      'secure-get-absent-id',
      'secure-get-unknown-type',
      'secure-get-machineconfig-yaml',
      'bootstrap-second-alreadyexists',
      'secure-apply-config-same',
    ],
  },
  'one of two is down': {
    standing: { 'infra-01': 'running', 'infra-02': 'installing' },
    recordings: [
      'multi-etcd-members-one-down',
      'multi-etcd-status-one-down',
      'multi-get-one-down',
      'multi-services-one-down',
      'multi-version-one-down',
      'single-node-other-down-via-endpoint',
      'single-node-other-down-via-endpoint-bootstrap',
    ],
  },
  'a control plane and a worker': {
    standing: connected,
    recordings: [
      'secure-get-members',
      'worker-as-endpoint-for-other-get',
      'worker-as-endpoint-for-other-version',
      'worker-bootstrap-via-cp',
      'worker-direct-bootstrap',
      'worker-direct-etcd-members',
      'worker-direct-get-machinestatus',
      'worker-direct-kubeconfig',
      'worker-direct-version',
      'worker-etcd-members-via-cp',
      'worker-via-cp-version',
    ],
  },
  'a reset that reboots': { standing: { 'infra-01': 'running' }, recordings: ['secure-reset-wait-reboot'] },
  'a reset that halts': { standing: { 'infra-01': 'running' }, recordings: ['secure-reset-wait-shutdown'] },
  'an upgrade': {
    standing: { 'infra-01': 'running' },
    recordings: ['fault-upgrade-pull-fails', 'secure-upgrade-wait-drain-false'],
  },
  'an upgrade that nobody waits for': { standing: { 'infra-01': 'running' }, recordings: ['secure-upgrade-nowait'] },
  'an upgrade of an older server': {
    standing: { 'infra-01': 'running' },
    version: 'v1.12.11',
    recordings: ['secure-upgrade-older-server-legacy-path'],
  },
  'stale secrets': {
    standing: { 'infra-01': 'running' },
    fault: { node: 'infra-01', kind: 'stale-secrets' },
    recordings: ['fault-stale-secrets-other-cluster-ca-version'],
  },
  'cut after success': {
    standing: { 'infra-01': 'booting' },
    fault: { node: 'infra-01', kind: 'eof-after', method: 'Bootstrap' },
    recordings: ['fault-bootstrap-eof-after-success'],
  },
  'reset after success': {
    standing: { 'infra-01': 'booting' },
    fault: { node: 'infra-01', kind: 'rst-after', method: 'Bootstrap' },
    recordings: ['fault-bootstrap-rst-after-success'],
  },
  'apply cut after success': {
    standing: {},
    fault: { node: 'infra-01', kind: 'eof-after', method: 'ApplyConfiguration' },
    recordings: ['fault-apply-eof-after-success'],
  },
  silence: {
    standing: { 'infra-02': 'running' },
    fault: { node: 'infra-02', kind: 'silent' },
    recordings: ['fault-tcp-accepts-then-silent'],
  },
};

const older = 'v1.12.11';

/** What was recorded of talosctl 1.12, with nodes that were a patch newer. */
export const olderScenes: Readonly<Record<string, Scene>> = {
  maintenance: {
    standing: {},
    version: older,
    recordings: [
      'maint-version',
      'maint-get-machinestatus',
      'maint-get-machinestatus-version-unimplemented',
      'maint-get-versions',
      'maint-get-machineconfig-denied',
      'fault3-secure-call-to-maintenance-get',
      'fault3-secure-call-to-maintenance-version',
      'maint-apply-config-server-1.12',
    ],
  },
  installing: {
    standing: { 'infra-01': 'installing', 'infra-02': 'installing' },
    version: older,
    recordings: ['fault-connection-refused-insecure', 'installing-connection-refused-insecure'],
  },
  booting: {
    standing: { 'infra-01': 'booting' },
    version: older,
    recordings: [
      'secure-booting-get-machinestatus',
      'secure-etcd-members-before-bootstrap',
      'secure-services-before-bootstrap',
      'bootstrap-success',
    ],
  },
  running: {
    standing: { 'infra-01': 'running' },
    version: older,
    recordings: [
      'secure-version',
      'secure-etcd-members',
      'secure-etcd-status',
      'secure-get-mc-yaml',
      'bootstrap-second-alreadyexists',
    ],
  },
  'one of two is down': {
    standing: { 'infra-01': 'running', 'infra-02': 'installing' },
    version: older,
    recordings: ['multi-version-one-down'],
  },
  'a reset that reboots': {
    standing: { 'infra-01': 'running' },
    version: older,
    recordings: ['secure-reset-wait-reboot'],
  },
  'an upgrade': { standing: { 'infra-01': 'running' }, version: older, recordings: ['secure-upgrade-wait'] },
  'cut after success': {
    standing: { 'infra-01': 'booting' },
    version: older,
    fault: { node: 'infra-01', kind: 'eof-after', method: 'Bootstrap' },
    recordings: ['fault-bootstrap-eof-after-success'],
  },
};
