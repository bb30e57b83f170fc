import { contribution, type Plan, type Step } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
import { gather, makePlan, planDifferences, planDigest, quoteWords, showAction } from '../src/index.ts';
import { FakeWorld } from './support/fake-world.ts';
import { changing, exec, procedureOf } from './support/harness.ts';

const world = new FakeWorld();
const forEach = () => ['n1', 'n2'].map((key) => ({ key, item: key }));
const planOf = (steps: Step[], tools = [{ name: 'tool', version: '1' }]): Plan =>
  makePlan(gather([contribution({ plugin: 't', steps })]), procedureOf(['one', steps.map((s) => s.id)]), {
    cluster: 'infra',
    facts: {},
    inputs: [{ path: 'a', digest: 'd' }],
    tools,
    configuration: {},
    assumed: [],
  });
const steps = (): Step[] => [changing(world, 'a/one', { forEach }), changing(world, 'a/two')];

describe('plan', () => {
  test('the same input gives the same plan', () => {
    expect(planDigest(planOf(steps()))).toBe(planDigest(planOf(steps())));
    expect(planDifferences(planOf(steps()), planOf(steps()))).toEqual([]);
  });

  test.each<[string, () => Plan, RegExp]>([
    [
      'an action less',
      () => planOf([changing(world, 'a/one', { forEach, plan: () => [] }), changing(world, 'a/two')]),
      /a\/one.*actions\[go\]/,
    ],
    [
      'an action more',
      () =>
        planOf([
          changing(world, 'a/one', { forEach, plan: ({ key }) => [exec('go', ['a/one', key]), exec('more')] }),
          changing(world, 'a/two'),
        ]),
      /actions\[more\]/,
    ],
    ['another order of steps', () => planOf(steps().reverse()), /the order differs/],
    [
      'another order of items',
      () => planOf([changing(world, 'a/one', { forEach: () => forEach().reverse() }), changing(world, 'a/two')]),
      /the order differs/,
    ],
    ['another tool', () => planOf(steps(), [{ name: 'tool', version: '2' }]), /tools\[tool\].version: "1" \| "2"/],
  ])('%s is a difference, and is named', (_what, other, said) => {
    expect(planDigest(other())).not.toBe(planDigest(planOf(steps())));
    expect(planDifferences(planOf(steps()), other()).join('\n')).toMatch(said);
  });

  test('what was assumed is not compared', () => {
    expect(planDifferences(planOf(steps()), { ...planOf(steps()), assumed: ['x'] })).toEqual([]);
  });

  test('an action reads as words that a shell reads back, holes as <…>', () => {
    const action = exec('x', [
      '--file',
      { ref: 'seen/access', show: '--insecure while in maintenance' },
      "it's",
    ] as never);
    expect(quoteWords(showAction(action))).toBe(`tool --file '<--insecure while in maintenance>' 'it'\\''s'`);
  });
});
