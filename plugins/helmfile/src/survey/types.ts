/** One release of a helmfile, as a fact. `needs` are `namespace/name` of releases that are installed. */
export type Release = {
  name: string;
  namespace: string;
  chart: string;
  version: string | null;
  installed: boolean;
  needs: string[];
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

export const idOf = (release: { namespace: string; name: string }): string => `${release.namespace}/${release.name}`;
