import { setTimeout as sleep } from 'node:timers/promises';

import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';

import type { Change } from '../../../plugins/lab/src/model.ts';
import type { NodeModel } from '../../../plugins/lab/src/nodes/node.ts';
import { brokenOff } from '../../../plugins/lab/src/tools/talosctl/client.ts';
import { authorityOf, foreignAuthority, issue, maintenancePair } from './certificates.ts';
import type { Authority, Pair } from './certificates.ts';
import { doorAt } from './door.ts';
import { answersInMaintenance, faceOf, seenOf } from './face.ts';
import type { Face } from './face.ts';
import { Failure, failureOf, numberOf, printed, unavailable } from './failure.ts';
import { SLOW } from './faults.ts';
import type { WireFaults } from './faults.ts';
import type { Lifecycle } from './lifecycle.ts';
import { inMaintenance, streamed, unary } from './machine-api.ts';
import type { Ground } from './machine-api.ts';
import type { Message, Method, Protocol } from './protocol.ts';
import { routeOf } from './routing.ts';
import type { Route } from './routing.ts';
import type { State } from './state.ts';

/** A call that a node answered, was about to answer, or never will. */
export type Call = {
  at: number;
  node: string;
  method: string;
  via: string | null;
  changes: string[];
  error: string | null;
};

export type Shared = {
  ground: Ground;
  protocol: Protocol;
  state: State;
  lifecycle: Lifecycle;
  faults: WireFaults;
  calls: Call[];
  port: number;
  /** Another cluster's authority of the same name, and somebody else's. */
  foreign: Authority;
  impostor: Authority;
};

export type NodeServer = {
  /** Shows the face that the node has now. */
  refresh: () => Promise<void>;
  close: () => Promise<void>;
};

/** One node's address: its door, its TLS, and its answers to every method that a node has. */
export const serveNode = async (shared: Shared, node: NodeModel): Promise<NodeServer> => {
  const { model } = shared.ground;
  const server = new Server();
  for (const [path, method] of shared.protocol.methods)
    register(shared, server, node, path, method, (peer, how) => door.cut(peer, how));
  const door = doorAt(node.address, shared.port);
  const maintenance = await maintenancePair(node.address);
  const stranger = await maintenancePair(node.address);
  let shown: string | null = null;
  let injector: { drain: (ms: number) => void } | null = null;
  let turning: Promise<void> = Promise.resolve();

  const credentials = async (face: Face): Promise<ServerCredentials | null> => {
    const ssl = (pair: Pair, ca: string | null): ServerCredentials =>
      ServerCredentials.createSsl(
        ca === null ? null : Buffer.from(ca),
        [{ private_key: Buffer.from(pair.key), cert_chain: Buffer.from(pair.cert) }],
        ca !== null,
      );
    if (face === 'maintenance') return ssl(maintenance, null);
    if (face === 'stranger') return ssl(stranger, null);
    if (face === 'own' || face === 'misnamed') {
      const authority = await authorityFor(shared, node);
      const address = face === 'own' ? node.address : '127.0.0.1';
      return ssl(await issue(authority, address, node.config?.hostname ?? ''), authority.cert.toString('pem'));
    }
    if (face === 'foreign' || face === 'impostor') {
      const authority = shared[face];
      return ssl(await issue(authority, node.address, 'other'), authority.cert.toString('pem'));
    }
    return null;
  };

  const turn = async (face: Face): Promise<void> => {
    const own = await credentials(face);
    injector?.drain(300);
    const made = own && server.createConnectionInjector(own);
    injector = made;
    if (made) await door.open((socket) => made.injectConnection(socket));
    else if (face === 'silent') await door.open(() => {});
    else await door.open(null);
  };

  const refresh = (): Promise<void> => {
    turning = turning.then(async () => {
      const { face, fault } = seenOf(model, shared.faults, node);
      // A node that took another CA shows another certificate.
      const key = face === 'own' ? `own ${node.config?.caFingerprint}` : face;
      if (key === shown) return;
      shown = key;
      // What a test reads as fired: that it was shown.
      if (fault !== null) model.faults.strike(fault, node.name);
      await turn(face);
    });
    return turning;
  };
  await refresh();
  return {
    refresh,
    close: async () => {
      await turning;
      await door.close();
      server.forceShutdown();
    },
  };
};

export const otherAuthorities = async (): Promise<Pick<Shared, 'foreign' | 'impostor'>> => ({
  foreign: await foreignAuthority('O=talos'),
  impostor: await foreignAuthority('CN=somebody else'),
});

/** Who signs for a node: its config's CA, whose key only control planes have; a worker's comes through one of them. */
const authorityFor = async ({ ground }: Shared, node: NodeModel): Promise<Authority> => {
  for (const other of ground.model.nodes.values()) {
    if (other.config?.role !== 'controlplane' || other.config.caFingerprint !== node.config?.caFingerprint) continue;
    const text = Buffer.from(other.config.bytes, 'base64').toString('utf8');
    const key = /^ {4}ca:\n {8}crt: \S+\n {8}key: (\S+)$/m.exec(text)?.[1];
    if (key) return authorityOf(other.config.ca, Buffer.from(key, 'base64').toString('utf8'));
  }
  throw new Error(`${node.name}: no control plane has the key of its CA`);
};

