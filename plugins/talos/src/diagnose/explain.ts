import { explaining, type Rule } from '@coldstart/tools';
import { adviceFor } from '../remedies.ts';

const AGAIN = 'then give the same command again.';

/** What nodes' signals mean, the most telling first: what comes early keeps what comes later from happening. */
const RULES: readonly Rule[] = [
  {
    signal: /^after its config$/,
    observed: /^maintenance, nothing of Talos on its disks, to be installed from (.+)$/,
    cause: ({ subject }, _observed, match) =>
      `${subject} took its config and is in maintenance again, with nothing of Talos on its disks: ${match?.[1]} could not be pulled, or the disk not written`,
    remedy: () =>
      `Look whether the node reaches the registry (DNS, gateway, proxy, mirrors), and at its console for the installer's last lines; ${AGAIN}`,
    page: 'installer-image',
  },
  {
    signal: /^after its config$/,
    observed: /^maintenance, installed: (.+)$/,
    cause: ({ subject }) => `Talos is installed on ${subject}'s disk, and the node booted from another medium`,
    remedy: () => adviceFor('installed-elsewhere').remedy,
    page: 'installed-elsewhere',
  },
  {
    signal: /^after its config$/,
    observed: /^maintenance, half installed: (.+)$/,
    cause: ({ subject }, _observed, match) =>
      `${subject} took its config and is in maintenance again: its install broke off (${match?.[1]})`,
    remedy: () => `Look at the node's console for the installer's last lines, and at the health of its disk; ${AGAIN}`,
    page: 'fell-back',
  },
  {
    signal: /^after its config$/,
    observed: /^no API$/,
    cause: ({ subject }) =>
      `${subject} took its config and shows no API since: it still pulls its installer image, or it booted from the install medium again and halted`,
    remedy: () => `Look at the node's console. Mend its way to the registry, or its boot order; ${AGAIN}`,
    page: 'not-back',
  },
  {
    signal: /^after its config$/,
    observed: /^silence$/,
    cause: ({ subject }) =>
      `${subject} answered until it took its config, and nothing answers at its address since: links, bond, VLAN or address of the config do not fit the network, or the node is off`,
    remedy: () =>
      `Look at the node's console. Mend its network in the config (and the switch: LACP, VLAN), render it anew; a node that cannot be reached any more is booted from the install medium and reset; ${AGAIN}`,
    page: 'silent-after-config',
  },
  {
    signal: /^node$/,
    observed: /x509: certificate is valid for (.+), not (\S+?)["\\]*$/,
    cause: ({ subject }, _observed, match) =>
      `the certificate of ${subject} is for ${match?.[1]}, and not for ${match?.[2]}, its address`,
    remedy: () => adviceFor('certificate-address').remedy,
    page: 'certificate',
  },
  {
    signal: /^node$/,
    observed: /x509: certificate has expired or is not yet valid/,
    cause: ({ subject }) => `the certificate of ${subject} has ended, or begins later: one of the clocks is wrong`,
    remedy: () => adviceFor('certificate-time').remedy,
    page: 'certificate',
  },
  {
    signal: /^etcd quorum$/,
    cause: (_signal, observed) => `etcd has lost its quorum: ${observed}`,
    remedy: () =>
      `Bring the named control planes back, one is often enough. Do not bootstrap and do not reset; ${AGAIN}`,
    page: 'etcd-quorum',
  },
  {
    signal: /^etcd data$/,
    cause: ({ subject }) =>
      `${subject} started etcd, and no bootstrap was sent: its disk holds etcd data of an earlier installation`,
    remedy: () => adviceFor('etcd-data-exists').remedy,
    page: 'etcd-data-exists',
  },
  {
    signal: /^disk /,
    cause: ({ name, subject }, observed) => `${name} of ${subject} fails: ${observed}`,
    remedy: () => `Look at the disk (cable, controller, SMART), replace it where it is worn out; ${AGAIN}`,
    page: 'disk-errors',
  },
  {
    signal: /^clock$/,
    cause: ({ subject }) => `the clock of ${subject} is not in step with a time server, and Talos waits for that`,
    remedy: () => adviceFor('time-not-in-sync').remedy,
    page: 'clock',
  },
  {
    signal: /^service etcd$/,
    observed: /Waiting for etcd spec/,
    cause: ({ subject }) =>
      `etcd on ${subject} does not start: it waits for an address of its own (Waiting for etcd spec)`,
    remedy: () =>
      `Give etcd a subnet in which the node has an address (cluster.etcd.advertisedSubnets, kubelet.nodeIP.validSubnets), render the config anew, apply it with --reapply; ${AGAIN}`,
    page: 'etcd-spec',
  },
  {
    signal: /^service /,
    observed: /failed to pull image "?([^\s"]+)"?(?:: (.+))?/i,
    cause: ({ subject, name }, _observed, match) =>
      `${name.replace('service ', '')} on ${subject} does not start: the image ${match?.[1]} cannot be pulled${match?.[2] ? `: ${match[2]}` : ''}`,
    remedy: () => `Look whether the node reaches the registry (DNS, gateway, proxy, mirrors, rate limit); ${AGAIN}`,
    page: 'image-pull',
  },
  {
    signal: /^image$/,
    observed: /failed to pull image "?([^\s"]+)"?(?:: (.+))?/i,
    cause: ({ subject }, _observed, match) =>
      `${subject} cannot pull the image ${match?.[1]}${match?.[2] ? `: ${match[2]}` : ''}`,
    remedy: () => `Look whether the node reaches the registry (DNS, gateway, proxy, mirrors, rate limit); ${AGAIN}`,
    page: 'image-pull',
  },
  {
    signal: /^MTU of /,
    cause: ({ name, subject, expected }, observed) =>
      `${name.replace('MTU of ', '')} of ${subject} carries packets of ${observed} bytes, and its config says ${String(expected)}: larger ones are lost`,
    remedy: () => `Make the MTU of the config, the link and every switch port between the nodes the same; ${AGAIN}`,
    page: 'mtu',
  },
  {
    signal: /^link /,
    cause: ({ name, subject }, observed) => `${name} of ${subject} is ${observed}`,
    remedy: () => `Check cables and switch ports, and the names of the links in the machine config; ${AGAIN}`,
    page: 'link-down',
  },
];

/** A node that nothing is heard of: true of much, so it comes last. */
const SILENT: Rule = {
  signal: /^port$/,
  observed: /^(?:timeout|unreachable)$/,
  cause: ({ subject, source }, observed) =>
    `${subject} does not answer (${source}: ${observed}): it is off, or the network between is gone`,
  remedy: () => adviceFor('timed-out').remedy,
  page: 'node-unreachable',
};

export const explain = explaining([...RULES, SILENT]);

/**
 * For a verdict over all control planes: that one of them is silent is what the verdict says itself, with the way out.
 */
export const explainVerdict = explaining(RULES);
