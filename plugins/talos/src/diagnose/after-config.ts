import type { Look, Reader, Signal } from '@coldstart/contract';
import type { TalosNode } from '../facts.ts';
import { askNode, reachOf, read } from '../node/ask.ts';
import type { NodeClass } from '../node/look.ts';
import { APPLY_ACTION, APPLY_STEPS, lastSent } from '../node/past.ts';
import { ask } from '../talosctl/argv.ts';
import { parseTalosPartitions } from '../talosctl/volumes.ts';

/** What became of a node that took its config and is not back: the disk tells how far the install came. */
export async function afterConfig(look: Look, node: TalosNode, seen: NodeClass): Promise<Signal[]> {
  const sent = lastSent(look.past, APPLY_STEPS, node.name, APPLY_ACTION);
  if (!sent) return [];
  const signal = (observed: string, source: string): Signal[] => [
    { name: 'after its config', subject: node.name, expected: 'its own certificate', observed, ok: false, source },
  ];
  if (seen === 'refused') return signal('no API', 'TCP');
  if (seen === 'silent') return signal('silence', 'TCP');
  // Of a call that got no answer it is not known that the config ever came there.
  if (seen !== 'maintenance' || sent.outcome !== 'ok') return [];
  const { world, facts } = look;
  const told = read(await askNode(world, reachOf(facts), node.address, 'insecure', ask.volumes), parseTalosPartitions);
  if (!told.ok) return [];
  const source = 'talosctl get discoveredvolumes';
  if (told.value.length === 0)
    return signal(
      `maintenance, nothing of Talos on its disks, to be installed from ${await installer(world, node)}`,
      source,
    );
  const whole = told.value.includes('STATE');
  return signal(`maintenance, ${whole ? 'installed' : 'half installed'}: partitions ${told.value.join(', ')}`, source);
}

/** The installer image that a rendered config names. */
async function installer(world: Reader, node: TalosNode): Promise<string> {
  const text = new TextDecoder().decode(await world.read(node.config));
  return /^\s+image:\s*["']?([^\s"']*installer[^\s"']*)/m.exec(text)?.[1] ?? 'its installer image';
}
