import { EXIT, Problem } from '@coldstart/contract';
import type { Kit } from '@coldstart/engine';
import { create } from '../procedures/create.ts';

/** Steps that are looked at before anything is changed. */
export function preflightSteps(kit: Kit): string[] {
  const steps = [...kit.steps.values()].filter((step) => step.kind === 'preflight').map((step) => step.id);
  if (steps.length > 0) return steps;
  throw new Problem('nothing that is installed has a preflight', {
    exit: EXIT.usage,
    remedy: 'npm install @coldstart/plugin-talos',
  });
}

/** Steps whose look says where a cluster stands: all but preflight, which says whether one may begin. */
export function standingSteps(kit: Kit): string[] {
  const phases = new Set(create.phases.map((phase) => phase.id));
  return [...kit.steps.values()]
    .filter((step) => step.kind !== 'preflight' && phases.has(step.phase))
    .map((step) => step.id);
}
