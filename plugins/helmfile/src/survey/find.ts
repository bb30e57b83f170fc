import type { Files } from '@coldstart/contract';
import type { HelmfilePolicy } from '../config.ts';

export type Found = {
  crds: string | null;
  apps: string | null;
  secrets: string[];
  namespaces: string | null;
  deployKeys: string[];
};

/** Shapes that operators' repositories have, most particular first; `{c}` is the cluster. */
const FOLDERS = [
  'bootstrap/{c}',
  'clusters/{c}/bootstrap',
  'kubernetes/{c}/bootstrap',
  'bootstrap',
  'kubernetes/bootstrap',
];
const CRDS = [
  /^helmfile\.d\/00-[^/]+\.ya?ml(\.gotmpl)?$/,
  /^helmfile\/crds\.ya?ml(\.gotmpl)?$/,
  /^crds\/helmfile\.ya?ml(\.gotmpl)?$/,
];
const APPS = [
  /^helmfile\.d\/01-[^/]+\.ya?ml(\.gotmpl)?$/,
  /^helmfile\/apps\.ya?ml(\.gotmpl)?$/,
  /^apps\/helmfile\.ya?ml(\.gotmpl)?$/,
  /^helmfile\.ya?ml(\.gotmpl)?$/,
];
const SECRETS = [/^(resources\/)?secrets\.ya?ml\.tpl$/, /^(resources\/)?secrets\.sops\.ya?ml$/];
const DEPLOY_KEY = /^(resources\/)?(flux-|github-)?deploy-key(\.sops)?\.ya?ml(\.tpl)?$/;
const NAMESPACES = [/^(resources\/)?namespaces\.ya?ml$/];

/**
 * Finds the helmfiles and what goes with them. A shape without the cluster's name in its path serves a repository of one
 * cluster; it is only looked at where no folder of the cluster's own holds a helmfile.
 */
export async function findFiles(files: Files, cluster: string, config: HelmfilePolicy): Promise<Found> {
  const named = (path: string | false | undefined): string | null | undefined =>
    path === false ? null : path?.replaceAll('{cluster}', cluster);
  let found: Found = { crds: null, apps: null, secrets: [], namespaces: null, deployKeys: [] };
  for (const shape of FOLDERS) {
    const folder = shape.replace('{c}', cluster);
    const names = await files.list(folder);
    const first = (patterns: readonly RegExp[]): string | null => {
      for (const pattern of patterns) {
        const name = names.find((n) => pattern.test(n));
        if (name !== undefined) return `${folder}/${name}`;
      }
      return null;
    };
    const all = (patterns: readonly RegExp[]): string[] =>
      names.filter((n) => patterns.some((p) => p.test(n))).map((n) => `${folder}/${n}`);
    found = {
      crds: first(CRDS),
      apps: first(APPS),
      secrets: all(SECRETS),
      namespaces: first(NAMESPACES),
      deployKeys: all([DEPLOY_KEY]),
    };
    if (found.crds !== null || found.apps !== null) break;
  }
  return {
    ...found,
    crds: named(config.crds) ?? (config.crds === false ? null : found.crds),
    apps: named(config.apps) ?? (config.apps === false ? null : found.apps),
    namespaces: named(config.namespaces) ?? (config.namespaces === false ? null : found.namespaces),
    secrets:
      config.secrets === false ? [] : (config.secrets?.map((p) => p.replaceAll('{cluster}', cluster)) ?? found.secrets),
  };
}
