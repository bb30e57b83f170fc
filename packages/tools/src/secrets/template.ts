import { createHash } from 'node:crypto';
import type { Finding } from '@coldstart/contract';
import { isObject, str } from '../json.ts';
import { readYaml } from '../yaml/read.ts';

/** The annotation on a Secret that tells from which template it was made: a digest of the template, never of a value. */
export const TEMPLATE_ANNOTATION = 'coldstart.io/template';

/** A Secret that a template (or an encrypted file) names. `keys` are its data keys. */
export type TemplateSecret = { namespace: string; name: string; digest: string; keys: string[] };

const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

/** The Secrets of a template of the operator's, in its order, and what is wrong with it. */
export function readSecretTemplate(
  file: string,
  bytes: Uint8Array,
): { secrets: TemplateSecret[]; problems: Finding[] } {
  const { documents, problems } = readYaml(file, bytes);
  const secrets: TemplateSecret[] = [];
  for (const document of documents) {
    const found = (path: (string | number)[], what: string, expected: string): number =>
      problems.push({ file, ...document.place(path), found: what, expected });
    const kind = str(document.value, 'kind');
    const [name, namespace] = [str(document.value, 'metadata', 'name'), str(document.value, 'metadata', 'namespace')];
    if (kind !== 'Secret' || str(document.value, 'apiVersion') !== 'v1') {
      found(['kind'], kind === undefined ? 'no kind' : `the kind ${kind}`, 'a Secret of apiVersion v1');
      continue;
    }
    if (name === undefined || !NAME.test(name))
      found(
        ['metadata', 'name'],
        name === undefined ? 'no name' : `the name "${name}"`,
        'a name of lower-case letters, digits, dots and dashes',
      );
    if (namespace === undefined || !NAME.test(namespace))
      found(
        ['metadata', 'namespace'],
        namespace === undefined ? 'no namespace' : `the namespace "${namespace}"`,
        "the Secret's namespace",
      );
    if (name === undefined || namespace === undefined) continue;
    if (secrets.some((s) => s.name === name && s.namespace === namespace))
      found(['metadata', 'name'], `${namespace}/${name} a second time`, 'each Secret once');
    secrets.push({ namespace, name, digest: digestOf(document.text), keys: keysOf(document.value) });
  }
  return { secrets, problems };
}

function keysOf(value: unknown): string[] {
  if (!isObject(value)) return [];
  return ['data', 'stringData'].flatMap((part) => (isObject(value[part]) ? Object.keys(value[part]) : []));
}

/** Of the document's text without comments, so that a better explanation is no new Secret. */
function digestOf(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && line !== '---' && !/^\s*#/.test(line));
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
