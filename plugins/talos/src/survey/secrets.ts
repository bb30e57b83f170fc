import { isRecord, type Plain } from './yaml-file.ts';

/** Keys whose text values are secret, wherever they stand in a machine config, a talosconfig or a secrets bundle. */
const SECRET =
  /^(?:key|token|secret|password|passphrase|auth|identityToken|privateKey|presharedKey|\w*EncryptionSecret|bootstrapToken|trustdInfo|secretboxEncryptionSecret)$/;
/** Shorter texts cannot be masked without masking words. */
const SHORTEST = 6;

/**
 * Every secret value of a document, in each form in which a tool could print it: as it stands, decoded from base64, and
 * each line of a PEM body.
 */
export function secretsIn(value: Plain): string[] {
  const found = new Set<string>();
  walk(value, found);
  return [...found];
}

function walk(value: Plain, found: Set<string>): void {
  if (Array.isArray(value)) for (const entry of value) walk(entry, found);
  else if (isRecord(value))
    for (const [key, entry] of Object.entries(value)) {
      if (typeof entry === 'string') {
        if (SECRET.test(key)) add(entry, found);
      } else walk(entry, found);
    }
}

function add(secret: string, found: Set<string>): void {
  const text = secret.trim();
  if (text.length < SHORTEST) return;
  found.add(text);
  const pem = text.includes('-----BEGIN') ? text : decoded(text);
  if (pem === null) return;
  found.add(pem.trim());
  for (const line of pem.split('\n')) if (!line.startsWith('-----') && line.trim().length >= 16) found.add(line.trim());
}

/** The PEM text behind base64; null where it is something else. */
function decoded(text: string): string | null {
  if (!text.startsWith('LS0tLS')) return null;
  return Buffer.from(text, 'base64').toString('utf8');
}
