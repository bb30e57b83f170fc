import { parseDocument, type Document } from 'yaml';
import { certificateOf, fingerprintOf } from '../survey/certificates.ts';
import { dig, isRecord, listAt, textAt, type Plain } from '../survey/yaml-file.ts';

/** What one context of a kubeconfig leads to. No key leaves this file. */
export type KubeContext = {
  server: string;
  /** SHA-256 (hex) of the DER of the CA that it trusts; null where it names none. */
  caFingerprint: string | null;
  /** Whether a client certificate or token stands there. */
  credentials: boolean;
  /** When the client certificate ends (milliseconds since 1970); null where it is not one that can be read. */
  validTo: number | null;
};

/** Reads a kubeconfig. Throws SyntaxError, without a value of the file, where it is not one. */
export function parseKubeconfig(bytes: Uint8Array): Document {
  const document = parseDocument(new TextDecoder().decode(bytes), { uniqueKeys: true });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) throw new SyntaxError(`not a kubeconfig (${problem.code})`);
  const value: Plain = document.toJS({ maxAliasCount: 50 }) as Plain;
  if (value !== null && (!isRecord(value) || (value['kind'] !== undefined && value['kind'] !== 'Config')))
    throw new SyntaxError('not a kubeconfig (another kind)');
  return document;
}

/** One context of a kubeconfig; undefined where it has none of that name. */
export function contextOf(document: Document, name: string): KubeContext | undefined {
  const value = document.toJS({ maxAliasCount: 50 }) as Plain;
  const context = entryOf(value, 'contexts', name);
  if (context === undefined) return undefined;
  const cluster = dig(entryOf(value, 'clusters', textAt(context, 'context', 'cluster') ?? ''), ['cluster']);
  const user = dig(entryOf(value, 'users', textAt(context, 'context', 'user') ?? ''), ['user']);
  const ca = certificateOf(textAt(cluster, 'certificate-authority-data'));
  const client = certificateOf(textAt(user, 'client-certificate-data'));
  return {
    server: textAt(cluster, 'server') ?? '',
    caFingerprint: ca && fingerprintOf(ca),
    credentials: ['client-certificate-data', 'client-certificate', 'token', 'exec'].some(
      (key) => dig(user, [key]) !== undefined,
    ),
    validTo: client && Date.parse(client.validTo),
  };
}

export function entryOf(value: Plain, list: 'clusters' | 'users' | 'contexts', name: string): Plain | undefined {
  return listAt(value, list).find((entry) => textAt(entry, 'name') === name);
}
