import type { Witness } from '@coldstart/contract';
import { nodesOf } from './facts.ts';
import { askNode, read, reachOf, type Access } from './node/ask.ts';
import { ask } from './talosctl/argv.ts';
import { parseResources, textOf } from './talosctl/documents.ts';

/** The platform that a simulated node names as its own; Talos' own names are `metal`, `aws`, … */
const SIMULATED = 'coldstart-lab';

/** Asks every node for its platform, in maintenance and after: a simulated one says that it is. */
export const nodesWitness: Witness = {
  id: 'talos/platform',
  look: async ({ facts, world }) => {
    if (facts['talos/nodes'] === undefined) return [];
    const reach = reachOf(facts);
    const platform = async (address: string, access: Access): Promise<string | null> => {
      const told = read(await askNode(world, reach, address, access, ask.platform), parseResources);
      return told.ok ? textOf(told.value[0]?.spec['platform']) : null;
    };
    const told = await Promise.all(
      nodesOf(facts).map(async ({ name, address }) => {
        if ((await world.dial(address, reach.port, reach.dial)) !== 'open') return [];
        const platforms = await Promise.all([platform(address, 'secure'), platform(address, 'insecure')]);
        return platforms.includes(SIMULATED) ? [`node ${name} (platform ${SIMULATED})`] : [];
      }),
    );
    return told.flat();
  },
};
