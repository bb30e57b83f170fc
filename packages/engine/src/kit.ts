import {
  BRAND,
  EXIT,
  Problem,
  type ConfigSection,
  type Contribution,
  type Guard,
  type MergeFn,
  type SharedLock,
  type Step,
  type Survey,
  type Tool,
  type Transform,
  type Witness,
} from '@coldstart/contract';

/** Everything that the plugins brought, by name. */
export type Kit = {
  plugins: readonly string[];
  configs: readonly ConfigSection[];
  /** In the order of their needs. */
  surveys: readonly Survey[];
  steps: ReadonlyMap<string, Step>;
  guards: ReadonlyMap<string, Guard>;
  transforms: ReadonlyMap<string, Transform>;
  merges: ReadonlyMap<string, MergeFn>;
  tools: ReadonlyMap<string, Tool>;
  witnesses: readonly Witness[];
  locks: ReadonlyMap<string, SharedLock>;
};

const broken = (message: string): Problem =>
  new Problem(message, {
    exit: EXIT.usage,
    remedy: 'Install versions of the plugins that fit together, or remove one of the two.',
  });

/**
 * Puts contributions together. Refuses what is not branded for this contract, and two of the same name.
 * A tool may be declared by several plugins, each with its own copy of the adapter: it only reads where all of them agree.
 */
export function gather(contributions: readonly Contribution[]): Kit {
  const sorted = [...contributions].sort((a, b) => (a.plugin < b.plugin ? -1 : 1));
  for (const c of sorted)
    if (c[BRAND] !== 1 || typeof c.plugin !== 'string' || !Array.isArray(c.steps) || !Array.isArray(c.surveys))
      throw broken(`A plugin (${String(c.plugin ?? 'unnamed')}) does not speak coldstart.contract/1.`);

  const named = <T>(kind: string, entries: (c: Contribution) => [string, T][]): Map<string, T> => {
    const owner = new Map<string, string>();
    const all = new Map<string, T>();
    for (const c of sorted)
      for (const [name, value] of entries(c)) {
        if (owner.has(name)) throw broken(`The ${kind} ${name} is brought by both ${owner.get(name)} and ${c.plugin}.`);
        owner.set(name, c.plugin);
        all.set(name, value);
      }
    return all;
  };

  const steps = named('step', (c) => c.steps.map((s) => [s.id, s]));
  for (const c of sorted) for (const step of c.steps) checkStep(c.plugin, step);
  return {
    plugins: sorted.map((c) => c.plugin),
    configs: [...named('configuration section', (c) => (c.config ? [[c.config.section, c.config]] : [])).values()],
    surveys: orderSurveys([...named('survey', (c) => c.surveys.map((s) => [s.id, s] as [string, Survey])).values()]),
    steps,
    guards: named('guard', (c) => c.guards.map((g) => [g.id, g])),
    transforms: named('transform', (c) => Object.entries(c.transforms)),
    merges: named('merge', (c) => Object.entries(c.merges)),
    tools: gatherTools(sorted),
    witnesses: [...named('witness', (c) => c.witnesses.map((w) => [w.id, w] as [string, Witness])).values()],
    locks: new Map(sorted.flatMap((c) => c.locks.map((lock) => [lock.id, lock]))),
  };
}

function checkStep(plugin: string, step: Step): void {
  if (!/^[a-z][a-z0-9-]*\/[a-z0-9-]+$/.test(step.id))
    throw broken(`${plugin}: "${step.id}" is not a step's name (plugin/what-it-brings-about).`);
  if (typeof step.observe !== 'function') throw broken(`${plugin}: step ${step.id} has no observe.`);
  if (step.kind === 'change' && (typeof step.plan !== 'function' || typeof step.classify !== 'function'))
    throw broken(`${plugin}: step ${step.id} changes something, and has no plan or no classify.`);
}

function gatherTools(contributions: readonly Contribution[]): Map<string, Tool> {
  const tools = new Map<string, Tool>();
  for (const tool of contributions.flatMap((c) => c.tools)) {
    const known = tools.get(tool.name);
    tools.set(
      tool.name,
      known
        ? {
            ...known,
            env: [...new Set([...known.env, ...tool.env])],
            reads: (argv) => known.reads(argv) && tool.reads(argv),
          }
        : tool,
    );
  }
  return tools;
}

function orderSurveys(surveys: Survey[]): Survey[] {
  const provider = new Map<string, Survey>();
  for (const survey of surveys)
    for (const fact of survey.provides) {
      const other = provider.get(fact);
      if (other) throw broken(`The fact ${fact} is provided by both ${other.id} and ${survey.id}.`);
      provider.set(fact, survey);
    }
  const ordered: Survey[] = [];
  const visit = (survey: Survey, from: readonly string[]): void => {
    if (ordered.includes(survey)) return;
    if (from.includes(survey.id))
      throw broken(`Surveys need one another in a circle: ${[...from, survey.id].join(' → ')}.`);
    for (const need of survey.needs) {
      const before = provider.get(need);
      if (before) visit(before, [...from, survey.id]);
    }
    ordered.push(survey);
  };
  for (const survey of surveys) visit(survey, []);
  return ordered;
}
