import type { Files } from '@coldstart/contract';

/** Folders that may hold the manifest of Flux' entry, most particular first; `{c}` is the cluster. */
const FOLDERS = [
  'bootstrap/{c}',
  'clusters/{c}',
  'kubernetes/clusters/{c}',
  'kubernetes/{c}',
  'bootstrap',
  'kubernetes/flux',
  'kubernetes/bootstrap',
  'flux',
];
/** What is no entry although it looks like one. */
const DECOY = /(?:^|\/)(?:\.archive|archive|coldstorage|docs|testdata|templates?|\.github)(?:\/|$)|\.backup$/;
const LIKELY = [
  /(?:^|\/)flux-sync\.ya?ml$/,
  /(?:^|\/)gotk-sync\.ya?ml$/,
  /(?:^|\/)flux-?instance\.ya?ml$/,
  /(?:^|\/)(?:flux|cluster|ks)[^/]*\.ya?ml$/,
];

/** Files that may hold Flux' entry for this cluster, likeliest first. The cluster's own folders come before shared ones. */
export async function candidates(files: Files, cluster: string): Promise<string[]> {
  const found: string[] = [];
  for (const shape of FOLDERS) {
    const folder = shape.replace('{c}', cluster);
    const names = (await files.list(folder)).filter((n) => !DECOY.test(n) && !ofAnotherCluster(shape, n));
    for (const pattern of LIKELY)
      for (const name of names)
        if (pattern.test(name) && !found.includes(`${folder}/${name}`)) found.push(`${folder}/${name}`);
  }
  return found;
}

/** `bootstrap/apps/…` is not this cluster's when the folder `bootstrap` is searched for what all clusters share. */
function ofAnotherCluster(shape: string, name: string): boolean {
  return !shape.includes('{c}') && /^[^/]+\/(?:helmfile\.d|resources)\//.test(name);
}

const DEPLOY_KEY = /^(?:resources\/)?(?:flux-|github-)?deploy-key\.ya?ml\.tpl$/;
const SECRETS = /^(?:resources\/)?secrets\.ya?ml\.tpl$/;

/** Templates that may hold the deploy key's Secret: one of its own first, then those of all Secrets. */
export async function keyTemplates(files: Files, cluster: string): Promise<string[]> {
  const found: string[] = [];
  for (const pattern of [DEPLOY_KEY, SECRETS])
    for (const folder of [
      `bootstrap/${cluster}`,
      `clusters/${cluster}/bootstrap`,
      `kubernetes/${cluster}/bootstrap`,
      'bootstrap',
      'kubernetes/bootstrap',
    ])
      for (const name of await files.list(folder)) if (pattern.test(name)) found.push(`${folder}/${name}`);
  return found;
}
