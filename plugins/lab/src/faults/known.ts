/**
 * The faults that a rehearsal can play. `at` says what may stand after the `@`; `count` how often it strikes unless told.
 */
export type KnownFault = { name: string; about: string; at: 'node' | 'name' | 'moment'; count: number };

export const knownFaults: readonly KnownFault[] = [
  {
    name: 'unreachable',
    about: 'connections to the node time out; count: that many connections, otherwise all',
    at: 'node',
    count: Number.POSITIVE_INFINITY,
  },
  {
    name: 'eof-after-success',
    about: 'apply-config or bootstrap is carried out, but the connection is cut before the answer',
    at: 'node',
    count: 1,
  },
  {
    name: 'back-to-maintenance',
    about: 'the install fails and the node comes back in maintenance',
    at: 'node',
    count: 1,
  },
  {
    name: 'disk-mismatch',
    about: 'the disk that the config names or selects is not there',
    at: 'node',
    count: Number.POSITIVE_INFINITY,
  },
  {
    name: 'wrong-ca',
    about: "the node is configured already, with another cluster's CA",
    at: 'node',
    count: Number.POSITIVE_INFINITY,
  },
  { name: 'crd-slow', about: 'a CRD takes minutes to be established; count: that many CRDs', at: 'name', count: 1 },
  {
    name: 'flux-not-ready',
    about: 'the first Kustomization does not become Ready',
    at: 'name',
    count: Number.POSITIVE_INFINITY,
  },
  {
    name: 'killed',
    about:
      'coldstart itself is killed at its n-th changing call (the count; 1 unless told): @before, @during or @after it (the default)',
    at: 'moment',
    count: 1,
  },
];
