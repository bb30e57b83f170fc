/** Kinds of secret material that `keysIn` knows. */
export type KeyKind = 'private key' | 'age key' | 'private key in base64' | 'Talos token' | 'Talos secret';

const plain: [KeyKind, RegExp][] = [
  ['private key', /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:\s|\\[rn])*[A-Za-z0-9+/=]{40,}/],
  ['age key', /AGE-SECRET-KEY-1[A-Z0-9]{58}/],
  // `machine.token` and `cluster.token`, also in the secrets bundle (bootstraptoken, trustdinfo.token)
  ['Talos token', /\b(?:bootstrap)?token:\s*["']?[a-z0-9]{6}\.[a-z0-9]{16}\b/],
  // 32 bytes in base64
  ['Talos secret', /\b(?:secret|(?:secretbox|aescbc)encryptionsecret):\s*["']?[A-Za-z0-9+/]{43}=/i],
];

const base64OfPem = /LS0tLS1CRUdJTi[A-Za-z0-9+/]{20,}/g;

/**
 * What secret material a text holds, each kind once.
 *
 * A certificate is none. Encrypted values and references into a vault match no pattern. A key's words without its
 * body (in documentation, or in this project's own redactor) are none either.
 */
export function keysIn(text: string): KeyKind[] {
  const found = plain.filter(([, pattern]) => pattern.test(text)).map(([kind]) => kind);
  const encoded = text.match(base64OfPem) ?? [];
  const isPrivate = (each: string) =>
    /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\s*\S/.test(Buffer.from(each, 'base64').toString());
  return encoded.some(isPrivate) ? [...found, 'private key in base64'] : found;
}
