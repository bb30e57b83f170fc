import { posix } from 'node:path';
import type { Json } from '@coldstart/contract';
import { overlay } from '../fields.ts';
import { at, type Fields, isFields, type KubeObject } from '../object.ts';
import { documents, isObject, objectsOf } from './yaml.ts';

/** The files that a build may read. */
export type Source = { read(path: string): Uint8Array | undefined; list(folder: string): string[] };

/** A build that failed, in kustomize's own words. */
export class BuildError extends Error {}

/** A field of kustomization.yaml that the lab does not play; the caller says so aloud. */
export class NotPlayed extends Error {}

const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const PLAYED = [
  'apiVersion',
  'kind',
  'metadata',
  'resources',
  'components',
  'namespace',
  'patches',
  'labels',
  'commonAnnotations',
  'configurations',
];

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** `kustomize build`: resources of files and folders, components, namespace, labels, annotations, and merge patches. */
export function build(source: Source, folder: string): KubeObject[] {
  const found = kustomizationIn(source, folder);
  if (found === undefined)
    throw new BuildError(
      `unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${folder}'`,
    );
  const parsed = documents(decode(found.bytes));
  if ('problem' in parsed) throw new BuildError(`invalid Kustomization: ${parsed.problem.message}`);
  const kustomization = parsed.values[0];
  if (!isFields(kustomization)) throw new BuildError(`kustomization.yaml is empty`);
  const unknown = Object.keys(kustomization).filter((field) => !PLAYED.includes(field));
  if (unknown.length > 0) throw new NotPlayed(`${found.path}: ${unknown.join(', ')}`);

  let objects: KubeObject[] = [];
  for (const entry of [...names(kustomization, 'resources'), ...names(kustomization, 'components')])
    objects.push(...resource(source, folder, entry));
  const namespace = kustomization['namespace'];
  if (typeof namespace === 'string')
    objects = objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
  for (const patch of list(kustomization, 'patches')) objects = patched(source, folder, objects, patch);
  for (const label of list(kustomization, 'labels'))
    objects = objects.map((object) => marked(object, 'labels', at(label, 'pairs')));
  return objects.map((object) => marked(object, 'annotations', kustomization['commonAnnotations']));
}

/** What Flux builds of a folder without a kustomization.yaml: every manifest below it. */
export function buildOrAll(source: Source, folder: string): KubeObject[] {
  if (kustomizationIn(source, folder) !== undefined) return build(source, folder);
  return source
    .list(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .flatMap((name) => manifests(source, posix.join(folder, name), name));
}

function kustomizationIn(source: Source, folder: string): { path: string; bytes: Uint8Array } | undefined {
  for (const name of NAMES) {
    const path = posix.join(folder, name);
    const bytes = source.read(path);
    if (bytes !== undefined) return { path, bytes };
  }
  return undefined;
}

function resource(source: Source, folder: string, entry: string): KubeObject[] {
  const path = posix.join(folder, entry);
  if (source.list(path).length > 0) return build(source, path);
  if (source.read(path) !== undefined) return manifests(source, path, entry);
  if (/^[a-z]+:\/\//.test(entry) || entry.includes('github.com/')) throw new NotPlayed(`remote resource ${entry}`);
  const why = `evalsymlink failure on '${entry}' : lstat ${entry}: no such file or directory`;
  throw new BuildError(
    `accumulating resources: accumulation err='accumulating resources from '${entry}': ${why}': must build at directory: not a valid directory: ${why}`,
  );
}

function manifests(source: Source, path: string, entry: string): KubeObject[] {
  const parsed = documents(decode(source.read(path) ?? new Uint8Array()));
  if ('problem' in parsed)
    throw new BuildError(
      `accumulating resources: accumulation err='accumulating resources from '${entry}': MalformedYAMLError: yaml: line ${parsed.problem.line}: ${parsed.problem.message} in File: ${entry}'`,
    );
  return objectsOf(parsed.values).map((value) => {
    if (!isObject(value))
      throw new BuildError(
        `accumulating resources: accumulation err='accumulating resources from '${entry}': missing metadata.name in object {${JSON.stringify(value)}}'`,
      );
    return value;
  });
}

function patched(source: Source, folder: string, objects: KubeObject[], patch: Json): KubeObject[] {
  const inline = at(patch, 'patch');
  const file = at(patch, 'path');
  const text =
    typeof inline === 'string'
      ? inline
      : typeof file === 'string'
        ? decode(source.read(posix.join(folder, file)) ?? new Uint8Array())
        : '';
  const parsed = documents(text);
  const [body] = 'values' in parsed ? parsed.values : [];
  if (!isFields(body)) throw new NotPlayed(`a patch of ${folder} that is no merge patch`);
  const target = at(patch, 'target');
  const matches = (object: KubeObject): boolean => {
    const wanted = isFields(target)
      ? target
      : { kind: body['kind'] ?? null, name: at(body, 'metadata', 'name') ?? null };
    if (Object.keys(wanted).some((key) => !['kind', 'name', 'namespace', 'group', 'version'].includes(key)))
      throw new NotPlayed(`a patch target of ${folder}`);
    return (
      (wanted['kind'] ?? object.kind) === object.kind &&
      new RegExp(`^(?:${String(wanted['name'] ?? '.*')})$`).test(object.metadata.name)
    );
  };
  const { apiVersion: _version, kind: _kind, ...rest } = body;
  const meta = isFields(rest['metadata']) ? { ...rest['metadata'] } : undefined;
  if (meta) delete meta['name'];
  const fields: Fields = { ...rest, ...(meta ? { metadata: meta } : {}) };
  return objects.map((object) => (matches(object) ? (overlay(object as Json, fields, false) as KubeObject) : object));
}

const marked = (object: KubeObject, where: 'labels' | 'annotations', pairs: Json | undefined): KubeObject =>
  isFields(pairs)
    ? {
        ...object,
        metadata: { ...object.metadata, [where]: { ...object.metadata[where], ...(pairs as Record<string, string>) } },
      }
    : object;

const list = (kustomization: Fields, field: string): Json[] =>
  Array.isArray(kustomization[field]) ? kustomization[field] : [];
const names = (kustomization: Fields, field: string): string[] =>
  list(kustomization, field).filter((entry) => typeof entry === 'string');
