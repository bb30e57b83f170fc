import type { Model } from '../../model.ts';
import { bootstrapEtcd } from '../../etcd/life.ts';
import { clockInStep, hasBooted, holdsStaleEtcd } from '../../nodes/masked.ts';
import type { NodeModel } from '../../nodes/node.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import { connect, EOF, NoClient, reach, RpcError, slowness } from './client.ts';
import type { Flags } from './flags.ts';
import { failed, framed, said } from './say.ts';

/** `talosctl bootstrap`, for one node. */
export async function bootstrap(model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  if (flags.one('recover-from') !== undefined) notSimulated('talosctl', call.argv, '--recover-from');
  try {
    const client = connect(call, flags);
    const target = client.nodes[0];
    if (target === undefined)
      return failed(
        'error executing bootstrap: nodes are not set for the command: please use `--nodes` flag or configuration file to set the nodes to run the command against',
      );
    call.target(target);
    const { node, via } = await reach(model, call, client, target);
    call.target(node.name);
    await call.spend(model.durations.draw('talosctl/bootstrap', node.name) * slowness(model, node.name));
    // It went down meanwhile, before anything was done.
    if (!hasBooted(node) && node.stage !== 'maintenance') throw new RpcError(EOF);
    mayBootstrap(model, node, via);
    bootstrapEtcd(model, node, call.change);
    if (model.faults.strike('eof-after-success', node.name)) throw new RpcError(EOF);
    return said('');
  } catch (error) {
    if (error instanceof NoClient) return failed(error.message);
    if (error instanceof RpcError) return failed(`error executing bootstrap: ${framed(error)}\n`);
    throw error;
  }
}

/** The node's own guards; throws `RpcError`. None of them looks beyond this node (talos#5500). */
export function mayBootstrap(model: Model, node: NodeModel, via: string | null): void {
  const because = (code: string, why: string): never => {
    throw new RpcError(`rpc error: code = ${code} desc = ${why}`, via);
  };
  if (node.config?.role !== 'controlplane')
    because('Unimplemented', 'bootstrap is only available on control plane nodes');
  if (!clockInStep(model, node)) because('FailedPrecondition', 'time is not in sync yet');
  if (model.clock.now < node.bootstrapFrom || model.faults.strike('bootstrap-early', node.name))
    because('FailedPrecondition', 'bootstrap is not available yet');
  if (node.etcd.data || holdsStaleEtcd(model, node)) because('AlreadyExists', 'etcd data directory is not empty');
}
