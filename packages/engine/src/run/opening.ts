import type { Criterion, Event, Mode } from '@coldstart/contract';
import { planDigest } from '../plan/compare.ts';
import type { Order } from '../plan/order.ts';
import type { RunOptions } from './options.ts';

/** What is left out since its plugin is not installed, a line per plugin. */
export function absences({ absent }: Order): string[] {
  const by = Map.groupBy(absent, ({ from, verify }) => `${from} is not installed: not ${verify ? 'verified' : 'run'}`);
  return [...by].map(([why, steps]) => `${why}: ${steps.map((s) => s.step).join(', ')}`);
}

/** Real tools beside one that says of itself that it is simulated are no live run. */
function modeOf({ world, tools }: RunOptions): Mode {
  const simulated = Object.values(tools).some((tool) => tool?.simulated);
  return world.mode === 'live' && simulated ? 'lab-wire' : world.mode;
}

export function opening(options: RunOptions, order: Order, id: string, generation: number): Event {
  const { plan, world } = options;
  const { user, host, pid } = world.host();
  return {
    type: 'run-start',
    schema: 'coldstart.journal/1',
    run: id,
    cluster: plan.cluster,
    generation,
    procedure: plan.procedure,
    mode: modeOf(options),
    coldstart: options.version,
    story: options.story,
    ...options.rehearsal,
    operator: { user, host, pid },
    plan: {
      digest: planDigest(plan),
      phases: plan.phases.map((p) => ({
        id: p.id,
        title: p.title,
        slo: options.slo.phases[p.id]?.bound ?? null,
        sloFormula: options.slo.phases[p.id]?.formula ?? null,
        steps: p.steps.map((s) => ({ id: s.id, title: s.title, items: s.items.map((i) => i.key) })),
      })),
    },
    slo: options.slo.total,
    inputs: plan.inputs,
    tools: Object.entries(options.tools).map(([name, found]) => ({
      name,
      version: found?.version ?? null,
      simulated: found?.simulated ?? false,
      digest: found?.digest ?? null,
    })),
    criteria: order.phases.flatMap((p) =>
      p.steps.flatMap(({ step }) => (step.criteria ?? []).map((c): Criterion => ({ ...c, step: step.id }))),
    ),
    assumed: plan.assumed,
  };
}
