import type { Reader, Signal } from '@coldstart/contract';
import type { TalosNode } from '../facts.ts';
import { ask } from '../talosctl/argv.ts';
import { differences, identityOf, parseMachineConfig } from '../talosctl/machineconfig.ts';
import { askNode, read, type Reach } from './ask.ts';
import type { Fault } from '../talosctl/failure.ts';
import { told, unanswered } from './inspect.ts';

/** How the config that a node runs compares with the repository's, unless the node did not tell it; `at`: where it differs. */
export type RunningConfig = { signals: Signal[] } & (
  | { untold: Fault }
  | { untold: null; how: 'same' }
  | { untold: null; how: 'another-node' }
  | { untold: null; how: 'differs'; at: string[] }
);

/**
 * Compares what a configured node runs with its file in the repository, in memory: only paths of differing values leave
 * this function, never values.
 */
export async function compareRunningConfig(world: Reader, reach: Reach, node: TalosNode): Promise<RunningConfig> {
  const running = read(await askNode(world, reach, node.address, 'secure', ask.config), parseMachineConfig);
  const source = 'talosctl get machineconfig';
  const subject = node.name;
  if (!running.ok) return unanswered({ name: 'machine config', subject, expected: 'told', source }, running.fault);
  const bytes = await world.read(node.config);
  const wanted = parseMachineConfig(new TextDecoder().decode(bytes));
  const live = identityOf(running.value);
  const sameNode = (live.hostname === null || live.hostname === node.name) && (live.type ?? 'worker') === node.role;
  const who: Signal = {
    name: 'hostname and type',
    subject,
    expected: `${node.name}, ${node.role}`,
    observed: `${live.hostname ?? 'no hostname'}, ${live.type ?? 'no type'}`,
    ok: sameNode,
    source,
  };
  if (!sameNode) return { how: 'another-node', ...told(who) };
  const at = differences(running.value, wanted);
  const same: Signal = {
    name: 'machine config',
    subject,
    expected: `as ${node.config}`,
    observed: at.length === 0 ? 'identical' : `differs at ${at.join(', ')}`,
    ok: true,
    source,
  };
  return at.length === 0 ? { how: 'same', ...told(who, same) } : { how: 'differs', at, ...told(who, same) };
}
