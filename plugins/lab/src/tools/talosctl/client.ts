import { parse } from 'yaml';
import type { Model } from '../../model.ts';
import { isTree } from '../../nodes/machine-config/document.ts';
import { fingerprintNow } from '../../nodes/impostor.ts';
import type { NodeModel } from '../../nodes/node.ts';
import { fingerprint, signedBy } from '../../pki/certificates.ts';
import { memo } from '../../memo.ts';
import { type ApidFace, apidFace, nodeAt } from '../../world/network.ts';
import type { ToolCall } from '../tool.ts';
import type { Flags } from './flags.ts';

/** A talosconfig's context, as far as the lab uses it. */
export type Context = { endpoints: string[]; nodes: string[]; ca: string; crt: string; key: string };
export type TalosConfig = { current: string; contexts: Record<string, Context> };

/** Talosctl could not even begin: what it says. */
export class NoClient extends Error {}
/** A call failed. `text` begins with `rpc error:`; `via` is set when a control plane passed the call on. */
export class RpcError extends Error {
  readonly via: string | null;
  constructor(text: string, via: string | null = null) {
    super(text);
    this.via = via;
  }
}

export type Client = {
  insecure: boolean;
  endpoints: string[];
  nodes: string[];
  context: Context | null;
  /** Of certificates in maintenance, one of which has to be shown; none: any certificate will do. */
  fingerprints: string[];
};

const NO_ENDPOINTS = 'failed to determine endpoints';

/** The talosconfig that a call uses: flag, environment, home. */
export function readTalosconfig(call: ToolCall, flags: Flags): TalosConfig {
  const home = call.env['HOME'];
  const path =
    flags.one('talosconfig') ??
    call.env['TALOSCONFIG'] ??
    (home === undefined ? '/var/run/secrets/talos.dev/config' : `${home}/.talos/config`);
  const bytes = call.read(path);
  return understood(bytes ? new TextDecoder().decode(bytes) : '');
}

const understood = memo((text: string): TalosConfig => {
  const value: unknown = parse(text);
  if (!isTree(value)) return { current: '', contexts: {} };
  const contexts = isTree(value['contexts']) ? value['contexts'] : {};
  return {
    current: typeof value['context'] === 'string' ? value['context'] : '',
    contexts: Object.fromEntries(Object.entries(contexts).map(([name, context]) => [name, contextOf(context)])),
  };
});

/** Who is to be asked, and how. Throws `NoClient` in talosctl's words. */
export function connect(call: ToolCall, flags: Flags): Client {
  const given = { endpoints: flags.all('endpoints'), nodes: flags.all('nodes') };
  if (flags.has('insecure')) {
    if (given.nodes.length === 0) throw new NoClient(NO_ENDPOINTS);
    return {
      insecure: true,
      endpoints: given.nodes,
      nodes: given.nodes,
      context: null,
      fingerprints: flags.all('cert-fingerprint'),
    };
  }
  const config = readTalosconfig(call, flags);
  if (Object.keys(config.contexts).length === 0 && given.endpoints.length > 0)
    throw new NoClient(
      'error constructing client: failed to create client connection: failed to resolve configuration context: talos config file is empty',
    );
  const context = config.contexts[flags.one('context') ?? config.current];
  const endpoints = given.endpoints.length > 0 ? given.endpoints : (context?.endpoints ?? []);
  if (endpoints.length === 0 || !context) throw new NoClient(`error constructing client: ${NO_ENDPOINTS}`);
  const nodes = given.nodes.length > 0 ? given.nodes : context.nodes;
  return { insecure: false, endpoints, nodes, context, fingerprints: [] };
}

/**
 * Makes one call to one node and returns the node that answers. Spends the time that a connection takes.
 * Throws `RpcError`.
 */
