import { textAt } from './object.ts';
import type { Model } from '../model.ts';

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
      ? `remote ${url}: holds branch ${branches.join(', ')} with the content of the working tree`
      : `remote ${url}: there, and not looked into`,
  );
  return { own, branches, head: (ref) => model.random.hex(20, 'commit', canonical(url), ref) };
}
