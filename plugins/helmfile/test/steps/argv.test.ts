import { describe, expect, it } from 'vitest';
import { unnamed } from '../../../../packages/tools/test/fakes.ts';
import { helmfilePlugin } from '../../src/index.ts';
import { surveyed } from './common.ts';

describe('every argv names kubeconfig and context', async () => {
  const facts = await surveyed();
  const changing = helmfilePlugin.steps.filter((s) => s.kind === 'change');
  it.each(changing.map((s) => [s.id, s] as const))('%s', (_, step) => {
    const items = step.forEach?.(facts) ?? [{ key: 'cluster', item: undefined }];
    const calls = items.flatMap(({ key, item }) => [
      ...step.plan({ key, item, facts }),
      ...(step.prepare?.({ key, item, facts }) ?? []),
    ]);
    expect(calls.length).toBeGreaterThan(0);
    expect(unnamed(calls as never)).toEqual([]);
  });
  it.each(changing.map((s) => [s.id, s] as const))('%s plans the same twice, and guards what it changes', (_, step) => {
    for (const { key, item } of step.forEach?.(facts) ?? [{ key: 'cluster', item: undefined }]) {
      const plan = step.plan({ key, item, facts });
      expect(step.plan({ key, item, facts })).toEqual(plan);
      for (const action of plan) expect(action.guard).toEqual(action.risk === 'read' ? [] : ['helmfile/cluster']);
    }
  });
});
