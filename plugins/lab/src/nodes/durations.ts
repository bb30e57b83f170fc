import type { DurationTable } from '../clock/durations.ts';

/**
 * How long the nodes' own doings take. Public figures are few, so nearly all of these are assumptions and are shown as
 * such; their sums follow the few that are known (talosctl's QEMU cluster of 1+1 nodes: 93 s; template users: 10 minutes and
 * more; apply to six machines one by one: 15 minutes).
 */
export const nodeDurations: DurationTable = {
  'talosctl/start': { min: 60, max: 70, what: 'talosctl itself', source: 'talosctl 1.13.0 measured: 64 ms' },
  'talosctl/rpc': { min: 10, max: 20, what: 'a call to a node', source: 'measured on loopback: 15 ms' },
  'talosctl/apply': { min: 1_000, max: 3_000, what: 'a node checking and taking a machine config', source: null },
  'talosctl/bootstrap': { min: 500, max: 2_000, what: 'the answer to bootstrap', source: null },
  'node/install': { min: 60_000, max: 180_000, what: 'pulling the installer image and installing', source: null },
  'node/install-fails': { min: 20_000, max: 90_000, what: 'an install until it fails', source: null },
  'node/install-failed-reboots': {
    min: 10_000,
    max: 10_000,
    what: 'the pause after a failed install',
    source: 'Talos v1.12: 10 s',
  },
  'node/reboot': { min: 40_000, max: 300_000, what: "a reboot with the firmware's self-test", source: null },
  'node/bootstrap-available': {
    min: 2_000,
    max: 8_000,
    what: 'a control plane until bootstrap is available',
    source: null,
  },
  'node/certificate': {
    min: 1_000,
    max: 10_000,
    what: "a worker's certificate from a control plane's trustd",
    source: null,
  },
  'etcd/data': { min: 1_000, max: 3_000, what: 'etcd until its data directory is there after bootstrap', source: null },
  'etcd/start': { min: 15_000, max: 35_000, what: 'etcd pulling its image and starting', source: null },
  'etcd/join': {
    min: 10_000,
    max: 30_000,
    what: 'a further control plane until etcd has it as a learner',
    source: null,
  },
  'etcd/promote': { min: 20_000, max: 60_000, what: 'a learner until it is a voter', source: null },
  'etcd/elect': { min: 2_000, max: 8_000, what: 'etcd until the virtual address is taken', source: null },
  'node/apiserver': { min: 45_000, max: 85_000, what: 'the control plane pods after etcd', source: null },
  'node/kubelet': { min: 5_000, max: 25_000, what: 'a kubelet until its node is registered', source: null },
};