export async function reach(
  model: Model,
  call: ToolCall,
  client: Client,
  target: string,
): Promise<{ node: NodeModel; via: string | null }> {
  const name = nodeAt(model, target)?.name ?? target;
  await call.spend(model.durations.draw('talosctl/rpc', target) * slowness(model, name));
  if (model.faults.strike('rpc-fails', name)) throw brokenOff(target);
  if (client.insecure) {
    const node = await dialed(model, call, target, null, true);
    const { fingerprints } = client;
    if (fingerprints.length > 0 && !fingerprints.includes(fingerprintNow(model, node)))
      throw new RpcError(
        `rpc error: code = Unavailable desc = connection error: desc = "transport: authentication handshake failed: leaf peer certificate doesn't match the provided fingerprints: [${fingerprints.join(' ')}]"`,
      );
    return { node, via: null };
  }
  const endpoint = await firstEndpoint(model, call, client);
  const server = nodeAt(model, endpoint)!;
  const isControlPlane = server.config?.role === 'controlplane';
  if (server === nodeAt(model, target)) return { node: server, via: isControlPlane ? target : null };
  if (!isControlPlane) throw new RpcError('rpc error: code = PermissionDenied desc = no request forwarding');
  // The control plane passes it on with a certificate of its own, so it trusts what its own CA signed.
  return {
    node: await dialed(model, call, target, { ...client.context!, ca: base64(server.config!.ca) }, false, target),
    via: target,
  };
}

/** What a caller is left with whose call was taken, and whose answer never came. */
export const EOF = 'rpc error: code = Unavailable desc = error reading from server: EOF';

/** What a call gets that breaks off before anything was done. */
export const brokenOff = (target: string): RpcError =>
  new RpcError(
    `rpc error: code = Unavailable desc = connection error: desc = "error reading server preface: read tcp 192.0.2.254:40000->${target}:50000: read: connection reset by peer"`,
  );

/** By how much calls to a node take longer than usual. */
export const slowness = (model: Model, node: string): number => (model.faults.strike('slow', node) ? 10 : 1);

async function firstEndpoint(model: Model, call: ToolCall, client: Client): Promise<string> {
  let last: unknown;
  for (const endpoint of client.endpoints) {
    try {
      await dialed(model, call, endpoint, client.context, false);
      return endpoint;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      last = error;
    }
  }
  throw last;
}

async function dialed(
  model: Model,
  call: ToolCall,
  host: string,
  context: Context | null,
  insecure: boolean,
  via: string | null = null,
): Promise<NodeModel> {
  const node = nodeAt(model, host);
  const face: ApidFace = node ? apidFace(model, node) : { how: 'timeout' };
  const fail = (text: string): never => {
    throw new RpcError(`rpc error: code = Unavailable desc = ${text}`, via);
  };
  const dialing = (why: string): never =>
    fail(
      `connection error: desc = "transport: Error while dialing: dial tcp ${host.includes(':') ? `[${host}]` : host}:50000: ${why}"`,
    );
  if (face.how === 'refused') return dialing('connect: connection refused');
  if (face.how === 'timeout') {
    await call.spend(20_000);
    return dialing('i/o timeout');
  }
  if (face.how === 'unreachable') {
    await call.spend(3_000);
    return dialing('connect: no route to host');
  }
  if (insecure) {
    if (face.how === 'mtls')
      fail('connection error: desc = "error reading server preface: remote error: tls: certificate required"');
    return node!;
  }
  const untrusted =
    'transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority';
  if (face.how === 'maintenance') return fail(`connection error: desc = "${untrusted}"`);
  const wanted = decoded(context?.ca ?? '');
  if (face.ca === null || fingerprint(face.ca) !== fingerprint(wanted))
    return fail(
      `connection error: desc = "${untrusted} (possibly because of \\"x509: Ed25519 verification failure\\" while trying to verify candidate authority certificate \\"talos\\")"`,
    );
  if (model.faults.strike('certificate', node!.name))
    return fail(
      `connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate is valid for 127.0.0.1, not ${host}"`,
    );
  if (via === null && !signedBy(decoded(context?.crt ?? ''), face.ca))
    return fail(`write tcp 192.0.2.254:40000->${host}:50000: write: broken pipe`);
  return node!;
}

function contextOf(value: unknown): Context {
  const tree = isTree(value) ? value : {};
  const list = (key: string): string[] => (Array.isArray(tree[key]) ? tree[key].map(String) : []);
  const text = (key: string): string => (typeof tree[key] === 'string' ? tree[key] : '');
  return { endpoints: list('endpoints'), nodes: list('nodes'), ca: text('ca'), crt: text('crt'), key: text('key') };
}

function decoded(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
