import type { Plan } from '@coldstart/contract';

/** Whether any action of a plan is known to come. What only looks takes no lock, and waits for none. */
export const plansActions = (plan: Plan): boolean =>
  plan.phases.some(({ steps }) => steps.some(({ items }) => items.some(({ actions }) => actions.length > 0)));
