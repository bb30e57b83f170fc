import { createHash } from 'node:crypto';
import { isObject, readYaml, str } from '@coldstart/tools';

/** The annotation on a CRD that tells which rendered text it was made from: a digest. */
export const CONTENT_ANNOTATION = 'coldstart.io/content';

/** One CustomResourceDefinition of rendered charts. */
export type Crd = { name: string; digest: string; /** The document, annotated with its digest. */ manifest: string };

const utf8 = new TextDecoder();
/** A rendering is looked at again at every poll; its bytes never change. */
const known = new WeakMap<Uint8Array, Crd[]>();

/**
 * The CRDs among rendered documents, by name. Rendered charts are megabytes, and nearly all of it is CRDs: so documents
 * are told apart by their lines at the left margin, and only `metadata` is parsed and written anew.
 *
 * Throws where two charts render the same CRD with different content, as the later would undo the earlier.
 */
export function crdsOf(rendered: Uint8Array): Crd[] {
  const before = known.get(rendered);
  if (before) return before;
  const byName = new Map<string, Crd>();
  for (const document of splitDocuments(utf8.decode(rendered))) {
    const crd = crdOf(document);
    if (!crd) continue;
    const twin = byName.get(crd.name);
    if (twin && twin.digest !== crd.digest)
      throw new Error(
        `the CRD ${crd.name} is rendered twice, with different content: keep it in one chart of the CRD helmfile`,
      );
    byName.set(crd.name, crd);
  }
  const crds = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  known.set(rendered, crds);
  return crds;
}

function splitDocuments(text: string): string[] {
  return text.replaceAll('\r\n', '\n').split(/^---(?:[ \t].*)?$/m);
}

function crdOf(document: string): Crd | undefined {
  const lines = document.split('\n').filter((line) => !line.startsWith('#'));
  const content = lines.join('\n').trim();
  if (content === '') return undefined;
  if (content.startsWith('{')) return flowCrd(content);
  if (!lines.some((line) => /^kind:\s*["']?CustomResourceDefinition["']?\s*(#.*)?$/.test(line))) return undefined;
  const from = lines.findIndex((line) => line.startsWith('metadata:'));
  if (from < 0) return undefined;
  const next = lines.findIndex((line, index) => index > from && /^\S/.test(line));
  const to = next < 0 ? lines.length : next;
  const metadata = isObjectYaml(lines.slice(from, to).join('\n'), 'metadata');
  const name = str(metadata, 'name');
  if (!metadata || name === undefined) throw new Error('a rendered CRD has no readable name');
  const digest = digestOf(content);
  const manifest = [
    ...lines.slice(0, from),
    `metadata: ${JSON.stringify(annotated(metadata, digest))}`,
    ...lines.slice(to),
  ]
    .join('\n')
    .trim();
  return { name, digest, manifest };
}

/** A document in JSON's own form, as some charts make it. */
function flowCrd(content: string): Crd | undefined {
  const object = readYaml('rendered', new TextEncoder().encode(content)).documents[0]?.value;
  if (!isObject(object) || object['kind'] !== 'CustomResourceDefinition') return undefined;
  const { metadata } = object;
  const name = str(metadata, 'name');
  if (!isObject(metadata) || name === undefined) throw new Error('a rendered CRD has no readable name');
  const digest = digestOf(content);
  return { name, digest, manifest: JSON.stringify({ ...object, metadata: annotated(metadata, digest) }) };
}

function isObjectYaml(text: string, key: string): Record<string, unknown> | undefined {
  const value = readYaml('rendered', new TextEncoder().encode(text)).documents[0]?.value;
  const found = isObject(value) ? value[key] : undefined;
  return isObject(found) ? found : undefined;
}

function annotated(metadata: Record<string, unknown>, digest: string): Record<string, unknown> {
  const annotations = isObject(metadata['annotations']) ? metadata['annotations'] : {};
  return { ...metadata, annotations: { ...annotations, [CONTENT_ANNOTATION]: digest } };
}

const digestOf = (content: string): string => createHash('sha256').update(content).digest('hex');
