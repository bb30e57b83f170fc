import 'reflect-metadata';

import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { webcrypto } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import * as x509 from '@peculiar/x509';

/** A certificate and its key, in PEM, and the files that hold them. */
export type Pair = { cert: string; key: string; certFile: string; keyFile: string };

export type Pki = {
  ca: Pair;
  /** Serves the API, and everything else that serves here. */
  serving: Pair;
  /** RSA pair for service accounts: files only. */
  serviceAccount: { publicFile: string; privateFile: string };
  /** A client certificate for a user and its groups. */
  client: (user: string, groups?: string[]) => Promise<Pair>;
  /** A certificate for a server of this DNS name. */
  serverFor: (name: string) => Promise<Pair>;
};

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Two hours: far more than a test, and nothing that leaks is of use for long. Five minutes back for skewed clocks. */
const validity = (): { notBefore: Date; notAfter: Date } => {
  const now = new Date().getTime();
  return { notBefore: new Date(now - 5 * 60_000), notAfter: new Date(now + 2 * 3_600_000) };
};

const serial = (): string => `00${randomBytes(8).toString('hex')}`;

const pem = async (key: webcrypto.CryptoKey): Promise<string> => {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
};

const save = async (dir: string, name: string, cert: x509.X509Certificate, key: webcrypto.CryptoKey): Promise<Pair> => {
  const pair = {
    cert: `${cert.toString('pem')}\n`,
    key: await pem(key),
    certFile: join(dir, `${name}.crt`),
    keyFile: join(dir, `${name}.key`),
  };
  await writeFile(pair.certFile, pair.cert);
  await writeFile(pair.keyFile, pair.key, { mode: 0o600 });
  return pair;
};

/** What a cluster has already, in PEM: an EC P-256 authority, and the RSA key of its service accounts. */
export type Given = { ca: { cert: string; key: string }; serviceAccount: string };

export type PkiOptions = {
  /** Instead of a new authority: that of a machine config. */
  given?: Given;
  /** Addresses that the serving certificate holds beside loopback's. */
  addresses?: readonly string[];
};

type Authority = { cert: x509.X509Certificate; keys: webcrypto.CryptoKeyPair };

const newAuthority = async (): Promise<Authority> => {
  const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=coldstart-test-ca',
    ...validity(),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert, keys };
};

const givenAuthority = async ({ cert, key }: Given['ca']): Promise<Authority> => {
  const der = createPrivateKey(key).export({ format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    cert: new x509.X509Certificate(cert),
    keys: {
      privateKey: await crypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']),
      publicKey: await crypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
    },
  };
};

/** Makes a certificate authority, or takes a given one, and what a control plane needs of it, as files in `dir`. */
export const makePki = async (dir: string, options: PkiOptions = {}): Promise<Pki> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const authority = options.given ? await givenAuthority(options.given.ca) : await newAuthority();
  const { cert: caCert, keys: caKeys } = authority;
  const identifier = caCert.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;

  const issue = async (name: string, subject: x509.JsonName, extensions: x509.Extension[]): Promise<Pair> => {
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const cert = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: new x509.Name(subject).toString(),
      // The name itself, not its text: Go compares the encoded bytes.
      issuer: caCert.subjectName,
      ...validity(),
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        identifier
          ? new x509.AuthorityKeyIdentifierExtension(identifier)
          : await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
        ...extensions,
      ],
    });
    return save(dir, name, cert, keys.privateKey);
  };

  const names = [
    ...['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'].map(
      (value) => ['dns', value] as const,
    ),
    ...['127.0.0.1', '10.0.0.1', ...(options.addresses ?? [])].map((value) => ['ip', value] as const),
  ];
  const serving = await issue(
    'serving',
    [{ CN: ['kube-apiserver'] }],
    [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map(([type, value]) => ({ type, value }))),
    ],
  );

  const privateKey = options.given
    ? createPrivateKey(options.given.serviceAccount)
    : generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const serviceAccount = { publicFile: join(dir, 'sa.pub'), privateFile: join(dir, 'sa.key') };
  await writeFile(serviceAccount.privateFile, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  await writeFile(serviceAccount.publicFile, createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }));

  return {
    ca: await save(dir, 'ca', caCert, caKeys.privateKey),
    serving,
    serviceAccount,
    client: (user, groups = []) =>
      issue(
        user.replace(/[^a-z0-9-]/gi, '-'),
        [{ CN: [user] }, ...groups.map((group) => ({ O: [group] }))],
        [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])],
      ),
    serverFor: (name) =>
      issue(
        `server-${name}`,
        [{ CN: [name.slice(0, 64)] }],
        [
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
        ],
      ),
  };
};
