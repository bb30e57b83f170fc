import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { isMap, parse, parseAllDocuments } from 'yaml';
import type { Document } from 'yaml';

import { chartFolders } from '../charts.ts';
import { copyWritable, moduleFolder } from '../toolchain/go.ts';
import type { Sources } from './sources.ts';

type Repository = { from: string; git: string } & (
  | { self: true }
  | { self?: undefined; module: string; sum: string; paths: string[]; tag: string }
);
type Mapping = { repositories: Repository[]; registries: { from: string }[] };

const readMapping = async (): Promise<Mapping> =>
  parse(await readFile(fileURLToPath(new URL('mapping.yaml', import.meta.url)), 'utf8')) as Mapping;

/** An address that was rewritten, and where. */
export type Rewritten = { file: string; kind: string; name: string; from: string; to: string };

/** Publishes what mapping.yaml names of others: definitions from their modules, behind tags, and all charts. */
export const publishOthers = async (sources: Sources, dir: string): Promise<void> => {
  const { repositories } = await readMapping();
  for (const row of repositories) {
    if (row.self) continue;
    const folder = await mkdtemp(join(dir, 'mirror-'));
    const { dir: module } = await moduleFolder(row.module, row.sum);
    for (const path of row.paths) await copyWritable(join(module, path), join(folder, path));
    await sources.git.publish(row.git, folder, { tag: row.tag });
    await rm(folder, { recursive: true });
  }
  for (const chart of (await chartFolders()).values()) await sources.charts.push(chart);
};

/** Publishes the repository itself, without what its .gitignore names. The commit's id. */
export const publishSelf = async (sources: Sources, root: string, branch: string): Promise<string> => {
  const row = (await readMapping()).repositories.find(({ self }) => self);
  if (!row) throw new Error('flux/mapping.yaml has no row for the repository itself');
  return sources.git.publish(row.git, root, { branch });
};

const kinds = ['GitRepository', 'OCIRepository', 'HelmRepository', 'FluxInstance'];

const addressOf = (document: Document, kind: string): { at: string[]; url: string } | undefined => {
  const at = kind === 'FluxInstance' ? ['spec', 'sync', 'url'] : ['spec', 'url'];
  const url = document.getIn(at);
  return typeof url === 'string' ? { at, url } : undefined;
};

/**
 * Rewrites the addresses of all sources in a copy of a repository to those of `sources`; says each. An address that
 * mapping.yaml does not know is an error: it would lead out of this machine. By `ssh` the repository itself is read with a deploy
 * key only.
 */
export const rewriteSources = async (
  root: string,
  sources: Sources,
  door: 'open' | 'ssh' = 'open',
): Promise<Rewritten[]> => {
  const { repositories, registries } = await readMapping();
  const found: Rewritten[] = [];
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || !/\.ya?ml$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const file = relative(root, path);
    if (/^(\.git|\.coldstart)\//.test(file)) continue;
    const text = await readFile(path, 'utf8');
    if (!kinds.some((kind) => text.includes(`kind: ${kind}`))) continue;
    const documents = parseAllDocuments(text);
    if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) continue;
    let changed = false;
    for (const document of documents) {
      if (!isMap(document.contents)) continue;
      const kind = String(document.get('kind'));
      const address = kinds.includes(kind) ? addressOf(document, kind) : undefined;
      if (!address) continue;
      const { at, url } = address;
      const row = repositories.find(({ from }) => from === url);
      const registry = registries.find(({ from }) => url.startsWith(from));
      let to: string;
      if (row) to = row.self && door === 'ssh' ? sources.ssh.url(row.git) : sources.git.url(row.git);
      else if (registry) {
        // The chart of an OCIRepository is named by its address, that of a HelmRepository by the release.
        to = kind === 'OCIRepository' ? sources.charts.url(url.slice(registry.from.length)) : sources.charts.url();
        document.setIn(['spec', 'insecure'], true);
        if (kind === 'HelmRepository') document.setIn(['spec', 'type'], 'oci');
      } else
        throw new Error(
          `${file}: ${kind} ${String(document.getIn(['metadata', 'name']))}: ${url} is not in flux/mapping.yaml`,
        );
      document.setIn(at, to);
      changed = true;
      found.push({ file, kind, name: String(document.getIn(['metadata', 'name'])), from: url, to });
    }
    if (changed) await writeFile(path, documents.map(String).join(''));
  }
  return found;
};
