import type { Judgement } from '@coldstart/contract';
import type { Cause } from './talosctl/failure.ts';

/** What an operator can do about a named cause, and the page that explains it. */
export type Advice = { remedy: string; page: string };

const AGAIN = 'then give the same command again';

/** Cause by cause; every name of talosctl/failure.ts has its line. */
const ADVICE: Record<Cause | 'record-differs', Advice> = {
  'record-differs': {
    remedy:
      'Use what .coldstart/<cluster>/identity.json records. Where the recorded cluster is gone for good, begin its next generation: --repin and the name of the cluster.',
    page: 'identity',
  },
  'foreign-ca': {
    remedy:
      "The node belongs to another cluster, or the repository's secrets are not those it was installed with. Compare them; a node to be taken over is reset first.",
    page: 'foreign-ca',
  },
  'another-machine': {
    remedy:
      'Nothing was sent to it. Find the machine that is meant, and mend its address; or, where its hardware was replaced, accept it once: --accept-machine NODE.',
    page: 'impostor',
  },
  'unknown-authority': {
    remedy: `The node is in maintenance or of another CA: look at it with coldstart talos nodes CLUSTER, ${AGAIN}.`,
    page: 'foreign-ca',
  },
  'certificate-address': {
    remedy: `Add the address to machine.certSANs, or use the one that the certificate names, ${AGAIN}.`,
    page: 'certificate',
  },
  'certificate-time': {
    remedy: `Check the clocks of this machine and of the node, and when the certificates end, ${AGAIN}.`,
    page: 'certificate',
  },
  'client-certificate-wanted': {
    remedy: `The node is configured already: look at it with coldstart talos nodes CLUSTER, ${AGAIN}.`,
    page: 'certificate',
  },
  'client-certificate-refused': {
    remedy: `The node refuses the talosconfig's certificate: render it anew from the cluster's secrets, ${AGAIN}.`,
    page: 'certificate',
  },
  'handshake-silent': {
    remedy: `Something answers on the port and is not Talos, or the node hangs: look at its console, ${AGAIN}.`,
    page: 'node-unreachable',
  },
  'connection-refused': {
    remedy: `The node installs or reboots, or Talos does not run: look at its console, ${AGAIN}.`,
    page: 'node-unreachable',
  },
  'no-route': { remedy: `Mend the route to the node, ${AGAIN}.`, page: 'node-unreachable' },
  'timed-out': {
    remedy: `Power the node on, or open TCP 50000 (and 50001 between nodes) in the firewall, ${AGAIN}.`,
    page: 'node-unreachable',
  },
  'name-not-found': {
    remedy: `Give the node's address in talconfig.yaml or talos.nodes in coldstart.yaml, ${AGAIN}.`,
    page: 'node-unreachable',
  },
  'disk-not-found': {
    remedy: `Compare the disks (coldstart talos preflight CLUSTER shows them) with machine.install.diskSelector, render the config anew, ${AGAIN}.`,
    page: 'disk-not-found',
  },
  'no-install-disk': {
    remedy: `Set machine.install.disk or diskSelector, render the config anew, ${AGAIN}.`,
    page: 'disk-not-found',
  },
  'unknown-keys': {
    remedy: `Boot the node from an image of the config's version, or render the config for the version that runs, ${AGAIN}.`,
    page: 'boot-image-older',
  },
  'bootstrap-not-yet': {
    remedy: `The node is still starting: ${AGAIN.replace('then ', '')} in a minute.`,
    page: 'bootstrap-refused',
  },
  'time-not-in-sync': {
    remedy: `Make a time server reachable for the node (machine.time.servers), ${AGAIN}.`,
    page: 'clock',
  },
  'control-plane-only': {
    remedy: 'This is a worker: name a control plane as talos.bootstrapNode.',
    page: 'bootstrap-refused',
  },
  'etcd-data-exists': {
    remedy:
      "The node holds etcd data, and no healthy members are seen. If it is an old installation's, reset it (EPHEMERAL) once you are sure; never bootstrap another node instead.",
    page: 'etcd-data-exists',
  },
  'apply-in-progress': { remedy: `Another config is being applied: wait, ${AGAIN}.`, page: 'apply' },
  'already-applied': { remedy: `The node has its config and reboots: wait, ${AGAIN}.`, page: 'apply' },
  'installed-elsewhere': {
    remedy: `Boot the node from its disk instead of the install medium, ${AGAIN}.`,
    page: 'installed-elsewhere',
  },
  'not-in-maintenance': {
    remedy: `The node is in maintenance: look at it with coldstart talos nodes CLUSTER, ${AGAIN}.`,
    page: 'maintenance',
  },
  'no-forwarding': {
    remedy: 'A worker forwards no calls: each node is its own endpoint. Report this.',
    page: 'node-unreachable',
  },
  'not-authorized': {
    remedy: `The talosconfig's role does not allow this: use one with os:admin, ${AGAIN}.`,
    page: 'certificate',
  },
  'too-many-learners': {
    remedy: `etcd takes one learner at a time: wait until it is promoted, ${AGAIN}.`,
    page: 'etcd-gate',
  },
  'etcd-not-up': {
    remedy: `etcd does not answer on the node: look at its services and at port 2380 between control planes, ${AGAIN}.`,
    page: 'etcd-gate',
  },
  'several-nodes': { remedy: 'Report this: a call named more than one node.', page: 'bootstrap-refused' },
  'no-talosconfig': { remedy: `Render the talosconfig (talhelper genconfig), ${AGAIN}.`, page: 'talosconfig' },
  'unknown-context': {
    remedy: `Name the right context with talos.context in coldstart.yaml, ${AGAIN}.`,
    page: 'talosconfig',
  },
  'config-missing': { remedy: `Render the machine configs (talhelper genconfig), ${AGAIN}.`, page: 'config-invalid' },
  'no-such-resource': {
    remedy: "This version of Talos does not have what was asked for: compare its version with the repository's.",
    page: 'boot-image-older',
  },
  'config-invalid': {
    remedy: `Mend the machine config as the message says, render it anew, ${AGAIN}.`,
    page: 'config-invalid',
  },
  usage: { remedy: 'This talosctl does not know the call: install a version that fits the configs.', page: 'talosctl' },
  cut: {
    remedy: `The connection was cut: ${AGAIN.replace('then ', '')}; it looks before it acts.`,
    page: 'node-unreachable',
  },
  cancelled: {
    remedy: `The call was cancelled: ${AGAIN.replace('then ', '')}; it looks before it acts.`,
    page: 'node-unreachable',
  },
  'rpc-deadline': {
    remedy: `The node did not answer in time: look at its console, ${AGAIN}.`,
    page: 'node-unreachable',
  },
  deadline: { remedy: `The node did not answer in time: look at its console, ${AGAIN}.`, page: 'node-unreachable' },
  'missing-tool': { remedy: `Install talosctl and put it on the PATH, ${AGAIN}.`, page: 'talosctl' },
  stopped: {
    remedy: `The call was ended from outside: ${AGAIN.replace('then ', '')}; it looks before it acts.`,
    page: 'talosctl',
  },
  other: { remedy: `Read what talosctl said, mend it, ${AGAIN}.`, page: 'talosctl' },
};

export const adviceFor = (cause: Cause | 'record-differs'): Advice => ADVICE[cause];

/** Nothing reached the node. */
const NOT_SENT: readonly Cause[] = [
  'connection-refused',
  'no-route',
  'timed-out',
  'name-not-found',
  'handshake-silent',
  'unknown-authority',
  'client-certificate-wanted',
  'not-in-maintenance',
];
/** The node was asked and said that it is too early. */
const TOO_EARLY: readonly Cause[] = ['bootstrap-not-yet', 'time-not-in-sync', 'too-many-learners', 'etcd-not-up'];
/** It may have been carried out, by this call or an earlier one. */
const PERHAPS: readonly Cause[] = [
  'cut',
  'cancelled',
  'rpc-deadline',
  'deadline',
  'stopped',
  'apply-in-progress',
  'already-applied',
  'etcd-data-exists',
  'other',
];

/** What a named cause means for an action that was to change something. The rest of the causes is fatal: trying again is in vain. */
export function kindOf(cause: Cause): Judgement['kind'] {
  if (NOT_SENT.includes(cause) || TOO_EARLY.includes(cause)) return 'transient';
  return PERHAPS.includes(cause) ? 'ambiguous' : 'fatal';
}
