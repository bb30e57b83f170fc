/** One release of a helmfile, as a fact. `needs` are `namespace/name` of releases that are installed. */
export type Release = {
  name: string;
  namespace: string;
  chart: string;
  version: string | null;
  installed: boolean;
  needs: string[];
  /** What `helm show chart` takes to tell of the chart; null for a folder, and where only helmfile can fetch it. */
  ask: string[] | null;
  /** Values files relative to the root, in order. */
  values: string[];
  /** Seconds that helm waits for it. */
  timeout: number;
};

/** A file that Secrets are made from. Only references and ciphertext stand in it. */
export type SecretFile = {
  path: string;
  by: 'op' | 'sops';
  secrets: { namespace: string; name: string; digest: string }[];
};

/** Whether a chart is named by its place in the repository, from the helmfile on. */
export const isFolder = (chart: string): boolean => chart.startsWith('.');

export const idOf = (release: { namespace: string; name: string }): string => `${release.namespace}/${release.name}`;
