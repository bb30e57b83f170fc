import type { Files } from '@coldstart/contract';

const DECOY = /(?:^|\/)(?:\.archive|archive|coldstorage|docs|testdata|\.github)(?:\/|$)|\.backup$/;

/** Files that may hold Cilium's values, likeliest first: what Flux will hold it to, then what the bootstrap gives it. */
export async function valueFiles(files: Files, cluster: string, release: string): Promise<string[]> {
  const flux: string[] = [];
  const bootstrap: string[] = [];
  for (const folder of [
    `clusters/${cluster}`,
    `kubernetes/clusters/${cluster}`,
    `kubernetes/${cluster}`,
    'kubernetes',
    'apps',
    'infrastructure',
  ])
    for (const name of await files.list(folder)) {
      const path = `${folder}/${name}`;
      if (DECOY.test(path) || ofAnother(folder, name, cluster)) continue;
      const parts = path.split('/');
      if (!parts.includes(release)) continue;
      if (/^helm-?release\.ya?ml$/.test(parts.at(-1) ?? '')) flux.push(path);
      else if (/^(?:helm-)?values\.ya?ml$/.test(parts.at(-1) ?? '')) flux.push(path);
    }
  for (const folder of [`bootstrap/${cluster}`, `clusters/${cluster}/bootstrap`, 'bootstrap', 'kubernetes/bootstrap'])
    for (const name of await files.list(folder))
      if (
        new RegExp(`(?:^|/)(?:${release}[^/]*|${release}/(?:helm-)?values)\\.ya?ml(?:\\.gotmpl)?$`).test(name) &&
        !DECOY.test(name) &&
        !ofAnother(folder, name, cluster)
      )
        bootstrap.push(`${folder}/${name}`);
  return [...new Set([...flux, ...bootstrap])];
}

/** In a folder that all clusters share, what lies below another cluster's name is not this one's. */
function ofAnother(folder: string, name: string, cluster: string): boolean {
  if (folder === 'kubernetes') return name.startsWith('clusters/') && !name.startsWith(`clusters/${cluster}/`);
  return (
    folder === 'bootstrap' &&
    /^[^/]+\/(?:helmfile\.d|resources|templates|values)\//.test(name) &&
    !name.startsWith(`${cluster}/`)
  );
}

/** ConfigMaps that Flux may take variables from, the cluster's own first. */
export async function varFiles(files: Files, cluster: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of [`clusters/${cluster}`, `kubernetes/clusters/${cluster}`, `kubernetes/${cluster}`, 'kubernetes'])
    for (const name of await files.list(folder))
      if (/(?:^|\/)cluster-(?:vars|settings|config)\.ya?ml$/.test(name) && !ofAnother(folder, name, cluster))
        found.push(`${folder}/${name}`);
  return [...new Set(found)];
}
