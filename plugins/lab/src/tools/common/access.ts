import { Buffer } from 'node:buffer';
import { isFields } from '../../kubernetes/object.ts';
import { ControlPlane } from '../../kubernetes/control-plane.ts';
import { documents } from '../../kubernetes/manifests/yaml.ts';
import type { Model } from '../../model.ts';
import type { ToolCall } from '../tool.ts';

/** Where a tool got to with the kubeconfig and context that it was given. */
export type Access =
  | { how: 'open'; plane: ControlPlane; server: string; node: string }
  | { how: 'no-file'; path: string }
  | { how: 'unreadable'; path: string; why: string }
  | { how: 'no-context'; context: string }
  | { how: 'refused' | 'timeout' | 'unreachable' | 'untrusted' | 'unauthorized'; server: string; address: string };

export type Asked = { kubeconfig?: string | undefined; context?: string | undefined; server?: string | undefined };

type Entry = { name: string; body: { [key: string]: unknown } };
export type Kubeconfig = {
  contexts: Entry[];
  clusters: Entry[];
  users: Entry[];
  current: string;
  raw: { [key: string]: unknown };
};

/** Reads the kubeconfig that a tool would read, and notes it where the call did not name it. */
export function kubeconfigOf(
  model: Model,
  call: ToolCall,
  tool: string,
  asked: Asked,
): Kubeconfig | Extract<Access, { how: 'no-file' | 'unreadable' }> | undefined {
  const path = asked.kubeconfig ?? call.env['KUBECONFIG'] ?? `${call.env['HOME'] ?? ''}/.kube/config`;
  if (asked.kubeconfig === undefined) model.findings.add(`${tool} was called without a kubeconfig and used ${path}`);
  // /dev/null is a file without anything in it: no context, and client-go's default server.
  const bytes = path === '/dev/null' ? new Uint8Array() : call.read(path);
  if (bytes === undefined) return asked.kubeconfig === undefined ? undefined : { how: 'no-file', path };
  const text = new TextDecoder().decode(bytes);
  if (last?.text === text) return last.config;
  const parsed = documents(text);
  if ('problem' in parsed) return { how: 'unreadable', path, why: parsed.problem.message };
  const raw = isFields(parsed.values[0]) ? parsed.values[0] : {};
  const entries = (list: unknown, body: string): Entry[] =>
    Array.isArray(list)
      ? list
          .filter(isFields)
          .map((entry) => ({ name: String(entry['name']), body: isFields(entry[body]) ? entry[body] : {} }))
      : [];
  const config = {
    contexts: entries(raw['contexts'], 'context'),
    clusters: entries(raw['clusters'], 'cluster'),
    users: entries(raw['users'], 'user'),
    current: typeof raw['current-context'] === 'string' ? raw['current-context'] : '',
    raw,
  };
  last = { text, config };
  return config;
}

/** The kubeconfig that was read last: each of some hundred calls reads the same. */
let last: { text: string; config: Kubeconfig } | undefined;

/**
 * Follows kubeconfig and context to an API server of the world, as client-go does: names, address, certificate authority,
 * credentials. A call that names no context gets the file's current-context, and that is a finding: no bring-up may do so.
 */
export function access(model: Model, call: ToolCall, tool: string, asked: Asked): Access {
  const config = kubeconfigOf(model, call, tool, asked);
  if (config !== undefined && 'how' in config) return config;
  if (asked.context === undefined && asked.server === undefined)
    model.findings.add(
      `${tool} was called without a context and used the current-context${config?.current ? ` ${config.current}` : ''}`,
    );
  const name = asked.context ?? config?.current ?? '';
  const context = config?.contexts.find((entry) => entry.name === name);
  if (context === undefined && asked.context !== undefined) return { how: 'no-context', context: name };
  const cluster = config?.clusters.find((entry) => entry.name === context?.body['cluster']);
  const user = config?.users.find((entry) => entry.name === context?.body['user']);
  const server = (asked.server ?? String(cluster?.body['server'] ?? 'http://localhost:8080')).replace(/\/$/, '');
  const { host, port } = hostOf(server);
  const address = `${host === 'localhost' ? '127.0.0.1' : host}:${port}`;

  const answer = model.apiAt(host.replace(/^\[|\]$/g, ''), port);
  if (answer.how !== 'open') return { how: answer.how, server, address };
  if (cluster?.body['insecure-skip-tls-verify'] !== true && !trusts(cluster?.body, call, answer.ca))
    return { how: 'untrusted', server, address };
  const credentials = ['client-certificate-data', 'client-certificate', 'token', 'exec'].some(
    (key) => user?.body[key] !== undefined,
  );
  if (!credentials) return { how: 'unauthorized', server, address };
  if (!(answer.api instanceof ControlPlane))
    throw new Error("lab: the API over this etcd cluster is not the lab's own");
  answer.api.catchUp();
  return { how: 'open', plane: answer.api, server, node: answer.node };
}

export function hostOf(server: string): { host: string; port: number } {
  const url = new URL(server.includes('://') ? server : `https://${server}`);
  return { host: url.hostname, port: url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port) };
}

function trusts(cluster: { [key: string]: unknown } | undefined, call: ToolCall, ca: string | null): boolean {
  if (ca === null) return true;
  const data = cluster?.['certificate-authority-data'];
  const file = cluster?.['certificate-authority'];
  const text =
    typeof data === 'string'
      ? Buffer.from(data, 'base64').toString('utf8')
      : typeof file === 'string'
        ? new TextDecoder().decode(call.read(file) ?? new Uint8Array())
        : '';
  const blocks = (pem: string): string[] =>
    (pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []).map((block) =>
      block.replace(/\s+/g, ''),
    );
  const wanted = blocks(ca);
  return blocks(text).some((block) => wanted.includes(block));
}

/** Go's words for a dial that failed. */
export function dialText(access: Extract<Access, { address: string }>): string {
  if (access.how === 'refused') return `dial tcp ${access.address}: connect: connection refused`;
  if (access.how === 'timeout') return `dial tcp ${access.address}: i/o timeout`;
  if (access.how === 'unreachable') return `dial tcp ${access.address}: connect: no route to host`;
  return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
}

/** How long a dial takes to fail, or a call to be answered. */
export const API_CALL = 120;
export const DIAL_TIMEOUT = 30_000;
