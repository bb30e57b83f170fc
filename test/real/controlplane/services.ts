import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { SecureContext, TlsOptions } from 'node:tls';

import type { Pki } from './pki.ts';

export type Services = {
  /** What the API server asked so far: `cert-manager-webhook.cert-manager.svc clusterissuers`. */
  asked: () => string[];
  close: () => Promise<void>;
};

type Review = { kind?: string; apiVersion?: string; request?: { uid: string; resource?: { resource: string } } };

/**
 * Stands behind the Services of the cluster, where no pod listens: the proxy through which the API server calls them
 * (its egress selector `cluster`), at this socket, answers by itself. An admission webhook allows everything and changes
 * nothing; anything else is 503. Its certificates are the control plane's own, which the API server trusts for webhooks
 * that name no authority, as those have that wait for an injector.
 */
export const standBehindServices = async (pki: Pki, socket: string): Promise<Services> => {
  const asked: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part as string;
    const review = (text.startsWith('{') ? JSON.parse(text) : {}) as Review;
    const what = review.kind === 'AdmissionReview' ? review.request?.resource?.resource : request.url;
    asked.push(`${(request.socket as { servername?: string }).servername ?? request.headers.host} ${what}`);
    if (review.kind !== 'AdmissionReview' || !review.request) {
      return void response.writeHead(503).end('simulated: nobody listens behind this Service\n');
    }
    const { apiVersion, kind } = review;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ apiVersion, kind, response: { uid: review.request.uid, allowed: true } }));
  };

  const contexts = new Map<string, Promise<SecureContext>>();
  const contextFor = (name: string): Promise<SecureContext> => {
    const made = contexts.get(name) ?? pki.serverFor(name).then(({ cert, key }) => createSecureContext({ cert, key }));
    contexts.set(name, made);
    return made;
  };
  const SNICallback: NonNullable<TlsOptions['SNICallback']> = (name, give) => {
    contextFor(name).then(
      (context) => give(null, context),
      (error: Error) => give(error),
    );
  };
  const inside = createTlsServer({ SNICallback }, (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const connections = new Set<Socket>();
  const proxy = createServer((_, response) => response.writeHead(405).end());
  proxy.on('connect', (_, connection: Socket) => {
    connections.add(connection.on('error', () => {}).once('close', () => connections.delete(connection)));
    connection.write('HTTP/1.1 200 Connection established\r\n\r\n');
    inside.emit('connection', connection);
  });
  await new Promise<void>((resolve, reject) => proxy.once('error', reject).listen(socket, resolve));
  return {
    asked: () => [...asked],
    close: async () => {
      for (const connection of connections) connection.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
};

/** The API server's file that leads its calls of Services to the proxy. */
export const egress = (socket: string): string =>
  JSON.stringify({
    apiVersion: 'apiserver.k8s.io/v1beta1',
    kind: 'EgressSelectorConfiguration',
    egressSelections: [
      {
        name: 'cluster',
        connection: { proxyProtocol: 'HTTPConnect', transport: { uds: { udsName: socket } } },
      },
    ],
  });
