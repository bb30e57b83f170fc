import { textAt } from './object.ts';
import type { Model, RemoteRefs } from '../model.ts';

/** A Git remote of the world. */
export type Remote = {
  /** Whether it is the operator's own repository, whose content the lab reads from the working tree. */
  own: boolean;
  branches: string[];
  /** The commit (40 hex digits) that a branch or tag stands at. */
  head(ref: string): string;
};

/** `git@host:path` and `ssh://git@host/path` name one remote; a trailing `.git` makes no difference. */
export function canonical(url: string): string {
  const scp = /^(?:[^@/]+@)?([^:/]+):(?!\/)(.+)$/.exec(url);
  const plain =
    scp && !url.includes('://') ? `${scp[1]}/${scp[2]}` : url.replace(/^[a-z+]+:\/\//, '').replace(/^[^@/]*@/, '');
  return plain
    .replace(/\.git\/?$/, '')
    .replace(/\/$/, '')
    .toLowerCase();
}

/**
 * What stands behind a Git URL. The remote that the operator's own source names holds the branch that it names; any other
 * remote is assumed to be there with what is asked of it.
 */
export function remoteOf(model: Model, url: string): Remote {
  const source = model.expected.facts['flux/source'];
  const told = textAt(source, 'url');
  const own = told !== undefined && canonical(told) === canonical(url);
  const branch = textAt(source, 'branch') ?? 'main';
  const branches = own ? [branch] : ['main', 'master'];
  model.assumed.add(
    own
      ? `remote ${url}: holds branch ${branches.join(', ')} ${isBehind(model) ? 'behind' : 'with the content of'} the working tree`
      : `remote ${url}: there, and not looked into`,
  );
  // Only what the remote's branch stands at is behind; the operator's own commit is as it was.
  const behind = own && isBehind(model) ? ['behind'] : [];
  return { own, branches, head: (ref) => model.random.hex(20, 'commit', canonical(url), ref, ...behind) };
}

/** The refs of a remote beside its branches and tags, by name: the ids of blobs, and what stands in them. */
export function refsOf(model: Model, url: string): RemoteRefs {
  const name = canonical(url);
  const refs = model.remotes.get(name) ?? new Map();
  model.remotes.set(name, refs);
  return refs;
}

/** The fault that the remote's branch is older than the operator's checkout. */
const BEHIND = 'remote-behind';
const isBehind = (model: Model): boolean => model.faults.asked(BEHIND);

/** The commit that the operator's work tree stands at, which the remote's branch has unless it is behind. */
export const checkedOut = (model: Model, url: string, ref: string): string =>
  model.random.hex(20, 'commit', canonical(url), ref);

/**
 * The files of the branch that stands behind the work tree: without the cluster's path, or, where the fault names a release,
 * with an older version of its chart.
 */
export function filesBehind(model: Model, files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const path = textAt(model.expected.facts['flux/source'], 'path') ?? '';
  const planned = ['helmfile/releases', 'helmfile/crd-releases'].flatMap((name) => {
    const releases = model.expected.facts[name];
    return Array.isArray(releases) ? releases : [];
  });
  const older = planned.flatMap((release) => {
    const [name, version] = [textAt(release, 'name'), textAt(release, 'version')];
    return name !== undefined && version !== undefined && model.faults.pending(BEHIND, name) ? [{ name, version }] : [];
  });
  // Without a name it strikes whatever name is asked for, the path's own too.
  if (model.faults.pending(BEHIND)) {
    model.faults.strike(BEHIND);
    return new Map([...files].filter(([file]) => path !== '' && !file.startsWith(`${path}/`)));
  }
  const changed = new Map(files);
  for (const { name, version } of older) {
    model.faults.strike(BEHIND, name);
    for (const [file, bytes] of changed) {
      if (!/\.ya?ml$/.test(file)) continue;
      const text = new TextDecoder().decode(bytes);
      if (!new RegExp(`name: ["']?${name}["']?\\s`).test(text) || !text.includes(version)) continue;
      changed.set(file, new TextEncoder().encode(text.replaceAll(version, olderThan(version))));
    }
  }
  return changed;
}

/** One patch release, or one minor, before. */
const olderThan = (version: string): string =>
  version.replace(/(\d+)\.(\d+)$/, (_all, minor: string, patch: string) =>
    Number(patch) > 0 ? `${minor}.${Number(patch) - 1}` : `${Math.max(0, Number(minor) - 1)}.0`,
  );
