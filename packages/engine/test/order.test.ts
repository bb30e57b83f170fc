import { contribution, type Step } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
import { gather, orderSteps } from '../src/index.ts';
import { changing, checking, done, procedureOf } from './support/harness.ts';
import { FakeWorld } from './support/fake-world.ts';

const world = new FakeWorld();
const change = (id: string, more: object = {}): Step => changing(world, id, more);
const check = (id: string, more: object = {}): Step => checking(id, async () => done(), more);
const kitOf = (...steps: Step[]) => gather([contribution({ plugin: 'test', steps })]);
const waits = (steps: Step[], procedure = procedureOf(['one', steps.map((s) => s.id)])): Record<string, string[]> =>
  Object.fromEntries(
    orderSteps(kitOf(...steps), procedure, {}).phases.flatMap((p) => p.steps.map((s) => [s.step.id, s.waitsFor])),
  );

describe('order', () => {
  test('a changing step waits for the changing steps before it, a check only for its needs', () => {
    const order = waits([
      change('a/one', { provides: ['f/x'] }),
      check('a/look', { needs: ['f/x'] }),
      change('a/two'),
      check('a/free'),
    ]);
    expect(order).toEqual({ 'a/one': [], 'a/look': ['a/one'], 'a/two': ['a/one'], 'a/free': [] });
  });

  test('a phase is a barrier for all, unless overlaps names a step or a phase', () => {
    const steps = [
      change('a/one'),
      check('a/look'),
      change('b/all', { phase: 'two' }),
      change('b/step', { phase: 'two', overlaps: ['a/one', 'b/all'] }),
      change('b/phase', { phase: 'two', overlaps: ['one', 'two'] }),
    ];
    expect(waits(steps, procedureOf(['one', ['a/one', 'a/look']], ['two', ['b/all', 'b/step', 'b/phase']]))).toEqual({
      'a/one': [],
      'a/look': [],
      'b/all': ['a/one', 'a/look'],
      'b/step': ['a/look'],
      'b/phase': [],
    });
  });

  test('what a further plugin contributes stands at the end of its phase, by needs, then by id', () => {
    const kit = kitOf(
      change('z/listed'),
      change('b/last', { needs: ['f/y'] }),
      change('c/mid', { provides: ['f/y'] }),
      change('a/first'),
    );
    const order = orderSteps(kit, procedureOf(['one', ['z/listed']]), {});
    expect(order.phases[0]?.steps.map((s) => s.step.id)).toEqual(['z/listed', 'a/first', 'c/mid', 'b/last']);
  });

  test.each([
    ['a need that nothing provides', [change('a/one', { needs: ['f/none'] })], /a\/one needs the fact f\/none/],
    [
      'a fact provided twice',
      [change('a/one', { provides: ['f/x'] }), change('a/two', { provides: ['f/x'] })],
      /f\/x is provided by both a\/one and a\/two/,
    ],
    [
      'a provider that comes later',
      [change('a/one', { needs: ['f/y'] }), change('a/two', { provides: ['f/y'] })],
      /a\/one needs the fact f\/y, and a\/two, which provides it, comes later/,
    ],
  ])('%s is refused before anything runs, exit 2', (_what, steps, message) => {
    expect(() => waits(steps)).toThrow(expect.objectContaining({ message: expect.stringMatching(message), exit: 2 }));
  });

  test('steps whose plugin is absent are told, with what brings them', () => {
    const procedure = procedureOf(['one', ['a/one', 'x/gone', 'x/verify']]);
    procedure.phases[0]?.steps.splice(2, 1, { id: 'x/verify', from: '@coldstart/plugin-x', verify: true });
    expect(orderSteps(kitOf(change('a/one')), procedure, {}).absent).toEqual([
      { step: 'x/gone', from: '@x/y', verify: false },
      { step: 'x/verify', from: '@coldstart/plugin-x', verify: true },
    ]);
  });

  test("a selected step brings its plugin's preflight of that phase along, and borrows facts from what is left out", () => {
    const kit = kitOf(
      check('a/pre', { kind: 'preflight' }),
      check('b/pre', { kind: 'preflight' }),
      change('a/one', { provides: ['f/x'] }),
      change('a/two', { needs: ['f/x'] }),
    );
    const [phase] = orderSteps(
      kit,
      procedureOf(['one', ['a/pre', 'b/pre', 'a/one', 'a/two']]),
      {},
      { steps: ['a/two'] },
    ).phases;
    expect(phase?.steps.map((s) => [s.step.id, s.borrows])).toEqual([
      ['a/pre', []],
      ['a/two', ['a/one']],
    ]);
  });

  test('two plugins with one step are refused', () => {
    const both = ['p', 'q'].map((plugin) => contribution({ plugin, steps: [change('a/one')] }));
    expect(() => gather(both)).toThrow(/step a\/one is brought by both p and q/);
  });
});
