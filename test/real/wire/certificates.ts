import 'reflect-metadata';

import { randomBytes } from 'node:crypto';
import type { webcrypto } from 'node:crypto';

import * as x509 from '@peculiar/x509';

/** A server's certificate and key in PEM. */
export type Pair = { cert: string; key: string };
/** Whoever can sign for a cluster's nodes. */
export type Authority = { cert: x509.X509Certificate; key: webcrypto.CryptoKey };

const algorithm = { name: 'Ed25519' } as const;

/** The `machine.ca` of a control plane's config, both in PEM; Talos labels the key `ED25519 PRIVATE KEY`, with PKCS#8 inside. */
export const authorityOf = async (cert: string, key: string): Promise<Authority> => {
  const der = Buffer.from(key.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  return {
    cert: new x509.X509Certificate(cert),
    key: await crypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']),
  };
};

/** Another authority of this subject. As `O=talos` it is another Talos cluster's, which the real one cannot be told from by name. */
export const foreignAuthority = async (name: string): Promise<Authority> => {
  const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name,
    ...validity(),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return { cert, key: keys.privateKey };
};

/** A node's certificate for its address, issued by its cluster's authority. */
export const issue = async (authority: Authority, address: string, hostname: string): Promise<Pair> => {
  const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: hostname === '' ? '' : `CN=${hostname}`,
    // The name itself, not its text: Go compares the encoded bytes.
    issuer: authority.cert.subjectName,
    ...validity(),
    publicKey: keys.publicKey,
    signingKey: authority.key,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: address }], hostname === ''),
    ],
  });
  return pair(cert, keys.privateKey);
};

/** What a node in maintenance shows: signed by an authority of its own with an empty subject. */
export const maintenancePair = async (address: string): Promise<Pair> => issue(await foreignAuthority(''), address, '');

const pair = async (cert: x509.X509Certificate, key: webcrypto.CryptoKey): Promise<Pair> => {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return {
    cert: `${cert.toString('pem')}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`,
  };
};

const serial = (): string => `00${randomBytes(8).toString('hex')}`;

/** Two hours, and five minutes back for skewed clocks. */
const validity = (): { notBefore: Date; notAfter: Date } => {
  const now = new Date().getTime();
  return { notBefore: new Date(now - 5 * 60_000), notAfter: new Date(now + 2 * 3_600_000) };
};
