import { leakedSecrets } from '../../plugins/lab/src/verdict/nodes.ts';
import { hasOneCluster, phaseFindings } from './whole.ts';
import type { OpenLab } from '@coldstart/plugin-lab';
import type { Process } from './process.ts';
import type { Case } from './case.ts';
import type { Ground } from './topology.ts';
import type { Watch } from './watch.ts';

/** What holds at any moment. */
export function always(lab: OpenLab, watch: Watch): string[] {
  const leaked = [...lab.model.nodes.values()].reduce((sum, node) => sum + node.leaked, 0);
  return [...watch.broken, ...hasOneCluster(lab), ...(leaked > watch.excused ? leakedSecrets(lab.model) : [])];
}

/** Faults of a node that pass by themselves, and how long that takes at most. */
const PASSING = /^(?:reboots|crash|flaps|api-flaps)\b/;
const BACK_WITHIN = 60 * 60_000;

/** What holds of one process's end, whatever happened to it. */
export async function ofEnd(
  { ended, outdated }: Pick<Process, 'ended' | 'outdated'>,
  lab: OpenLab,
  { scope, troubles }: Case,
  ground: Ground,
): Promise<string[]> {
  if (ended.how === 'endless') return ['it did not end within a day of virtual time'];
  if (ended.how === 'broke') return [`it broke: ${ended.error}`];
  if (ended.how === 'killed') return [];
  if (ended.exit === 1) return [`it ended as a bug: ${ended.failure?.cause ?? 'no cause'}`];
  if (ended.exit !== 0) return ended.exit === 130 || ended.failure?.cause ? [] : [`exit ${ended.exit} without a cause`];
  // The last looks may take half a minute, where one of their calls hangs.
  if (outdated) return [];
  // A node that goes down by itself and comes back may do so a moment after the last look: nobody can know it.
  const passing = troubles.some(({ fault }) => PASSING.test(fault));
  if (passing && phaseFindings(lab, scope, ground).length > 0) await lab.process().sleep(BACK_WITHIN);
  return phaseFindings(lab, scope, ground).map((finding) => `exit 0, and the world is not whole: ${finding}`);
}

/** Secrets that stand in what was put out. */
export function leaks(outputs: readonly string[], { canaries }: Ground): string[] {
  return canaries.flatMap((canary) =>
    outputs.some((text) => text.includes(canary)) ? [`a secret stands in an output: ${canary.slice(0, 4)}…`] : [],
  );
}
