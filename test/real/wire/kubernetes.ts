import 'reflect-metadata';

import { createPrivateKey, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

import * as x509 from '@peculiar/x509';
import { parse } from 'yaml';

import type { ControlPlane } from '../controlplane/start.ts';
import type { Wire } from './open.ts';
import { configOf } from './repository.ts';

/** Kubernetes' own port on control planes and the virtual address. */
const API = 6443;

type Kubeconfig = {
  clusters: { name: string; cluster: { 'certificate-authority-data': string; [key: string]: unknown } }[];
};

const kubeconfigOf = async (plane: ControlPlane): Promise<Kubeconfig> =>
  parse(await readFile(plane.kubeconfig, 'utf8')) as Kubeconfig;

/** Makes the repository's machine configs those of the cluster behind the nodes: its CA stands in them. */
export const adoptAuthority = async (root: string, nodes: readonly string[], plane: ControlPlane): Promise<void> => {
  const [first] = (await kubeconfigOf(plane)).clusters;
  if (!first) throw new Error('the control plane has no cluster in its kubeconfig');
  for (const node of nodes) {
    const path = join(root, configOf(node));
    const text = readFileSync(path, 'utf8');
    const { cluster } = parse(text) as { cluster: { ca: { crt: string } } };
    writeFileSync(path, text.replace(cluster.ca.crt, first.cluster['certificate-authority-data']));
  }
};

/** What `talosctl kubeconfig` hands out: the real credentials. */
export const credentialsOf = (plane: ControlPlane): Promise<string> => readFile(plane.kubeconfig, 'utf8');

/**
 * Gives the API server of the control plane in `dir` a certificate that holds these addresses too, from its own CA, and
 * waits until it shows it: it reads the files again when they change.
 */
export const certifyFor = async (plane: ControlPlane, dir: string, addresses: readonly string[]): Promise<void> => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const file = (name: string): string => join(dir, 'pki', name);
  const der = createPrivateKey(await readFile(file('ca.key'), 'utf8')).export({ format: 'der', type: 'pkcs8' });
  const ca = new x509.X509Certificate(await readFile(file('ca.crt'), 'utf8'));
  const old = new x509.X509Certificate(await readFile(file('serving.crt'), 'utf8'));
  const known = old.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
  const more = addresses.map((value) => ({ type: 'ip', value }) as const);
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: `00${randomBytes(8).toString('hex')}`,
    subject: old.subject,
    issuer: ca.subjectName,
    notBefore: old.notBefore,
    notAfter: old.notAfter,
    // The key stays, so that certificate and key fit at every moment.
    publicKey: old.publicKey,
    signingKey: await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([...known, ...more]),
    ],
  });
  await writeFile(file('serving.crt'), `${cert.toString('pem')}\n`);
  const shown = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({
        host: '127.0.0.1',
        port: Number(new URL(plane.server).port),
        rejectUnauthorized: false,
      });
      socket.once('error', reject).once('secureConnect', () => {
        resolve(socket.getPeerCertificate().subjectaltname ?? '');
        socket.destroy();
      });
    });
  const until = performance.now() + 90_000;
  while (!(await shown()).includes(addresses[0] ?? '')) {
    if (performance.now() > until) throw new Error('the API server does not show its new certificate');
    await sleep(250);
  }
};

/**
 * Puts a real control plane behind the nodes: its API answers at a node's address once the model's API server there is up,
 * at the virtual address once a node holds it, and nodes register when their kubelets do.
 */
export const standBehind = (wire: Wire, plane: ControlPlane): { close: () => Promise<void> } => {
  const { model } = wire.lab;
  const target = Number(new URL(plane.server).port);
  const servers = new Map<string, Server>();
  const sockets = new Set<Socket>();
  const registered = new Set<string>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => {}).once('close', () => sockets.delete(socket));
  };
  const forward = (host: string): void => {
    if (servers.has(host)) return;
    const server = createServer((socket) => {
      const through = track(connect(target, '127.0.0.1'));
      track(socket).pipe(through).pipe(socket);
      socket.once('close', () => through.destroy());
    });
    servers.set(host, server.listen(API, host));
  };
  let adding: Promise<void> = Promise.resolve();
  const follow = (): void => {
    for (const node of model.nodes.values()) {
      if (node.apiserver) forward(node.address);
      if (!node.kubelet.registered || registered.has(node.name) || !node.config) continue;
      registered.add(node.name);
      const { hostname, role } = node.config;
      adding = adding.then(() => plane.addNode({ name: hostname, role, address: node.address }));
    }
    for (const cluster of model.etcd.values()) {
      const vip = cluster.vip === null ? null : model.nodes.get(cluster.vip)?.config?.vip;
      const holder = cluster.vip === null ? undefined : model.nodes.get(cluster.vip);
      if (vip && holder?.apiserver) forward(vip);
    }
  };
  const timer = setInterval(follow, 50);
  return {
    close: async () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      await Promise.all([...servers.values()].map((server) => new Promise((resolve) => server.close(resolve))));
      await adding;
    },
  };
};