type Cut = (peer: string, how: 'fin' | 'rst') => void;
type AnyCall = ServerUnaryCall<Message, Message> | ServerWritableStream<Message, Message>;

const register = (shared: Shared, server: Server, node: NodeModel, path: string, method: Method, cut: Cut): void => {
  const { requestDeserialize, responseSerialize } = method;
  if (method.requestStream) return;
  if (method.responseStream)
    server.register(
      path,
      (call: ServerWritableStream<Message, Message>) => void stream(shared, node, path, call, cut),
      responseSerialize,
      requestDeserialize,
      'serverStream',
    );
  else
    server.register(
      path,
      (call: ServerUnaryCall<Message, Message>, answer: sendUnaryData<Message>) =>
        void single(shared, node, path, call, answer, cut),
      responseSerialize,
      requestDeserialize,
      'unary',
    );
};

const errorOf = (failure: Failure): { code: number; details: string } => ({
  code: numberOf(failure.code),
  details: failure.message,
});

const single = async (
  shared: Shared,
  node: NodeModel,
  path: string,
  call: ServerUnaryCall<Message, Message>,
  answer: sendUnaryData<Message>,
  cut: Cut,
): Promise<void> => {
  const struck = shared.faults.strikes(node.name, methodIn(path));
  if (struck === 'hang') return never(shared, node, path);
  if (struck === 'eof-before') return cut(call.getPeer(), 'fin');
  try {
    const route = routeAt(shared, node, path, call);
    let reply: Message;
    if (route.to === 'many') {
      const messages = route.targets.map((target) => framed(target, () => remote(shared, node, path, target, call)));
      reply = { messages: await Promise.all(messages) };
    } else {
      const own =
        route.to === 'own'
          ? () => local(shared, node, path, call, null)
          : () => remote(shared, node, path, route.target, call);
      reply = path.startsWith('/cosi.') ? await own() : { messages: [await own()] };
    }
    if (struck === 'eof-after') cut(call.getPeer(), 'fin');
    else if (struck === 'rst-after') cut(call.getPeer(), 'rst');
    else if (struck !== 'hang-after') answer(null, reply);
  } catch (error) {
    if (error instanceof Cutting) cut(call.getPeer(), 'fin');
    else answer(errorOf(failureOf(error)));
  }
};

const stream = async (
  shared: Shared,
  node: NodeModel,
  path: string,
  call: ServerWritableStream<Message, Message>,
  cut: Cut,
): Promise<void> => {
  const struck = shared.faults.strikes(node.name, methodIn(path));
  if (struck === 'hang') return never(shared, node, path);
  if (struck === 'eof-before') return cut(call.getPeer(), 'fin');
  const stop = new AbortController();
  call.once('cancelled', () => stop.abort());
  try {
    const route = routeAt(shared, node, path, call);
    const from = async (target: string | null): Promise<void> => {
      try {
        const other = target ?? (route.to === 'one' ? route.target : null);
        const at = other === null ? node : await reached(shared, node, other);
        for await (const message of streamOf(shared, at, path, call, stop.signal, other === null ? null : node.name)) {
          call.write(target === null ? message : { ...message, metadata: { hostname: target } });
        }
      } catch (error) {
        if (target === null) throw error;
        call.write({ metadata: errorMetadata(target, failureOf(error)) });
      }
    };
    const targets = route.to === 'many' ? route.targets : [null];
    // What is followed has no end that the next node could wait for.
    if (call.request['follow'] === true) await Promise.all(targets.map(from));
    else for (const target of targets) await from(target);
    if (struck === 'eof-after') cut(call.getPeer(), 'fin');
    else if (struck === 'rst-after') cut(call.getPeer(), 'rst');
    else if (struck !== 'hang-after') call.end();
  } catch (error) {
    call.emit('error', errorOf(failureOf(error)));
  }
};

const routeAt = ({ ground: { model } }: Shared, node: NodeModel, path: string, call: AnyCall): Route =>
  answersInMaintenance(model, node) ? { to: 'own' } : routeOf(call.metadata, path, node);

/** The connection is to be cut instead of an answer. */
class Cutting extends Error {}

/** An answer on behalf of another node: its error stands in the reply. */
const framed = async (target: string, ask: () => Promise<Message>): Promise<Message> => {
  try {
    return { ...(await ask()), metadata: { hostname: target } };
  } catch (error) {
    if (error instanceof Cutting) throw error;
    return { metadata: errorMetadata(target, failureOf(error)) };
  }
};

const errorMetadata = (target: string, failure: Failure): Message => ({
  hostname: target,
  error: printed(failure),
  status: { code: numberOf(failure.code), message: failure.message },
});

const remote = async (
  shared: Shared,
  via: NodeModel,
  path: string,
  target: string,
  call: AnyCall,
): Promise<Message> => {
  const node = await reached(shared, via, target);
  try {
    return await local(shared, node, path, call, via.name);
  } catch (error) {
    if (error instanceof Cutting && node !== via) throw unavailable('error reading from server: EOF');
    throw error;
  }
};

