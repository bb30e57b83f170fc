/**
 * The faults that a rehearsal can play. `at` says what may stand after the `@`; `count` how often it strikes unless told.
 */
export type KnownFault = { name: string; about: string; at: 'node' | 'name' | 'moment'; count: number };

const ALWAYS = Number.POSITIVE_INFINITY;
const node = (name: string, about: string, count = ALWAYS): KnownFault => ({ name, about, at: 'node', count });
const named = (name: string, about: string, count = ALWAYS): KnownFault => ({ name, about, at: 'name', count });

export const knownFaults: readonly KnownFault[] = [
  // The way to a node.
  node('unreachable', 'connections to the node time out; count: that many connections, otherwise all'),
  node('refused', 'the node refuses connections to Talos; count: that many connections, otherwise all'),
  node('off', 'the node is switched off'),
  node('flaps', 'the node answers for some seconds and refuses connections for some'),
  node('slow', 'every call to the node takes ten times as long'),
  node('rpc-fails', 'a call to the node breaks off before anything was done; count: that many calls', 2),
  node('certificate', "the certificate that the configured node shows is not for the node's address"),
  node('impostor', "another machine answers in maintenance at the node's address, and takes what it is given"),
  node('wrong-ca', "the node is configured already, with another cluster's CA"),
  // The machine before and while it installs.
  node('boot-image-older', 'the node booted from an image one minor version older than its config'),
  node('disk-mismatch', 'the disk that the config names or selects is not there'),
  node('link-down', 'one of the links that the config names is down'),
  node('apply-hangs', 'apply-config gets no answer, and nothing is done', 1),
  node('eof-after-success', 'apply-config or bootstrap is carried out, but the connection is cut before the answer', 1),
  node('taken', 'somebody else gives the node the same config just before we do', 1),
  node('image-pull', 'the installer image cannot be pulled: the install fails before the disk is written'),
  node('back-to-maintenance', 'the install fails and the node comes back in maintenance', 1),
  node('other-media', 'installed, the node boots from the install medium again and halts'),
  node('bond', 'once its config is in force the node is silent: its bond does not fit the switch'),
  node('mtu', "the node's links carry 1500 bytes and not what the config says: etcd's peers cannot send it much"),
  node('reboots', 'the node goes down once more, half a minute after it booted with its config', 1),
  node('disk-errors', 'once installed, the disk of the node answers with errors: etcd and the kubelet do not get on'),
  // etcd.
  node('clock', "the node's clock is not in step with a time server"),
  node('bootstrap-early', 'the node says that bootstrap is not available yet; count: that many times', 3),
  node('stale-etcd', "the node's disk holds etcd data of an earlier installation"),
  node('etcd-no-spec', 'etcd does not start on the node: it waits for an address in the subnets of its config'),
  node('crash', 'the node goes down in the middle of making or joining the etcd cluster, and comes back by itself', 1),
  node('learner-stuck', 'etcd on the node stays a learner'),
  // Kubernetes and what runs on it.
  named('api-flaps', 'the Kubernetes API refuses connections; count: that many', 10),
  named('crd-slow', 'a CRD takes minutes to be established; count: that many CRDs', 1),
  named('chart-missing', "the registry of this release's chart does not have it at this version"),
  named('release-pending', 'helm is killed in the middle of installing this release', 1),
  named('pod-image', 'the image of the pods of this workload cannot be pulled'),
  named('container-creating', 'the pods of this workload stay in ContainerCreating'),
  named('dns', 'cluster DNS does not resolve: the pods of CoreDNS crash'),
  named('dns-silent', 'the pods of CoreDNS run, and what is asked of cluster DNS gets no answer'),
  named('deploy-key-refused', 'the Git server refuses the deploy key'),
  named('flux-not-ready', 'the first Kustomization does not become Ready'),
  named('remote-behind', "the branch that Flux reads lacks the cluster's path; @release: it has an older chart of it"),
  {
    name: 'killed',
    about:
      'coldstart itself is killed at its n-th changing call (the count; 1 unless told): @before, @during or @after it (the default)',
    at: 'moment',
    count: 1,
  },
];
