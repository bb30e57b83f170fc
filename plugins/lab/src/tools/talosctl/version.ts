import type { Model } from '../../model.ts';
import type { NodeModel } from '../../nodes/node.ts';
import type { ToolCall, ToolResult } from '../tool.ts';
import { type Client, connect, NoClient, reach, RpcError } from './client.ts';
import type { Flags } from './flags.ts';
import { eachNode, failed, said } from './say.ts';
import { below } from './versions.ts';

/** `talosctl version`. The client's own version stands on stdout before anything can fail. */
export async function version(model: Model, call: ToolCall, flags: Flags, own: string): Promise<ToolResult> {
  const head = clientPart(flags, own);
  if (flags.has('client')) return said(head);
  let client: Client;
  try {
    client = connect(call, flags);
  } catch (error) {
    if (error instanceof NoClient) return failed(error.message, flags.has('json') ? '' : `${head}Server:\n`);
    throw error;
  }
  if (flags.has('json'))
    return eachNode(
      client,
      'error getting version',
      (target) => tag(model, call, client, target),
      (answers) => answers.map(({ target, answer }) => `${json(target, answer)}\n`).join(''),
    );
  return eachNode(
    client,
    'error getting version',
    (target) => tag(model, call, client, target),
    (answers) => answers.map(({ target, answer }) => serverPart(target, answer)).join(''),
    `${head}Server:\n`,
  );
}

async function tag(model: Model, call: ToolCall, client: Client, target: string): Promise<NodeModel> {
  const { node, via } = await reach(model, call, client, target);
  if (node.stage === 'maintenance' && below(node.version, '1.13.0'))
    throw new RpcError('rpc error: code = Unimplemented desc = API is not implemented in maintenance mode', via);
  return node;
}

function clientPart(flags: Flags, own: string): string {
  if (flags.has('short')) return `Client:\nTalos v${own}\n`;
  return `Client:\n${part([
    ['Tag', `v${own}`],
    ['SHA', 'undefined'],
    ['Built', ''],
    ['Go version', 'go1.26.8'],
    ['OS/Arch', 'linux/amd64'],
  ])}`;
}

function serverPart(target: string, node: NodeModel): string {
  return part([
    ['NODE', target],
    ['Tag', node.version],
    ['SHA', 'abcdef12'],
    ['Built', ''],
    ['Go version', 'go1.26.0'],
    ['OS/Arch', 'linux/amd64'],
    ['Enabled', 'RBAC'],
  ]);
}

function json(target: string, node: NodeModel): string {
  return JSON.stringify({
    metadata: { hostname: target },
    version: { tag: node.version, sha: 'abcdef12', goVersion: 'go1.26.0', os: 'linux', arch: 'amd64' },
    platform: { name: 'metal', mode: 'metal' },
    features: { rbac: true },
  });
}

function part(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, value]) => `\t${`${name}:`.padEnd(13)}${value}\n`).join('');
}
