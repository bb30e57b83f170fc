import {
  succeeded,
  type CheckingStep,
  type Facts,
  type Judgement,
  type Ms,
  type Observation,
  type Reader,
  type Signal,
} from '@coldstart/contract';
import { askAgain, HELM_RULES, helmArgv, judge, readYaml, str, type KubeAccess } from '@coldstart/tools';
import { accessFrom, crdReleasesFrom, policyFrom, releasesFrom } from '../facts.ts';
import { deployedOf } from '../releases/deployed.ts';
import { idOf, isFolder, type Release } from '../survey/types.ts';

export const crdCharts = chartsOf({
  id: 'helmfile/crd-charts',
  phase: 'crds',
  title: 'Charts of CRDs can be had',
  needs: ['helmfile/crd-releases', 'helmfile/policy', 'kubernetes/kubeconfig'],
  criterion: 'crd-charts',
  releases: crdReleasesFrom,
  // They are rendered in each run, to compare.
  deployed: async () => new Map(),
});
export const coreCharts = chartsOf({
  id: 'helmfile/charts',
  phase: 'core',
  title: 'Charts of core releases can be had',
  needs: ['helmfile/releases', 'helmfile/policy', 'kubernetes/kubeconfig'],
  criterion: 'core-charts',
  releases: releasesFrom,
  deployed: (world, facts) => deployedOf(world, accessFrom(facts), releasesFrom(facts)),
});

type Which = {
  id: string;
  phase: string;
  title: string;
  needs: string[];
  criterion: string;
  releases: (facts: Facts) => Release[];
  /** Releases that need no chart any more, by id, each with what is deployed. */
  deployed: (world: Reader, facts: Facts) => Promise<ReadonlyMap<string, string>>;
};

/**
 * Every chart that will be needed is there, and its registry answers this machine, before anything is changed (C1). helm is
 * asked, and no port is tried: it knows proxies, logins and mirrors, and reads the version that is planned. A release that is
 * deployed needs none: a run over a cluster that is whole does not depend on registries (decision 5).
 */
function chartsOf({ id, phase, title, needs, criterion, releases, deployed }: Which): CheckingStep {
  return {
    id,
    kind: 'preflight',
    phase,
    title,
    needs,
    provides: [],
    settle: (facts) => {
      const { every, within } = policyFrom(facts).chart;
      return { every, within, stableFor: 0 };
    },
    observe: async ({ facts, world }) => {
      const { ask, deadline } = policyFrom(facts).chart;
      if (!ask)
        return { state: 'done', signals: [], deviations: ['charts were not asked for, as helmfile.chart.ask says'] };
      const charts = distinct(releases(facts), await deployed(world, facts));
      return observationOf(await Promise.all(charts.map((chart) => lookAt(world, accessFrom(facts), chart, deadline))));
    },
    criteria: [{ id: criterion, title: 'every chart of this phase can be had from this machine', needs: 'lab-wire' }],
  };
}

/** A chart, and the arguments with which `helm show chart` is asked for it; `is`: what is known of it without. */
type Chart = { subject: string } & ({ ask: string[] } | { is: string; source: string });
type Seen = { signal: Signal; wrong: Judgement | null };

/** What only helmfile can fetch is not among them. */
function distinct(releases: readonly Release[], deployed: ReadonlyMap<string, string>): Chart[] {
  const charts = new Map<string, Chart>();
  for (const release of releases.filter(({ installed }) => installed)) {
    const { chart, version, ask } = release;
    const subject = `${chart.replace(/^oci:\/\//, '')}${version === null ? '' : `:${version}`}`;
    const there = deployed.get(idOf(release));
    if (there !== undefined)
      charts.set(idOf(release), { subject, is: `deployed by ${idOf(release)}: ${there}`, source: 'helm list' });
    // The survey has seen it.
    else if (isFolder(chart)) charts.set(subject, { subject, is: 'in the repository', source: 'helmfile' });
    else if (ask !== null) charts.set(ask.join(' '), { subject, ask });
  }
  return [...charts.values()];
}

async function lookAt(world: Reader, access: KubeAccess, chart: Chart, deadline: Ms): Promise<Seen> {
  const { subject } = chart;
  const base = { name: 'chart', subject, expected: 'here, or told by its registry' };
  if ('is' in chart) return { signal: { ...base, observed: chart.is, ok: true, source: chart.source }, wrong: null };
  const done = await askAgain(world, { tool: 'helm', argv: helmArgv(access, 'show', 'chart', ...chart.ask), deadline });
  const source = 'helm show chart';
  const bad = (wrong: Judgement): Seen => ({ signal: { ...base, observed: wrong.cause, ok: false, source }, wrong });
  if (!succeeded(done)) {
    const how = done.how === 'stopped' ? 'signal' : done.how;
    return bad(judge({ how, exit: done.exit, text: done.stderr }, HELM_RULES, 'helm'));
  }
  const told = readYaml('Chart.yaml', done.stdout).documents[0]?.value;
  const [name, version] = [str(told, 'name'), str(told, 'version')];
  if (name === undefined || version === undefined) return bad(UNREADABLE);
  return { signal: { ...base, observed: `${name} ${version}`, ok: true, source }, wrong: null };
}

const UNREADABLE: Judgement = {
  kind: 'ambiguous',
  cause: '`helm show chart` printed no name and version of a chart',
  remedy: 'Look at what it prints: the address may be of something else.',
};

/** What a registry said of a chart is blocked; where it said nothing, another look may tell. */
function observationOf(seen: readonly Seen[]): Observation {
  const signals = seen.map(({ signal }) => signal);
  const wrong = seen.flatMap(({ signal, wrong: why }) => (why ? [{ subject: String(signal.subject), ...why }] : []));
  if (wrong.length === 0) return { state: 'done', signals };
  const causes = [...new Set(wrong.map(({ cause }) => cause))];
  const remedies = [...new Set(wrong.map(({ remedy }) => remedy))];
  return {
    state: wrong.some(({ kind }) => kind === 'fatal') ? 'blocked' : 'unknown',
    signals,
    cause: causes.map((cause) => withCharts(cause, wrong)).join('; '),
    remedy: `${remedies.join(' ')} To go on without asking, set helmfile.chart.ask to false in coldstart.yaml.`,
    page: wrong[0]?.page ?? 'chart',
  };
}

/** The charts of one cause, as far as it does not name them; the signals have them all. */
function withCharts(cause: string, wrong: readonly { subject: string; cause: string }[]): string {
  const of = wrong.filter((one) => one.cause === cause && !cause.includes(one.subject)).map(({ subject }) => subject);
  if (of.length === 0) return cause;
  return `${cause} (${of.length <= 3 ? of.join(', ') : `${of.slice(0, 3).join(', ')} and ${of.length - 3} more`})`;
}
