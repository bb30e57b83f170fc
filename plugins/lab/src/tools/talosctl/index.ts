import type { Model } from '../../model.ts';
import { Interrupted, notSimulated, type SimulatedTool, type ToolCall, type ToolResult } from '../tool.ts';
import { apply } from './apply.ts';
import { bootstrap } from './bootstrap.ts';
import { connect, NoClient } from './client.ts';
import { type Command, commandOf, hidden } from './commands.ts';
import { contexts, info } from './config.ts';
import { dmesg } from './dmesg.ts';
import { etcdAlarms, etcdMembers, etcdStatus } from './etcd.ts';
import { BadFlag, type Flags, parseFlags, usage } from './flags.ts';
import { get } from './get.ts';
import { health } from './health.ts';
import { kubeconfig } from './kubeconfig.ts';
import { failed } from './say.ts';
import { services } from './services-command.ts';
import { validate } from './validate.ts';
import { version } from './version.ts';

const VERSION = '1.13.0';

type Run = (model: Model, call: ToolCall, flags: Flags) => Promise<ToolResult> | ToolResult;

const runs: Readonly<Record<string, Run>> = {
  'apply-config': apply,
  bootstrap,
  get: (model, call, flags) => get(model, call, flags, VERSION),
  services,
  dmesg,
  'etcd members': etcdMembers,
  'etcd status': etcdStatus,
  'etcd alarm list': etcdAlarms,
  kubeconfig,
  health,
  version: (model, call, flags) => version(model, call, flags, VERSION),
  validate: (_model, call, flags) => validate(call, flags),
  'config contexts': (_model, call, flags) => contexts(call, flags),
  'config info': info,
};

/** Commands that send something to a node. */
const CHANGES = new Set(['apply-config', 'bootstrap']);

/**
 * talosctl as version 1.13.0 behaves, against the nodes of the lab. What stands in `commands.ts` is played; any other command
 * ends the rehearsal as a gap of the lab.
 */
export const talosctl: SimulatedTool = {
  name: 'talosctl',
  version: VERSION,
  reads: (argv) => {
    const named = commandOf(argv);
    return named !== undefined && !(CHANGES.has(named.command.path) && !argv.includes('--dry-run'));
  },
  run: async (model, call) => {
    const named = commandOf(call.argv);
    if (!named) notSimulated('talosctl', call.argv);
    await call.spend(model.durations.draw('talosctl/start', 'talosctl'));
    try {
      const flags = parseFlags(named.rest, [...named.command.flags, ...(hidden[named.command.path] ?? [])]);
      if (flags.has('help')) return { exit: 0, stdout: usage(named.command), stderr: '' };
      const tooMany = refuseMany(named.command, call, flags);
      if (tooMany) return tooMany;
      return await runs[named.command.path]!(model, call, flags);
    } catch (error) {
      if (error instanceof BadFlag) return failed(`${error.message}\n\n${usage(named.command)}`);
      if (error instanceof Interrupted && error.signal !== 'SIGKILL') return aborted(named.command);
      throw error;
    }
  },
};

/** Some commands take one node only. */
function refuseMany(command: Command, call: ToolCall, flags: Flags): ToolResult | undefined {
  if (command.many || !runsAgainstNodes(command)) return undefined;
  let nodes = flags.all('nodes');
  if (nodes.length === 0) {
    try {
      nodes = connect(call, flags).nodes;
    } catch (error) {
      if (error instanceof NoClient) return undefined;
      throw error;
    }
  }
  if (nodes.length < 2) return undefined;
  return failed(`command ${JSON.stringify(command.path)} is not supported with multiple nodes\n\n${usage(command)}`);
}

function runsAgainstNodes(command: Command): boolean {
  return command.path === 'bootstrap' || command.path === 'kubeconfig';
}

const VERBS: Readonly<Record<string, string>> = {
  'apply-config': 'error applying new configuration: ',
  bootstrap: 'error executing bootstrap: ',
  services: 'error listing services: ',
  dmesg: 'error getting dmesg: ',
  version: 'error getting version: ',
  'etcd members': 'error getting members: ',
  'etcd status': 'error getting status: ',
  kubeconfig: 'error initializing gzip: ',
};

/** The last words at SIGINT or SIGTERM. */
function aborted(command: Command): ToolResult {
  return failed(
    `Signal received, aborting, press Ctrl+C once again to abort immediately...\n${VERBS[command.path] ?? ''}rpc error: code = Canceled desc = context canceled`,
  );
}
