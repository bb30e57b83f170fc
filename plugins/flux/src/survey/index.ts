import type { Files, Finding, Json, Survey } from '@coldstart/contract';
import { readSecretTemplate } from '@coldstart/tools';
import { FluxSection } from '../config.ts';
import type { FluxSource } from '../facts.ts';
import { readEntry, type Entry } from './entry.ts';
import { candidates, keyTemplates } from './find.ts';

/** Finds where Flux enters this cluster: from its own manifests, never by a guess. */
export const survey: Survey = {
  id: 'flux/repository',
  needs: [],
  provides: ['flux/source', 'flux/policy'],
  run: async ({ cluster, files, config }) => {
    const policy = FluxSection.parse(config ?? {});
    const problems: Finding[] = [];
    const assumed: string[] = [];
    const read = new Set<string>();
    const facts: Record<string, Json> = { 'flux/policy': policy as Json };
    const found = await findEntry(
      files,
      policy.manifest ? [policy.manifest.replaceAll('{cluster}', cluster)] : await candidates(files, cluster),
    );
    problems.push(...found.problems);
    if (!found.entry) {
      if (problems.length === 0)
        problems.push({
          file: policy.manifest ?? `bootstrap/${cluster}/resources/flux-sync.yaml`,
          found: 'no GitRepository with a Kustomization that reads it, and no FluxInstance with `sync`',
          expected: "Flux' entry for this cluster, or its path as flux.manifest in coldstart.yaml",
        });
      return { facts, read: [], assumed, problems, secrets: [] };
    }
    const { entry, file } = found;
    read.add(file);
    if (!(await isFolder(files, entry.path)))
      problems.push({
        file,
        ...found.place,
        found: `the path ${entry.path}, which is not there`,
        expected: "the folder of this cluster's root in the work tree",
      });
    const key = await findKey(
      files,
      entry,
      policy.deployKey === false
        ? []
        : policy.deployKey
          ? [policy.deployKey.replaceAll('{cluster}', cluster)]
          : await keyTemplates(files, cluster),
    );
    if (key) read.add(key.path);
    problems.push(...(key?.problems ?? []));
    if (entry.secret !== null && !key)
      assumed.push(
        `${file}: no template of the Secret ${entry.namespace}/${entry.secret} was found: it must be there by other means`,
      );
    const source: FluxSource = {
      ...entry,
      manifest: file,
      deployKey: key?.path ?? null,
      keys: key?.keys ?? [],
      digest: key?.digest ?? null,
    };
    facts['flux/source'] = source;
    return { facts, read: [...read], assumed, problems, secrets: [] };
  },
};

type Place = { line?: number; column?: number };
type FoundEntry =
  | { entry: Entry; file: string; place: Place; problems: Finding[] }
  | { entry: undefined; problems: Finding[] };

async function findEntry(files: Files, paths: readonly string[]): Promise<FoundEntry> {
  for (const file of paths) {
    const bytes = await files.read(file);
    if (!bytes) continue;
    const { entry, problems, pathPlace } = readEntry(file, bytes);
    if (entry) return { entry, file, place: pathPlace ?? {}, problems };
    if (problems.length > 0) return { entry: undefined, problems };
  }
  return { entry: undefined, problems: [] };
}

async function isFolder(files: Files, path: string): Promise<boolean> {
  return path === '' || (await files.stat(path))?.kind === 'folder' || (await files.list(path)).length > 0;
}

async function findKey(
  files: Files,
  entry: Entry,
  paths: readonly string[],
): Promise<{ path: string; keys: string[]; digest: string; problems: Finding[] } | undefined> {
  if (entry.secret === null) return undefined;
  for (const path of paths) {
    const bytes = await files.read(path);
    if (!bytes) continue;
    const { secrets, problems } = readSecretTemplate(path, bytes);
    const secret = secrets.find((s) => s.name === entry.secret && s.namespace === entry.namespace);
    if (!secret) continue;
    if (entry.url.startsWith('ssh:'))
      for (const key of ['identity', 'known_hosts'])
        if (!secret.keys.includes(key))
          problems.push({
            file: path,
            found: `the Secret ${entry.namespace}/${entry.secret} without ${key}`,
            expected: 'identity (the private key) and known_hosts (the pinned host keys), as Flux wants them for ssh',
          });
    return { path, keys: secret.keys, digest: secret.digest, problems };
  }
  return undefined;
}
