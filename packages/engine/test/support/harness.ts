import {
  contribution,
  type Action,
  type ChangingStep,
  type CheckingStep,
  type Contribution,
  type Facts,
  type JournalRecord,
  type Observation,
  type Procedure,
  type Step,
} from '@coldstart/contract';
import { gather, makePlan, run, type RunResult, type Selection } from '../../src/index.ts';
import type { FakeWorld } from './fake-world.ts';

export const exec = (
  id: string,
  argv: string[] = [id],
  more: Partial<Extract<Action, { do: 'exec' }>> = {},
): Action => ({
  do: 'exec',
  id,
  why: id,
  tool: 'tool',
  argv,
  deadline: 60_000,
  stop: { signal: 'SIGTERM', grace: 1000, kill: true },
  risk: 'change',
  guard: [],
  ...more,
});

export const done = (facts?: Facts): Observation => ({ state: 'done', signals: [], ...(facts && { facts }) });
export const needed = (): Observation => ({ state: 'needed', signals: [] });

/** A changing step that acts once and is done when its tool was called well. */
export function changing(world: FakeWorld, id: string, more: Partial<ChangingStep> = {}): Step {
  return {
    kind: 'change',
    id,
    phase: 'one',
    title: id,
    needs: [],
    provides: [],
    observe: async ({ key }) =>
      world.spawned.some((s) => s.words[1] === id && s.words[2] === key) ? done() : needed(),
    plan: ({ key }) => [exec('go', [id, key])],
    classify: () => ({ kind: 'transient', cause: 'it failed', remedy: 'mend it' }),
    ...more,
  };
}

export function checking(id: string, observe: CheckingStep['observe'], more: Partial<CheckingStep> = {}): Step {
  return { kind: 'check', id, phase: 'one', title: id, needs: [], provides: [], observe, ...more };
}

export const procedureOf = (...phases: [string, string[]][]): Procedure => ({
  id: 'create',
  phases: phases.map(([id, steps], number) => ({
    id,
    number,
    title: id,
    steps: steps.map((s) => ({ id: s, from: '@x/y' })),
  })),
});

export type Ran = RunResult & { records: JournalRecord[]; world: FakeWorld };

export async function carryOut(
  world: FakeWorld,
  steps: Step[],
  at: {
    procedure?: Procedure;
    facts?: Facts;
    parts?: Partial<Contribution>;
    selection?: Selection;
    stop?: AbortSignal;
    on?: (record: JournalRecord) => void;
  } = {},
): Promise<Ran> {
  const kit = gather([contribution({ plugin: 'test', steps, ...at.parts })]);
  const phases = [...new Set(steps.map((s) => s.phase))];
  const procedure =
    at.procedure ??
    procedureOf(...phases.map((p): [string, string[]] => [p, steps.filter((s) => s.phase === p).map((s) => s.id)]));
  const facts = at.facts ?? {};
  const selection = at.selection ?? {};
  const plan = makePlan(kit, procedure, {
    cluster: 'infra',
    facts,
    inputs: [],
    tools: [],
    configuration: {},
    assumed: [],
    selection,
  });
  const records: JournalRecord[] = [];
  const result = await run({
    kit,
    procedure,
    plan,
    facts,
    world,
    redactor: {
      register: () => {},
      text: (s: string) => s,
      argv: (w: readonly string[]) => [...w],
      json: (v: unknown) => v,
    } as never,
    stateDir: '.coldstart/infra',
    evidenceDir: null,
    version: '0',
    story: 'S',
    slo: { total: null, phases: {} },
    tools: {},
    selection,
    stop: at.stop ?? new AbortController().signal,
    command: 'coldstart cluster create infra',
    on: (record) => {
      records.push(record);
      at.on?.(record);
    },
  });
  return { ...result, records, world };
}

export const ofType = <T extends JournalRecord['type']>(ran: Ran, type: T): Extract<JournalRecord, { type: T }>[] =>
  ran.records.filter((r) => r.type === type) as Extract<JournalRecord, { type: T }>[];
