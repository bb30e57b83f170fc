import type { Facts, Ms, Plan } from '@coldstart/contract';
import type { Kit, PhaseSlo, RunOptions } from '@coldstart/engine';
import { showDuration } from '../config/duration.ts';
import { defaultSlo, type SloOfPhase } from '../procedures/create.ts';

/**
 * The bounds that a run is held against: the configuration's, else the procedure's own. A phase whose work grows with the
 * cluster has `base + perNode × nodes ÷ width`; nodes and width are those of its steps that handle only so many items at
 * once (`limit`), each step's rounds rounded up.
 */
export function sloOf(
  plan: Plan,
  kit: Kit,
  facts: Facts,
  configured: { total: Ms | null; phases: Readonly<Record<string, SloOfPhase>> },
): RunOptions['slo'] {
  const phases = Object.entries({ ...defaultSlo.phases, ...configured.phases });
  return {
    total: configured.total ?? defaultSlo.total,
    phases: Object.fromEntries(phases.map(([id, slo]) => [id, boundOf(slo, id, plan, kit, facts)])),
  };
}

function boundOf(slo: SloOfPhase, phase: string, plan: Plan, kit: Kit, facts: Facts): PhaseSlo {
  if (typeof slo === 'number') return { bound: slo, formula: null };
  let nodes = 0;
  let rounds = 0;
  let width = 1;
  for (const { id, items } of plan.phases.find((p) => p.id === phase)?.steps ?? []) {
    const step = kit.steps.get(id);
    if (step?.kind !== 'change' || !step.limit || !step.forEach) continue;
    width = Math.max(1, step.limit(facts).n);
    nodes += items.length;
    rounds += Math.ceil(items.length / width);
  }
  return {
    bound: slo.base + slo.perNode * rounds,
    formula: `${showDuration(slo.base)} + ${showDuration(slo.perNode)} × ${nodes} ÷ ${width}`,
  };
}
