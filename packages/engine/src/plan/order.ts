import { EXIT, Problem, type Facts, type Procedure, type ProcedurePhase, type Step } from '@coldstart/contract';
import type { Kit } from '../kit.ts';
import { itemsOf } from './items.ts';

/** A step in its place. */
export type Placed = {
  step: Step;
  phase: string;
  /** Steps of this selection that must have ended before. */
  waitsFor: string[];
  /** Steps outside this selection whose facts are needed: they are looked at, never run. */
  borrows: string[];
};

export type Order = {
  phases: { id: string; title: string; number: number; steps: Placed[] }[];
  /** Steps of the procedure whose plugin is not installed: deviations. `verify`: a verification, whose criteria stay untested. */
  absent: { step: string; from: string; verify: boolean }[];
};

export type Selection = { steps?: readonly string[]; phases?: readonly string[]; items?: readonly string[] };

const install = (from: string): string => `npm install ${from}`;

/**
 * Turns the procedure's list into an order, and checks it by facts before anything runs.
 *
 * A step waits for every step of earlier phases, for the providers of its needs, and, where it changes something, for
 * every changing step that stands before it in its own phase; `overlaps` (ids of steps or phases) takes waits away.
 * Preflight steps wait for nothing but their needs.
 */
export function orderSteps(kit: Kit, procedure: Procedure, facts: Facts, selection: Selection = {}): Order {
  const absent: Order['absent'] = [];
  const phases = procedure.phases.map((phase) => ({ phase, steps: placeSteps(kit, phase, absent) }));
  const all = phases.flatMap(({ phase, steps }) => steps.map((step) => ({ phase, step })));
  const provider = providers(
    all.map(({ step }) => step),
    facts,
  );

  const chosen = choose(all, selection, procedure).filter(
    ({ step }) =>
      !step.forEach || itemsOf(step, facts, selection.items).length > 0 || itemsOf(step, facts).length === 0,
  );
  const isChosen = new Set<string>(chosen.map(({ step }) => step.id));
  const placed = chosen.map(({ phase, step }, index): Placed & { phase: string } => {
    const waits = new Set<string>();
    const borrows: string[] = [];
    for (const need of step.needs) {
      if (need in facts) continue;
      const from = provider.get(need);
      if (!from) throw unprovided(step, need, procedure);
      if (isChosen.has(from.id)) {
        if (chosen.findIndex((c) => c.step.id === from.id) >= index) throw late(step, need, from);
        waits.add(from.id);
      } else borrows.push(from.id);
    }
    if (step.kind !== 'preflight')
      for (const before of chosen.slice(0, index)) {
        if (before.step.kind === 'preflight') continue;
        const sameKind = before.phase.id !== phase.id || (step.kind === 'change' && before.step.kind === 'change');
        if (sameKind && !overlaps(step, before.step.id, before.phase.id)) waits.add(before.step.id);
      }
    return { step, phase: phase.id, waitsFor: [...waits], borrows };
  });
  return {
    phases: procedure.phases
      .map((phase) => ({
        id: phase.id,
        title: phase.title,
        number: phase.number,
        steps: placed.filter((p) => p.phase === phase.id),
      }))
      .filter((phase) => phase.steps.length > 0),
    absent: selection.steps || selection.phases ? [] : absent,
  };
}

function overlaps(step: Step, id: string, phase: string): boolean {
  return step.kind === 'change' && (step.overlaps?.some((o) => o === id || o === phase) ?? false);
}

/** The listed steps that are installed, then what further plugins contribute to this phase, by id. */
function placeSteps(kit: Kit, phase: ProcedurePhase, absent: Order['absent']): Step[] {
  const listed: Step[] = [];
  for (const entry of phase.steps) {
    const step = kit.steps.get(entry.id);
    if (step) listed.push(step);
    else absent.push({ step: entry.id, from: entry.from, verify: entry.verify ?? false });
  }
  const further = [...kit.steps.values()]
    .filter((step) => step.phase === phase.id && !phase.steps.some((entry) => entry.id === step.id))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return [...listed, ...byNeeds(further)];
}

function byNeeds(steps: Step[]): Step[] {
  const done: Step[] = [];
  const visit = (step: Step): void => {
    if (done.includes(step)) return;
    for (const other of steps)
      if (other !== step && other.provides.some((fact) => step.needs.includes(fact)) && !done.includes(other))
        visit(other);
    if (!done.includes(step)) done.push(step);
  };
  for (const step of steps) visit(step);
  return done;
}

function providers(steps: readonly Step[], facts: Facts): Map<string, Step> {
  const provider = new Map<string, Step>();
  for (const step of steps)
    for (const fact of step.provides) {
      const other = provider.get(fact)?.id ?? (fact in facts ? 'a survey' : undefined);
      if (other !== undefined)
        throw new Problem(`The fact ${fact} is provided by both ${other} and ${step.id}.`, {
          exit: EXIT.usage,
          remedy: 'Remove one of the two plugins.',
        });
      provider.set(fact, step);
    }
  return provider;
}

function unprovided(step: Step, need: string, procedure: Procedure): Problem {
  const packages = [
    ...new Set(
      procedure.phases.flatMap((p) =>
        p.steps.filter((s) => s.id.startsWith(`${need.split('/')[0]}/`)).map((s) => s.from),
      ),
    ),
  ];
  const hints =
    packages.length > 0 ? packages : [...new Set(procedure.phases.flatMap((p) => p.steps.map((s) => s.from)))];
  return new Problem(`The step ${step.id} needs the fact ${need}, and nothing that is installed provides it.`, {
    exit: EXIT.usage,
    remedy: `Install what provides it: ${hints.map(install).join(' or ')}.`,
  });
}

/** Only what stands before may be waited for: so there are no circles either. */
function late(step: Step, need: string, from: Step): Problem {
  return new Problem(`The step ${step.id} needs the fact ${need}, and ${from.id}, which provides it, comes later.`, {
    exit: EXIT.usage,
    remedy: 'Report this to the makers of the plugins that bring these steps.',
  });
}

function choose(
  all: { phase: ProcedurePhase; step: Step }[],
  selection: Selection,
  procedure: Procedure,
): { phase: ProcedurePhase; step: Step }[] {
  let chosen = all;
  if (selection.phases) {
    const known = procedure.phases.map((p) => p.id);
    for (const phase of selection.phases)
      if (!known.includes(phase))
        throw new Problem(`There is no phase ${phase}.`, {
          exit: EXIT.usage,
          remedy: `The phases are ${known.join(', ')}.`,
        });
    chosen = chosen.filter(({ phase }) => selection.phases?.includes(phase.id));
  }
  if (selection.steps) {
    const wanted = selection.steps;
    for (const id of wanted)
      if (!all.some(({ step }) => step.id === id)) {
        const entry = procedure.phases.flatMap((p) => p.steps).find((s) => s.id === id);
        throw new Problem(`The step ${id} is not installed.`, {
          exit: EXIT.usage,
          remedy: entry ? `${install(entry.from)}` : 'See coldstart plugins for what is.',
        });
      }
    const touched = new Set(
      all.filter(({ step }) => wanted.includes(step.id) && step.kind === 'change').map(({ phase }) => phase.id),
    );
    // A step that changes something brings its phase's preflight along.
    chosen = chosen.filter(
      ({ phase, step }) =>
        wanted.includes(step.id) || (step.kind === 'preflight' && touched.has(phase.id) && samePlugin(step, wanted)),
    );
  }
  return chosen;
}

const samePlugin = (step: Step, ids: readonly string[]): boolean =>
  ids.some((id) => id.split('/')[0] === step.id.split('/')[0]);
