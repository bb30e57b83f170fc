import type { Model } from '../../model.ts';
import { adminCredentials } from '../../pki/admin.ts';
import type { ReceivedConfig } from '../../nodes/config.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import { connect, NoClient, reach, RpcError } from './client.ts';
import type { Flags } from './flags.ts';
import { failed, said } from './say.ts';

/** `talosctl kubeconfig -`. Only the one that writes to stdout: no step may let talosctl merge into the operators' file. */
export async function kubeconfig(model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  if (flags.words[0] !== '-') notSimulated('talosctl', call.argv, 'kubeconfig into a file; `kubeconfig -` is');
  try {
    const client = connect(call, flags);
    const target = client.nodes[0];
    if (target === undefined)
      return failed(
        'error initializing gzip: nodes are not set for the command: please use `--nodes` flag or configuration file to set the nodes to run the command against',
      );
    const { node, via } = await reach(model, call, client, target);
    call.target(node.name);
    if (node.config?.role !== 'controlplane')
      throw new RpcError(
        'rpc error: code = Unimplemented desc = kubeconfig is only available on control plane nodes',
        via,
      );
    return said(adminConfig(model, node.config));
  } catch (error) {
    if (error instanceof NoClient) return failed(error.message);
    if (error instanceof RpcError) return failed(`error initializing gzip: ${error.message}`);
    throw error;
  }
}

/** The administrator's kubeconfig, in the form and order of Talos' own template. The server is the config's endpoint. */
export function adminConfig(model: Model, config: ReceivedConfig): string {
  const { certificate, key } = adminCredentials(model.random, config.clusterName);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const user = `admin@${config.clusterName}`;
  return `apiVersion: v1
kind: Config
clusters:
- name: ${config.clusterName}
  cluster:
    server: ${config.endpoint}
    certificate-authority-data: ${base64(config.kubernetesCa ?? '')}
users:
- name: ${user}
  user:
    client-certificate-data: ${base64(certificate)}
    client-key-data: ${base64(key)}
contexts:
- context:
    cluster: ${config.clusterName}
    namespace: default
    user: ${user}
  name: ${user}
current-context: ${user}
`;
}
