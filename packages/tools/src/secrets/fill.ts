import { isObject, str, type JsonObject } from '../json.ts';
import { readYaml } from '../yaml/read.ts';
import { readSecretTemplate, TEMPLATE_ANNOTATION } from './template.ts';

/**
 * What `op inject` made of a template (or `sops -d` of a file), ready for the API server: the Secrets that `only` names
 * (all when empty), each annotated with the digest of its template.
 *
 * Throws where something is missing, unfilled or unreadable. Messages name Secrets and keys, never a value: the YAML
 * parser's own words are kept out too, as they quote the text.
 */
export function fillSecrets(filled: Uint8Array, template: Uint8Array, only: readonly string[]): Uint8Array {
  const { secrets: wanted } = readSecretTemplate('template', template);
  const objects = parseSecrets(filled);
  if (objects.length !== wanted.length)
    throw new Error(`${objects.length} Secrets came out of a template of ${wanted.length}`);
  const documents = wanted.flatMap((secret, index) => {
    const object = objects[index] ?? {};
    const name = `${secret.namespace}/${secret.name}`;
    if (str(object, 'metadata', 'name') !== secret.name || str(object, 'metadata', 'namespace') !== secret.namespace)
      throw new Error(`the Secret ${name} of the template came out under another name`);
    checkValues(name, object);
    if (only.length > 0 && !only.includes(name)) return [];
    const { sops: _sops, ...rest } = object;
    const metadata = isObject(object['metadata']) ? object['metadata'] : {};
    const annotations = {
      ...(isObject(metadata['annotations']) ? metadata['annotations'] : {}),
      [TEMPLATE_ANNOTATION]: secret.digest,
    };
    return [`---\n${JSON.stringify({ ...rest, metadata: { ...metadata, annotations } })}\n`];
  });
  if (documents.length === 0) throw new Error('the template holds none of the Secrets that are wanted');
  return new TextEncoder().encode(documents.join(''));
}

/**
 * One value of one Secret of a filled template, decoded, as a text file: lines end in LF, the last one too. OpenSSH reads no
 * key that ends otherwise ("error in libcrypto"), and Flux reads both.
 */
export function secretText(filled: Uint8Array, of: { namespace: string; name: string; key: string }): Uint8Array {
  const secret = parseSecrets(filled).find(
    (s) => str(s, 'metadata', 'name') === of.name && str(s, 'metadata', 'namespace') === of.namespace,
  );
  const text = str(secret, 'stringData', of.key) ?? decoded(secret, of);
  return new TextEncoder().encode(`${text.replaceAll('\r\n', '\n').replace(/\n+$/, '')}\n`);
}

function decoded(secret: JsonObject | undefined, of: { namespace: string; name: string; key: string }): string {
  const data = str(secret, 'data', of.key);
  if (data === undefined) throw new Error(`the Secret ${of.namespace}/${of.name} has no ${of.key}`);
  if (!isBase64(data))
    throw new Error(`${of.key} of the Secret ${of.namespace}/${of.name} is not base64, which data must be`);
  return Buffer.from(data, 'base64').toString('utf8');
}

function parseSecrets(filled: Uint8Array): JsonObject[] {
  const { documents, problems } = readYaml('filled', filled);
  const problem = problems[0];
  if (problem)
    throw new Error(
      `what came out of the template is no YAML any more (line ${problem.line ?? '?'}): a value may hold a quote or a line break; keep it as base64 under data`,
    );
  return documents.map((d) => d.value).filter(isObject);
}

function checkValues(name: string, object: JsonObject): void {
  for (const part of ['data', 'stringData']) {
    const values = object[part];
    if (values === undefined || values === null) continue;
    if (!isObject(values)) throw new Error(`${part} of the Secret ${name} is no map`);
    for (const [key, value] of Object.entries(values)) {
      if (typeof value !== 'string')
        throw new Error(
          `${key} of the Secret ${name} came out as ${value === null ? 'nothing' : `a ${typeof value}`}, not as a text: quote it in the template`,
        );
      if (value.trim() === '') throw new Error(`${key} of the Secret ${name} came out empty`);
      if (value.includes('op://'))
        throw new Error(`${key} of the Secret ${name} still holds a reference that was not filled`);
      if (value.startsWith('ENC[')) throw new Error(`${key} of the Secret ${name} is still encrypted`);
      if (part === 'data' && !isBase64(value))
        throw new Error(`${key} of the Secret ${name} is not base64, which data must be`);
    }
  }
}

const isBase64 = (text: string): boolean =>
  /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text) && text.replaceAll(/\s/g, '').length % 4 === 0;
