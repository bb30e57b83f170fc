import type { Model } from '../../model.ts';
import { diskErrs, linksNow } from '../../nodes/masked.ts';
import type { NodeModel } from '../../nodes/node.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import { connect, NoClient, reach, RpcError } from './client.ts';
import type { Flags } from './flags.ts';
import { failed, said } from './say.ts';

/** What a node's kernel has told so far: made up, and the first line says so. */
export function dmesgOf(model: Model, node: NodeModel): string[] {
  const line = (facility: string, level: string, at: number, text: string): string =>
    `${facility}: ${level.padStart(7)}: [${model.clock.wall(Math.max(0, at))}]: ${text}`;
  const disk = (node.installed ?? '/dev/sda').replace('/dev/', '');
  const errors = [4_982_784, 4_982_792].map((sector) =>
    line(
      'kern',
      'err',
      node.since,
      `I/O error, dev ${disk}, sector ${sector} op 0x0:(READ) flags 0x80700 phys_seg 4 prio class 2`,
    ),
  );
  return [
    line('kern', 'info', 0, 'coldstart-lab: a simulated node, these lines are made up'),
    ...linksNow(model, node).map(({ name, up, mtu }) =>
      line('kern', 'info', node.since, up ? `${name}: NIC Link is Up, mtu ${mtu}` : `${name}: NIC Link is Down`),
    ),
    line('user', 'warning', node.since, `[talos] stage: ${node.stage}`),
    ...(diskErrs(model, node) ? errors : []),
  ];
}

/** `talosctl dmesg` of one node, to its end. */
export async function dmesg(model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  if (flags.has('follow')) notSimulated('talosctl', call.argv, '--follow');
  try {
    const client = connect(call, flags);
    const [target, more] = client.nodes;
    if (more !== undefined) notSimulated('talosctl', call.argv, 'dmesg of several nodes');
    if (target === undefined)
      return failed(
        'error getting dmesg: nodes are not set for the command: please use `--nodes` flag or configuration file to set the nodes to run the command against',
      );
    const { node } = await reach(model, call, client, target);
    return said(
      dmesgOf(model, node)
        .map((line) => `${target}: ${line}\n`)
        .join(''),
    );
  } catch (error) {
    if (error instanceof NoClient) return failed(error.message);
    // Of a stream that was passed on, the real one names neither the command nor the node.
    if (error instanceof RpcError)
      return failed(
        error.via === null ? `error getting dmesg: ${error.message}` : `1 error occurred:\n ${error.message}`,
      );
    throw error;
  }
}