/** The node that a control plane reaches at an address, with the control plane's own trust. Throws `Failure`. */
const reached = async ({ ground, faults, port }: Shared, via: NodeModel, target: string): Promise<NodeModel> => {
  const { model } = ground;
  const node = [...model.nodes.values()].find((one) => one.address === target || one.config?.hostname === target);
  const face = node ? faceOf(model, faults, node) : 'silent';
  const dialing = (why: string): Failure =>
    unavailable(`connection error: desc = "transport: Error while dialing: dial tcp ${target}:${port}: ${why}"`);
  const untrusted = (more: string): Failure =>
    unavailable(
      `connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority${more}"`,
    );
  const another = ` (possibly because of \\"x509: Ed25519 verification failure\\" while trying to verify candidate authority certificate \\"talos\\")`;
  if (!node || face === 'silent') {
    await model.clock.sleep(20_000);
    throw dialing('i/o timeout');
  }
  if (face === 'refused') throw dialing('connect: connection refused');
  if (face === 'misnamed')
    throw unavailable(
      `connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate is valid for 127.0.0.1, not ${target}"`,
    );
  if (face === 'maintenance' || face === 'stranger' || face === 'impostor') throw untrusted('');
  if (face === 'foreign' || node.config?.caFingerprint !== via.config?.caFingerprint) throw untrusted(another);
  return node;
};

/** A node's own answer. */
const local = async (
  shared: Shared,
  node: NodeModel,
  path: string,
  call: AnyCall,
  via: string | null,
): Promise<Message> => {
  const entry = noted(shared, node, path, via);
  try {
    mayAsk(shared, node, path);
    breaksOff(shared, node, path);
    const late = latenessOf(shared, node, path);
    const { request } = call;
    if (path === '/cosi.resource.State/Get') {
      const found = shared.state.get(node, request);
      if (late > 0) await sleep(late);
      return found;
    }
    const method = unary[path] ?? shared.lifecycle.unary[path];
    if (!method) throw new Failure('Unimplemented', `a simulated node does not play ${path}`);
    const change: Change = { made: (what) => void entry.changes.push(what) };
    const reply = await method(shared.ground, node, request, change);
    if (late > 0) await sleep(late);
    if (entry.changes.length > 0 && shared.ground.model.faults.strike('eof-after-success', node.name))
      throw new Cutting();
    return reply;
  } catch (error) {
    entry.error = error instanceof Cutting ? 'cut' : printed(failureOf(error));
    throw error;
  }
};

async function* streamOf(
  shared: Shared,
  node: NodeModel,
  path: string,
  call: ServerWritableStream<Message, Message>,
  stop: AbortSignal,
  via: string | null,
): AsyncIterable<Message> {
  const entry = noted(shared, node, path, via);
  try {
    mayAsk(shared, node, path);
    breaksOff(shared, node, path);
    const late = latenessOf(shared, node, path);
    if (late > 0) await sleep(late);
    const { request } = call;
    if (path === '/cosi.resource.State/List') yield* shared.state.list(node, request);
    else if (path === '/cosi.resource.State/Watch') yield* shared.state.watch(node, request, stop);
    else {
      const method = streamed[path] ?? shared.lifecycle.streamed[path];
      if (!method) throw new Failure('Unimplemented', `a simulated node does not play ${path}`);
      yield* method(shared.ground, node, request, stop, { made: (what) => void entry.changes.push(what) });
    }
  } catch (error) {
    entry.error = printed(failureOf(error));
    throw error;
  }
}

const methodIn = (path: string): string => path.split('/').at(-1) ?? '';

/** Throws where the fault `rpc-fails`, of the lab or of the wire, strikes this call. */
const breaksOff = ({ ground: { model }, faults }: Shared, node: NodeModel, path: string): void => {
  if (faults.fails(node.name, methodIn(path)) || model.faults.strike('rpc-fails', node.name))
    throw brokenOff(node.address);
};

/** How late the answer to this call is, in real milliseconds: by the fault `slow` of the lab or of the wire. */
const latenessOf = ({ ground: { model }, faults }: Shared, node: NodeModel, path: string): number =>
  faults.late(node.name, methodIn(path)) + (model.faults.strike('slow', node.name) ? SLOW : 0);

const mayAsk = ({ ground: { model } }: Shared, node: NodeModel, path: string): void => {
  if (!answersInMaintenance(model, node) || path.startsWith('/cosi.')) return;
  if (!inMaintenance.has(methodIn(path))) throw new Failure('PermissionDenied', 'not authorized');
};

/** The call has arrived, and that is all. */
const never = (shared: Shared, node: NodeModel, path: string): void => {
  noted(shared, node, path, null).error = 'never answered';
};

const noted = ({ ground, calls }: Shared, node: NodeModel, path: string, via: string | null): Call => {
  const entry: Call = { at: ground.model.clock.now, node: node.name, method: path, via, changes: [], error: null };
  calls.push(entry);
  return entry;
};
