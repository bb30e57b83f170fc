/** The faults of this part of the world, for the table of all. */
export const kubernetesFaults: { name: string; about: string; node: boolean }[] = [
  {
    name: 'crd-slow',
    about: 'the next definitions that are created are not established within 15 minutes; count: how many',
    node: false,
  },
  {
    name: 'flux-not-ready',
    about: 'the first Kustomization that Flux reconciles does not become Ready: its path is not found',
    node: false,
  },
];
