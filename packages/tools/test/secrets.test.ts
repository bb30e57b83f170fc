import { describe, expect, it } from 'vitest';
import { fillSecrets, readSecretTemplate, secretText, TEMPLATE_ANNOTATION } from '../src/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (b: Uint8Array): string => new TextDecoder().decode(b);

const template = `---
# what it is for
apiVersion: v1
kind: Secret
metadata:
  name: a
  namespace: x
stringData:
  token: "op://vault/item/token"
---
apiVersion: v1
kind: Secret
metadata: { name: b, namespace: y }
data:
  key: "op://vault/item/key_b64"
`;
const filled = template.replace('op://vault/item/token', 's3cr3t-value').replace('op://vault/item/key_b64', 'aGVsbG8=');

describe('a template', () => {
  it('tells which Secrets there will be', () => {
    expect(readSecretTemplate('t', bytes(template))).toMatchObject({
      secrets: [
        { namespace: 'x', name: 'a', keys: ['token'] },
        { namespace: 'y', name: 'b', keys: ['key'] },
      ],
      problems: [],
    });
  });
  it('has a digest of its references, whatever the comments, for each Secret its own', () => {
    const digests = (text: string): string[] => readSecretTemplate('t', bytes(text)).secrets.map((s) => s.digest);
    const [a, b] = digests(template);
    expect(digests(template.replace('# what it is for', '# better said'))).toEqual([a, b]);
    const [changed, same] = digests(template.replace('item/token', 'item/other'));
    expect(same).toBe(b);
    expect(changed).not.toBe(a);
  });
  it.each([
    ['another kind', template.replace('kind: Secret', 'kind: ConfigMap'), 4, 'the kind ConfigMap'],
    ['no namespace', template.replace('  namespace: x\n', ''), 6, 'no namespace'],
    ['a bad name', template.replace('name: a', 'name: -a'), 6, 'the name "-a"'],
    [
      'a duplicate',
      `${template}---\napiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: x}\n`,
      19,
      'x/a a second time',
    ],
    ['a key twice', template.replace('  name: a\n', '  name: a\n  name: c\n'), 7, 'Map keys must be unique'],
  ])('is refused with %s', (_, text, line, found) => {
    expect(readSecretTemplate('t', bytes(text)).problems[0]).toMatchObject({ file: 't', line, found });
  });
});

describe('filling', () => {
  it('annotates each Secret with its digest, and keeps the values', () => {
    const out = read(fillSecrets(bytes(filled), bytes(template), []));
    const objects = out
      .split('---\n')
      .filter((t) => t !== '')
      .map((t) => JSON.parse(t));
    const { secrets } = readSecretTemplate('t', bytes(template));
    expect(objects.map((o) => o.metadata.annotations[TEMPLATE_ANNOTATION])).toEqual(secrets.map((s) => s.digest));
    expect(objects[0].stringData).toEqual({ token: 's3cr3t-value' });
  });
  it('keeps to the Secrets that are named', () => {
    expect(read(fillSecrets(bytes(filled), bytes(template), ['y/b']))).not.toContain('s3cr3t');
  });
  it('decodes one value, as ssh reads files', () => {
    expect(read(secretText(bytes(filled), { namespace: 'y', name: 'b', key: 'key' }))).toBe('hello\n');
    expect(read(secretText(bytes(filled), { namespace: 'x', name: 'a', key: 'token' }))).toBe('s3cr3t-value\n');
    const windows = filled.replace(btoa('hello'), btoa('one\r\ntwo\r\n'));
    expect(read(secretText(bytes(windows), { namespace: 'y', name: 'b', key: 'key' }))).toBe('one\ntwo\n');
  });
  it.each([
    [
      'a reference that was not filled',
      filled.replace('s3cr3t-value', 'op://vault/s3cr3t/token'),
      /token of the Secret x\/a still holds a reference/,
    ],
    ['an empty value', filled.replace('s3cr3t-value', ''), /token of the Secret x\/a came out empty/],
    ['data that is not base64', filled.replace('aGVsbG8=', 's3cr3t!'), /key of the Secret y\/b is not base64/],
    ['a quote in a value', filled.replace('s3cr3t-value', 's3cr3t"val'), /no YAML any more/],
    ['a number', filled.replace('"s3cr3t-value"', '12345678'), /came out as a number/],
    ['a Secret less', filled.split('---\napi')[0] ?? '', /^1 Secrets came out of a template of 2$/],
    ['another name', filled.replace('name: b', 'name: c'), /y\/b of the template came out under another name/],
  ])('fails on %s, and shows no value', (_, text, message) => {
    const attempt = (): unknown => fillSecrets(bytes(text), bytes(template), []);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/s3cr3t|12345678/);
  });
});
