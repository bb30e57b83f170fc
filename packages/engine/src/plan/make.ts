import type { Action, Facts, Input, Json, Plan, Prepare, Procedure, Step, ToolVersion } from '@coldstart/contract';
import type { Kit } from '../kit.ts';
import { itemsOf } from './items.ts';
import { orderSteps, type Selection } from './order.ts';

/**
 * Makes the plan: pure, from what the surveys learned. The same repository, configuration and tools give the same plan,
 * whatever the state of the cluster.
 */
export function makePlan(
  kit: Kit,
  procedure: Procedure,
  from: {
    cluster: string;
    facts: Facts;
    inputs: Input[];
    tools: ToolVersion[];
    configuration: Record<string, Json>;
    assumed: string[];
    selection?: Selection;
  },
): Plan {
  const order = orderSteps(kit, procedure, from.facts, from.selection);
  return {
    schema: 'coldstart.plan/1',
    cluster: from.cluster,
    procedure: procedure.id,
    phases: order.phases.map((phase) => ({
      id: phase.id,
      title: phase.title,
      steps: phase.steps.map(({ step }) => ({
        id: step.id,
        title: step.title,
        items: itemsOf(step, from.facts, from.selection?.items).map(({ key, item, after }) => ({
          key,
          after: after ?? [],
          prepare: preparations(step, { key, item, facts: from.facts }),
          actions: step.kind === 'change' ? step.plan({ key, item, facts: from.facts }) : [],
        })),
      })),
    })),
    inputs: from.inputs,
    tools: from.tools,
    configuration: from.configuration,
    assumed: from.assumed,
  };
}

function preparations(step: Step, at: { key: string; item: unknown; facts: Facts }): Action[] {
  if (step.kind !== 'change' || !step.prepare) return [];
  return step.prepare(at).map(({ as, why, ...exec }: Prepare): Action => ({
    do: 'exec',
    ...exec,
    id: `prepare-${as}`,
    why,
    risk: 'read',
    guard: [],
    out: { as, secret: false, keep: 'none' },
  }));
}
