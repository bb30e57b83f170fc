import { posix } from 'node:path';
import { dig, list, readYaml, str } from '@coldstart/tools';
import type { Tree } from './tree.ts';

/** A manifest that Flux comes to from the cluster's root, and the file it stands in. */
export type Manifest = { file: string; value: unknown };

const KUSTOMIZATION_FILES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const YAML = /\.ya?ml$/;
/** The kinds that say what is installed, or where to go on. A file of none of them is not even parsed. */
const KINDS = /\bkind["']?\s*:\s*["']?(?:Kustomization|HelmRelease|HelmChart|OCIRepository)\b/;

/**
 * Every manifest of Flux' kinds that it comes to from `root`, as it goes itself: a folder's kustomization file says what is of it, a
 * folder without one is taken whole, and each Flux Kustomization over the same source leads to a further folder.
 *
 * What stands in another repository, or behind a variable in a path, is not followed.
 */
export async function manifestsFrom(tree: Tree, root: string, source: { name: string }): Promise<Manifest[]> {
  const found: Manifest[] = [];
  const all = new Set(tree.paths);
  const seen = new Set<string>();
  const fresh = (path: string): boolean => !seen.has(path) && !!seen.add(path);
  const kustomizationOf = (folder: string): string | undefined =>
    KUSTOMIZATION_FILES.map((name) => posix.join(folder, name)).find((path) => all.has(path));

  /** The files to read next for a folder. */
  const filesOf = (folder: string): string[] => {
    const own = kustomizationOf(folder);
    if (own !== undefined) return [own];
    const below = folder === '' ? '' : `${folder}/`;
    const inner = tree.paths.filter((path) => path.startsWith(below));
    // A folder below that has a kustomization file of its own is taken as that says.
    const guarded = inner
      .filter((path) => KUSTOMIZATION_FILES.includes(posix.basename(path)))
      .map((path) => posix.dirname(path));
    return inner.filter((path) => {
      const owner = guarded.find((folderOf) => path.startsWith(`${folderOf}/`));
      return owner === undefined ? YAML.test(path) : path === kustomizationOf(owner);
    });
  };

  for (let next = filesOf(root).filter(fresh); next.length > 0;) {
    const texts = await tree.read(next);
    const more: string[] = [];
    for (const [file, bytes] of texts) {
      const here = posix.dirname(file);
      const isKustomization = KUSTOMIZATION_FILES.includes(posix.basename(file));
      if (!isKustomization && !KINDS.test(new TextDecoder().decode(bytes))) continue;
      for (const { value } of readYaml(file, bytes).documents) {
        if (isKustomization && !isFlux(value, 'kustomize.toolkit.fluxcd.io', 'Kustomization')) {
          for (const entry of ['resources', 'components', 'bases'].flatMap((key) => list(value, key)))
            if (typeof entry === 'string' && !/^[a-z+]+:|^git@/.test(entry)) more.push(...at(posix.join(here, entry)));
          continue;
        }
        found.push({ file, value });
        const path = folderOf(value, source.name);
        if (path !== undefined) more.push(...filesOf(path));
      }
    }
    next = more.filter(fresh);
  }
  return found;

  function at(path: string): string[] {
    const normal = posix.normalize(path).replace(/\/$/, '');
    if (normal.startsWith('..')) return [];
    return all.has(normal) ? [normal] : tree.has(normal) ? filesOf(normal === '.' ? '' : normal) : [];
  }
}

export const isFlux = (value: unknown, group: string, kind: string): boolean =>
  str(value, 'kind') === kind && (str(value, 'apiVersion') ?? '').startsWith(`${group}/`);

/** The folder that a Flux Kustomization over this source applies. */
function folderOf(value: unknown, source: string): string | undefined {
  if (!isFlux(value, 'kustomize.toolkit.fluxcd.io', 'Kustomization')) return undefined;
  if (str(value, 'spec', 'sourceRef', 'kind') !== 'GitRepository' || str(value, 'spec', 'sourceRef', 'name') !== source)
    return undefined;
  if (dig(value, 'spec', 'suspend') === true) return undefined;
  const path = posix.normalize(str(value, 'spec', 'path') ?? '.').replace(/\/$/, '');
  return path.includes('${') || path.startsWith('..') ? undefined : path === '.' ? '' : path;
}
