import { parseResources, textOf } from './documents.ts';

/** Labels that only an install of Talos writes. */
const OWN = new Set(['META', 'STATE', 'EPHEMERAL']);

/** Reads `get discoveredvolumes -o json` of one node: the labels of Talos' own partitions, in the disk's order. */
export function parseTalosPartitions(stdout: string): string[] {
  return parseResources(stdout)
    .map(({ spec }) => textOf(spec['partitionLabel']) ?? '')
    .filter((label) => OWN.has(label));
}
