import { parseAllDocuments } from 'yaml';
import type { Change, Model } from '../../model.ts';
import { understand, type ReceivedConfig } from '../../nodes/config.ts';
import { visibleDisks } from '../../nodes/disks.ts';
import { Undecodable } from '../../nodes/machine-config/document.ts';
import { isImpostor } from '../../nodes/impostor.ts';
import { install, reconfigure } from '../../nodes/life.ts';
import { bootedVersion } from '../../nodes/masked.ts';
import type { NodeModel } from '../../nodes/node.ts';
import { chosen, expression } from '../../nodes/selector.ts';
import { judged } from '../../nodes/machine-config/validate.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import { type Client, connect, EOF, NoClient, reach, RpcError, slowness } from './client.ts';
import type { Flags } from './flags.ts';
import { failed, framed, said } from './say.ts';
import { below } from './versions.ts';

const PREFIX = 'error applying new configuration: ';

/** Longer than anybody waits: talosctl itself sets no deadline. */
const HANGS = 24 * 3_600_000;

/** `talosctl apply-config`. */
export async function apply(model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  if (flags.one('config-patch') !== undefined) notSimulated('talosctl', call.argv, '--config-patch');
  const path = flags.one('file');
  if (path === undefined) return failed('no filename supplied for configuration');
  const bytes = call.read(path);
  if (!bytes)
    return failed(`failed to read configuration from ${JSON.stringify(path)}: open ${path}: no such file or directory`);
  if (bytes.length === 0) return failed('no configuration data read');
  let client: Client;
  try {
    client = connect(call, flags);
  } catch (error) {
    if (error instanceof NoClient) return failed(error.message);
    throw error;
  }
  if (!client.insecure && client.nodes.length > 1)
    notSimulated('talosctl', call.argv, 'apply-config to several nodes at once');
  const target = client.nodes[0];
  if (target === undefined)
    return failed(
      `${PREFIX}nodes are not set for the command: please use \`--nodes\` flag or configuration file to set the nodes to run the command against`,
    );
  call.target(target);
  try {
    return await send(model, call, flags, client, target, bytes);
  } catch (error) {
    if (error instanceof RpcError) return failed(`${PREFIX}${framed(error)}\n`);
    throw error;
  }
}

async function send(
  model: Model,
  call: ToolCall,
  flags: Flags,
  client: Client,
  target: string,
  bytes: Uint8Array,
): Promise<ToolResult> {
  const { node, via } = await reach(model, call, client, target);
  call.target(node.name);
  if (isImpostor(model, node)) {
    swallow(node, bytes, call.change);
    return said('', 'Applied configuration without a reboot\n');
  }
  const mode = flags.one('mode') ?? 'auto';
  const dry = flags.has('dry-run');
  const legacy = below(bootedVersion(model, node), '1.13.0');
  if (node.stage === 'maintenance' && legacy && (mode === 'no-reboot' || mode === 'staged'))
    throw new RpcError(
      `rpc error: code = Unimplemented desc = apply configuration --mode='${mode}' is not supported in maintenance mode`,
      via,
    );
  if (mode !== 'auto' && !dry) notSimulated('talosctl', call.argv, `--mode ${mode}`);
  const stage = node.stage;
  await call.spend(model.durations.draw('talosctl/apply', node.name) * slowness(model, node.name));
  if (model.faults.strike('apply-hangs', node.name)) await call.spend(HANGS);
  const config = checked(model, node, bytes, via);
  // Another call was served meanwhile.
  if (node.stage !== stage) throw new RpcError(EOF);
  if (client.insecure && model.faults.strike('taken', node.name)) {
    install(model, node, config, call.change);
    throw takenBefore(model, node, target);
  }
  if (dry) return said('', drySummary(node, config, legacy));
  if (node.stage === 'maintenance') install(model, node, config, call.change);
  else reconfigure(model, node, config, call.change);
  if (model.faults.strike('eof-after-success', node.name)) throw new RpcError(EOF);
  return said('', legacy && stage === 'maintenance' ? '' : 'Applied configuration without a reboot\n');
}

/** Another machine has the config now, and every secret in it. It says what Talos says. */
export function swallow(node: NodeModel, bytes: Uint8Array, change: Change): void {
  change.made(`an impostor at the address of ${node.name}: ${bytes.length} bytes of machine config`);
  node.leaked += 1;
}

/** What a call without a certificate gets from a node that somebody else has just given its config. */
export const takenBefore = (model: Model, node: NodeModel, target: string): RpcError =>
  new RpcError(
    `rpc error: code = Unavailable desc = ${
      // One fault, two texts: the alert comes through, or the write is faster than it.
      model.random.of('taken', node.name) < 0.3
        ? `write tcp 192.0.2.254:40000->${target}:50000: write: broken pipe`
        : 'connection error: desc = "error reading server preface: remote error: tls: certificate required"'
    }`,
  );

/** What the node understood of a config that it takes. Throws `RpcError` with what it finds wrong, in its words. */
export function checked(model: Model, node: NodeModel, bytes: Uint8Array, via: string | null): ReceivedConfig {
  const invalid = (why: string): never => {
    throw new RpcError(`rpc error: code = InvalidArgument desc = ${why}`, via);
  };
  try {
    const { error } = judged(bytes);
    if (error !== null) invalid(error);
    const config = understand(bytes);
    const disk = chosen(
      node.stage === 'maintenance' ? visibleDisks(model, node) : node.disks,
      config.disk,
      config.diskSelector,
    );
    if (!disk && config.diskSelector)
      invalid(`failed to validate diskSelector: no disks matched the expression: ${expression(config.diskSelector)}`);
    if (!disk) invalid(`failed to validate install disk: disk ${config.disk} does not exist`);
    return config;
  } catch (error) {
    // The recording of unknown keys has no more than the message.
    if (error instanceof Undecodable) return invalid(`${error.how === 'unknown-keys' ? '' : error.at}${error.message}`);
    throw error;
  }
}

/** What a dry run tells. */
export function drySummary(node: NodeModel, config: ReceivedConfig, legacy: boolean): string {
  if (node.stage === 'maintenance' && legacy)
    return 'Dry run summary:\nNode is running in maintenance mode and does not have a config yet.\n';
  const before = node.config ? Buffer.from(node.config.bytes, 'base64').toString('utf8') : null;
  const after = Buffer.from(config.bytes, 'base64').toString('utf8');
  const difference = before === null || before === after ? 'No changes.' : changed(before, after);
  return `Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).\nConfig diff:\n\n${difference}\n`;
}

function changed(before: string, after: string): string {
  const plain = (text: string): string =>
    JSON.stringify(parseAllDocuments(text).map((document: { toJS(): unknown }) => document.toJS()));
  if (plain(before) === plain(after)) return 'No changes.';
  const old = new Set(before.split('\n'));
  const now = new Set(after.split('\n'));
  const gone = before.split('\n').filter((line) => !now.has(line));
  const come = after.split('\n').filter((line) => !old.has(line));
  return [...gone.map((line) => `-${line}`), ...come.map((line) => `+${line}`)].join('\n');
}
