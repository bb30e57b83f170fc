import { posix } from 'node:path';
import type { Finding } from '@coldstart/contract';
import { dig, isObject, readYaml, str, type YamlDocument } from '@coldstart/tools';

/** Flux' entry as a manifest tells it. */
export type Entry = {
  namespace: string;
  name: string;
  url: string;
  branch: string;
  path: string;
  secret: string | null;
  kustomization: string;
  instance: string | null;
};

const NAME = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;
const BRANCH = /^(?!-)(?!.*(?:\.\.|\/\/|@\{|[\s~^:?*[\\]))[^/.][^\s]*[^/.]$|^[A-Za-z0-9_]$/;
const URL_FORM = /^(?:ssh|https?):\/\/[A-Za-z0-9[][^\s]*$/;

/** The entry in a manifest: undefined where there is none in it; problems where there is one that cannot be used. */
export function readEntry(
  file: string,
  bytes: Uint8Array,
): { entry: Entry | undefined; problems: Finding[]; pathPlace?: { line: number; column: number } } {
  const { documents, problems } = readYaml(file, bytes);
  if (problems.length > 0)
    return /kind:\s*(GitRepository|FluxInstance)\b/.test(new TextDecoder().decode(bytes))
      ? { entry: undefined, problems }
      : { entry: undefined, problems: [] };
  const of = (kind: string, group: string): YamlDocument[] =>
    documents.filter(
      (d) => str(d.value, 'kind') === kind && (str(d.value, 'apiVersion') ?? '').startsWith(`${group}/`),
    );
  const instance = of('FluxInstance', 'fluxcd.controlplane.io').find((d) => isObject(dig(d.value, 'spec', 'sync')));
  if (instance) return fromInstance(file, instance);
  const sources = of('GitRepository', 'source.toolkit.fluxcd.io');
  for (const kustomization of of('Kustomization', 'kustomize.toolkit.fluxcd.io')) {
    const source = sources.find(
      (s) =>
        str(s.value, 'metadata', 'name') === str(kustomization.value, 'spec', 'sourceRef', 'name') &&
        str(kustomization.value, 'spec', 'sourceRef', 'kind') === 'GitRepository',
    );
    if (source) return fromSource(file, source, kustomization);
  }
  return { entry: undefined, problems: [] };
}

function fromSource(file: string, source: YamlDocument, kustomization: YamlDocument): ReturnType<typeof readEntry> {
  const check = new Check(file);
  const url = check.text(
    source,
    ['spec', 'url'],
    URL_FORM,
    'ssh://user@host/path or https://host/path, as Flux takes it',
  );
  const branch = check.text(
    source,
    ['spec', 'ref', 'branch'],
    BRANCH,
    'a branch; tags and version ranges are not read yet',
  );
  const name = check.text(source, ['metadata', 'name'], NAME, 'a name');
  const namespace = check.text(source, ['metadata', 'namespace'], NAME, 'the namespace of Flux');
  const first = check.text(kustomization, ['metadata', 'name'], NAME, 'a name');
  const path = check.path(kustomization, ['spec', 'path']);
  const own = str(kustomization.value, 'metadata', 'namespace');
  if (own !== undefined && namespace !== undefined && own !== namespace)
    check.add(
      kustomization,
      ['metadata', 'namespace'],
      `the namespace ${own}`,
      `${namespace}, where its GitRepository is`,
    );
  const secret = check.secret(source, ['spec', 'secretRef', 'name']);
  if (url?.startsWith('ssh:') && secret === null)
    check.add(source, ['spec'], 'a source over ssh without `secretRef`', 'the Secret with the deploy key');
  if (!url || !branch || !name || !namespace || !first || path === undefined)
    return { entry: undefined, problems: check.problems };
  return {
    entry: { namespace, name, url, branch, path, secret, kustomization: first, instance: null },
    problems: check.problems,
    pathPlace: kustomization.place(['spec', 'path']),
  };
}

/** flux-operator makes a GitRepository and a Kustomization from `sync`, both named as the namespace unless told otherwise. */
function fromInstance(file: string, instance: YamlDocument): ReturnType<typeof readEntry> {
  const check = new Check(file);
  const sync = ['spec', 'sync'];
  const kind = str(instance.value, ...sync, 'kind');
  if (kind !== 'GitRepository')
    check.add(instance, [...sync, 'kind'], kind ?? 'no kind', 'GitRepository: other kinds of sync are not read yet');
  const url = check.text(
    instance,
    [...sync, 'url'],
    URL_FORM,
    'ssh://user@host/path or https://host/path, as Flux takes it',
  );
  const ref = check.text(
    instance,
    [...sync, 'ref'],
    /^refs\/heads\/(?!-)\S+$/,
    'refs/heads/<branch>; tags are not read yet',
  );
  const namespace = check.text(instance, ['metadata', 'namespace'], NAME, 'the namespace of Flux');
  const name = check.text(instance, ['metadata', 'name'], NAME, 'a name');
  const path = check.path(instance, [...sync, 'path']);
  const secret = check.secret(instance, [...sync, 'pullSecret']);
  if (!url || !ref || !name || !namespace || path === undefined || check.problems.length > 0)
    return { entry: undefined, problems: check.problems };
  const made = str(instance.value, ...sync, 'name') ?? namespace;
  return {
    entry: {
      namespace,
      name: made,
      url,
      branch: ref.replace('refs/heads/', ''),
      path,
      secret,
      kustomization: made,
      instance: name,
    },
    problems: [],
    pathPlace: instance.place([...sync, 'path']),
  };
}

class Check {
  readonly problems: Finding[] = [];
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  add(document: YamlDocument, at: readonly string[], found: string, expected: string): undefined {
    this.problems.push({ file: this.#file, ...document.place(at), found, expected });
    return undefined;
  }

  text(document: YamlDocument, at: readonly string[], grammar: RegExp, expected: string): string | undefined {
    const value = str(document.value, ...at);
    const name = at.at(-1) ?? '';
    if (value === undefined) return this.add(document, at, `no ${name}`, expected);
    return grammar.test(value) ? value : this.add(document, at, `the ${name} "${value}"`, expected);
  }

  secret(document: YamlDocument, at: readonly string[]): string | null {
    return dig(document.value, ...at) === undefined
      ? null
      : (this.text(document, at, NAME, 'the name of a Secret') ?? null);
  }

  /** A path below the repository's root; `./x` and `x` are the same, and the root itself is the empty text. */
  path(document: YamlDocument, at: readonly string[]): string | undefined {
    const value = str(document.value, ...at) ?? '.';
    const path = posix.normalize(value).replace(/\/$/, '').replace(/^\.$/, '');
    if (value.startsWith('/') || path.startsWith('..') || path.startsWith('-'))
      return this.add(document, at, `the path "${value}"`, 'a path below the root of the repository');
    return path;
  }
}
