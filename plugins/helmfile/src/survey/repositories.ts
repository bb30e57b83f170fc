import { dig, isObject, list, str } from '@coldstart/tools';
import { isFolder } from './types.ts';

/** What `repositories` of a helmfile tell of one: its address, and whether helm needs more than that to reach it. */
type Repository = { url: string; oci: boolean; flags: string[]; needsMore: boolean };

/** Keys of a repository that are credentials, or files that only helmfile passes on. */
const MORE = ['username', 'password', 'certFile', 'keyFile', 'caFile', 'keyring', 'registryConfig'];
/** An address with a user in it, and most often a password. */
const USER = /^[^/]*\/\/[^/]*@/;
const PLAIN = '--plain-http';
const UNVERIFIED = '--insecure-skip-tls-verify';

/** The repositories that a helmfile names, and how helm is asked for a chart of them. */
export class Repositories {
  readonly #byName = new Map<string, Repository>();

  /** One document's; a later one of the same name counts. */
  add(document: unknown): void {
    for (const entry of list(document, 'repositories')) {
      const [name, url] = [str(entry, 'name'), str(entry, 'url')];
      if (!isObject(entry) || name === undefined || url === undefined) continue;
      this.#byName.set(name, {
        url,
        oci: dig(entry, 'oci') === true,
        flags: [
          ...(dig(entry, 'plainHttp') === true ? [PLAIN] : []),
          ...(dig(entry, 'skipTLSVerify') === true ? [UNVERIFIED] : []),
        ],
        needsMore:
          USER.test(url) || MORE.some((key) => entry[key] !== undefined) || JSON.stringify(entry).includes('{{'),
      });
    }
  }

  /**
   * The arguments that `helm show` takes for a chart as a release names it. Null for a folder, and for what only helmfile
   * can fetch: from Git, or from a repository with credentials in the helmfile.
   */
  ask(chart: string, version: string | null, release: unknown, defaults: unknown): string[] | null {
    if (isFolder(chart) || /^[a-z+]+::|^git@/.test(chart) || USER.test(chart)) return null;
    const [first = '', ...rest] = chart.split('/');
    const repository = chart.includes('://') ? undefined : this.#byName.get(first);
    if (repository?.needsMore) return null;
    const told = (key: string): boolean => (dig(release, key) ?? dig(defaults, key)) === true;
    const flags = new Set([
      ...(repository?.flags ?? []),
      ...(told('plainHttp') ? [PLAIN] : []),
      ...(told('insecureSkipTLSVerify') ? [UNVERIFIED] : []),
    ]);
    return [...named(chart, repository, rest), ...(version === null ? [] : ['--version', version]), ...flags];
  }
}

/** A name that the helmfile does not explain is of a repository that helm itself was told of. */
function named(chart: string, repository: Repository | undefined, rest: string[]): string[] {
  if (!repository) return [chart];
  if (repository.oci) return [`oci://${[repository.url.replace(/^oci:\/\//, ''), ...rest].join('/')}`];
  return [rest.join('/'), '--repo', repository.url];
}
