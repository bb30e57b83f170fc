/** What stands in place of a secret. */
export const MASK = '[redacted]';

const exact = new Set(['key', 'secret', 'identity', 'auth', 'authorization', 'dockerconfigjson', 'htpasswd']);
const endings = [
  'token',
  'secret',
  'password',
  'passwd',
  'passphrase',
  'privatekey',
  'secretkey',
  'secretaccesskey',
  'apikey',
  'accesskey',
  'tlskey',
  'agekey',
  'sshkey',
  'credentials',
];

/** Names come again in every record. */
const judged = new Map<string, boolean>();
const MOST_JUDGED = 10_000;

/** Whether the value under this name is a secret by its name alone: `token`, `client-key-data`, `aescbcEncryptionSecret`. */
export function isSecretKey(name: string): boolean {
  const before = judged.get(name);
  if (before !== undefined) return before;
  const secret = judge(name);
  if (judged.size < MOST_JUDGED) judged.set(name, secret);
  return secret;
}

function judge(name: string): boolean {
  if (/-data$/i.test(name)) return true;
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  return exact.has(plain) || endings.some((ending) => plain.endsWith(ending));
}

/** Values that tell nothing: absent, masked already, encrypted, or a reference to where the secret stands. */
export function isHarmless(value: string): boolean {
  const v = value.trim();
  // Also a mask that was cut off, at the end of a torn line.
  if (v === '' || MASK.startsWith(v) || /^(?:null|~|true|false|\{\}|\[\]|<nil>|<none>|unset)$/i.test(v)) return true;
  return /^(?:ENC\[AES256_GCM\b[^\n]*|op:\/\/\S+|\{\{[^\n]*\}\}|\$\{\w+\})$/.test(v);
}
