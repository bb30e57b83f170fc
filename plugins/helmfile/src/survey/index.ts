import type { Files, Finding, Survey } from '@coldstart/contract';
import { readSecretTemplate } from '@coldstart/tools';
import { HelmfileSection, type HelmfilePolicy } from '../config.ts';
import { asFact } from '../facts.ts';
import { findFiles } from './find.ts';
import { readNamespaces, wantedNamespaces } from './namespaces.ts';
import { resolveNeeds } from './needs.ts';
import { parseHelmfile } from './parse.ts';
import { idOf, type Release, type SecretFile } from './types.ts';

const PROVIDES = [
  'helmfile/files',
  'helmfile/releases',
  'helmfile/crd-releases',
  'helmfile/namespaces',
  'helmfile/secrets',
  'helmfile/policy',
];

/** Reads helmfiles, namespaces and templates of Secrets. Runs nothing of the repository. */
export const survey: Survey = {
  id: 'helmfile/repository',
  needs: [],
  provides: PROVIDES,
  run: async ({ cluster, files, config }) => {
    const policy = withDefaults(config);
    const found = await findFiles(files, cluster, policy);
    const at = new Reading(files);
    if (found.apps === null && policy.apps !== false)
      at.problems.push({
        file: `bootstrap/${cluster}/helmfile.d`,
        found: 'no helmfile of the core releases',
        expected:
          'a file such as 01-apps.yaml there, or its path as helmfile.apps in coldstart.yaml (false: there is none)',
      });
    if (found.crds === null && policy.crds !== false)
      at.assumed.push('no helmfile of CRDs was found: phase crds applies nothing');
    const crds = await at.helmfile(found.crds);
    const apps = await at.helmfile(found.apps);
    const names = await at.namespaces(found.namespaces);
    const secrets = await at.secrets(found.secrets, found.deployKeys);
    const namespaces = wantedNamespaces(
      apps.filter((r) => r.installed).map((r) => r.namespace),
      names,
      secrets.flatMap((f) => f.secrets.map((s) => s.namespace)),
    );
    return {
      facts: {
        'helmfile/files': {
          crds: found.crds,
          apps: found.apps,
          secrets: secrets[0]?.path ?? null,
          namespaces: found.namespaces,
        },
        'helmfile/releases': asFact(apps),
        'helmfile/crd-releases': asFact(crds),
        'helmfile/namespaces': namespaces,
        'helmfile/secrets': asFact(secrets),
        'helmfile/policy': asFact(policy),
      },
      read: [...at.read].sort(),
      assumed: at.assumed,
      problems: at.problems,
      secrets: [],
    };
  },
};

/** The host hands the validated section over, or nothing where this plugin has none. */
function withDefaults(config: unknown): HelmfilePolicy {
  return HelmfileSection.parse(config ?? {});
}

class Reading {
  readonly read = new Set<string>();
  readonly problems: Finding[] = [];
  readonly assumed: string[] = [];
  readonly #files: Files;

  constructor(files: Files) {
    this.#files = files;
  }

  async helmfile(path: string | null): Promise<Release[]> {
    const bytes = path === null ? undefined : await this.#open(path);
    if (path === null || !bytes) return [];
    const written = await parseHelmfile(this.#files, path, bytes);
    for (const file of written.read) this.read.add(file);
    const { releases, problems, assumed } = resolveNeeds(path, written.releases);
    this.problems.push(...written.problems, ...problems);
    this.assumed.push(...written.assumed, ...assumed);
    for (const release of releases)
      if (!release.installed)
        this.assumed.push(`${path}: ${idOf(release)} is not installed at bootstrap, as the helmfile says`);
    return releases;
  }

  async namespaces(path: string | null): Promise<string[]> {
    const bytes = path === null ? undefined : await this.#open(path);
    if (path === null || !bytes) return [];
    const { names, problems } = readNamespaces(path, bytes);
    this.problems.push(...problems);
    return names;
  }

  /** A Secret that a deploy key's own template holds is left to the plugin that tries the key before it is applied. */
  async secrets(paths: readonly string[], deployKeys: readonly string[]): Promise<SecretFile[]> {
    const elsewhere = new Map<string, string>();
    for (const path of deployKeys) {
      const bytes = await this.#files.read(path);
      for (const secret of bytes ? readSecretTemplate(path, bytes).secrets : []) elsewhere.set(idOf(secret), path);
    }
    const found: SecretFile[] = [];
    for (const path of paths) {
      const bytes = await this.#open(path);
      if (!bytes) continue;
      const { secrets, problems } = readSecretTemplate(path, bytes);
      this.problems.push(...problems);
      for (const secret of secrets)
        if (elsewhere.has(idOf(secret)))
          this.assumed.push(
            `${path}: the Secret ${idOf(secret)} is taken from ${elsewhere.get(idOf(secret))}, which holds it too`,
          );
      const kept = secrets
        .filter((s) => !elsewhere.has(idOf(s)))
        .map(({ namespace, name, digest }) => ({ namespace, name, digest }));
      if (kept.length > 0) found.push({ path, by: path.endsWith('.tpl') ? 'op' : 'sops', secrets: kept });
    }
    return found;
  }

  async #open(path: string): Promise<Uint8Array | undefined> {
    const bytes = await this.#files.read(path);
    if (bytes) this.read.add(path);
    else this.problems.push({ file: path, found: 'nothing there', expected: 'the file that the configuration names' });
    return bytes;
  }
}
