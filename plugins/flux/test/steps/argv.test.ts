import { describe, expect, it } from 'vitest';
import { unnamed } from '../../../../packages/tools/test/fakes.ts';
import { fluxPlugin } from '../../src/index.ts';
import { facts } from './common.ts';

describe('every argv names kubeconfig and context', () => {
  it.each(fluxPlugin.steps.filter((s) => s.kind === 'change').map((s) => [s.id, s] as const))('%s', (_, step) => {
    const plan = step.plan({ key: 'cluster', item: undefined, facts });
    expect(plan.length).toBeGreaterThan(0);
    expect(unnamed(plan as never)).toEqual([]);
    expect(step.plan({ key: 'cluster', item: undefined, facts })).toEqual(plan);
    for (const action of plan) expect(action.guard).toEqual(action.risk === 'read' ? [] : ['helmfile/cluster']);
  });
});
