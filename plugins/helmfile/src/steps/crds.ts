import {
  succeeded,
  type ChangingStep,
  type Facts,
  type Failure,
  type Judgement,
  type Observation,
  type Reader,
  type Signal,
  type Transform,
} from '@coldstart/contract';
import { askAgain, applyAction, kubectlArgv, kubectlFailure, parseJson, textOf, whyNot } from '@coldstart/tools';
import { CONTENT_ANNOTATION, crdsOf, type Crd } from '../crds/documents.ts';
import { COLUMNS, parseLiveCrds, type LiveCrd } from '../crds/live.ts';
import { accessFrom, crdReleasesFrom, filesFrom, kubeVersionFrom, policyFrom } from '../facts.ts';
import { helmfileArgv, helmfileFailure, STOP } from '../tool.ts';

/**
 * CRDs before what needs them: the CRD helmfile is rendered while nodes install, filtered to CRDs and applied server-side;
 * then each must be established.
 *
 * Fields that another manager holds are taken over (`--force-conflicts`): the CRD helmfile decides what a CRD is until Flux
 * does, and half a CRD of each would be neither. What Flux owns is left alone, whatever its version.
 */
export const crds: ChangingStep = {
  id: 'helmfile/crds',
  kind: 'change',
  phase: 'crds',
  title: 'Custom resource definitions',
  needs: ['kubernetes/kubeconfig', 'kubernetes/api', 'helmfile/files', 'helmfile/crd-releases', 'helmfile/policy'],
  provides: ['helmfile/crds'],
  settle: (facts) => ({ every: policyFrom(facts).crd.every, within: policyFrom(facts).crd.within, stableFor: 0 }),
  retry: (facts) => ({ first: 3000, factor: 2, max: 30_000, retries: policyFrom(facts).crd.retries, jitter: 0.2 }),
  prepare: ({ facts }) => {
    const file = filesFrom(facts).crds;
    if (file === null) return [];
    const version = kubeVersionFrom(facts);
    return [
      {
        as: 'rendered',
        why: `render ${crdReleasesFrom(facts).length} CRD charts while nodes install`,
        tool: 'helmfile',
        argv: helmfileArgv(
          accessFrom(facts),
          file,
          null,
          'template',
          '--include-crds',
          '--skip-tests',
          ...(version === undefined ? [] : ['--kube-version', version]),
        ),
        deadline: policyFrom(facts).prepare.deadline,
        stop: STOP,
      },
    ];
  },
  looksAtPrepared: true,
  observe: async ({ facts, world, artefacts }) => {
    if (filesFrom(facts).crds === null)
      return { state: 'done', signals: [], facts: { 'helmfile/crds': { names: [] } } };
    const live = await lookAtCrds(world, facts);
    if (typeof live === 'string')
      return { state: 'unknown', signals: [], cause: `the CRDs could not be looked at: ${live}` };
    const rendered = artefacts['rendered'];
    return rendered ? judge(crdsOf(rendered), live) : judgeWithoutCharts(live);
  },
  plan: ({ facts }) => {
    if (filesFrom(facts).crds === null) return [];
    return [
      applyAction(accessFrom(facts), {
        id: 'apply',
        why: 'controllers and releases need these kinds',
        target: 'CRDs',
        from: {
          stdin: {
            fn: 'helmfile/only-crds',
            in: [
              { ref: 'artefact/rendered', show: 'rendered CRD charts' },
              { ref: 'seen/crds-to-apply', show: 'those that are missing or differ' },
            ],
          },
        },
        force: true,
        guard: ['helmfile/cluster'],
        deadline: policyFrom(facts).crd.deadline,
      }),
    ];
  },
  classify,
  diagnose: async ({ facts, world }) => {
    const live = await lookAtCrds(world, facts);
    if (typeof live === 'string') return [];
    return live.filter((c) => !c.established).map((c) => signal(c.name, c.why || 'no condition yet', false));
  },
  criteria: [{ id: 'crds-established', title: 'every CRD of the CRD helmfile is established', needs: 'lab-wire' }],
};

function classify(failure: Failure): Judgement {
  return failure.action.do === 'exec' && failure.action.tool === 'helmfile'
    ? helmfileFailure(failure)
    : kubectlFailure(failure);
}

/** Inputs: rendered charts, and a JSON list of the names that are to be applied. */
export const onlyCrds: Transform = ([rendered, names]) => {
  const wanted = parseJson(textOf(names ?? new Uint8Array()));
  if (!rendered || !Array.isArray(wanted)) throw new Error('no rendered charts, or no list of CRDs to apply');
  const chosen = crdsOf(rendered).filter((c) => wanted.includes(c.name));
  if (chosen.length === 0) throw new Error('none of the CRDs to apply is among the rendered ones');
  return new TextEncoder().encode(chosen.map((c) => `---\n${c.manifest}\n`).join(''));
};

async function lookAtCrds(world: Reader, facts: Facts): Promise<LiveCrd[] | string> {
  const done = await askAgain(world, {
    tool: 'kubectl',
    argv: kubectlArgv(accessFrom(facts), 'get', 'customresourcedefinitions', '-o', `jsonpath=${COLUMNS}`),
    deadline: 30_000,
  });
  if (!succeeded(done)) return whyNot(done);
  return parseLiveCrds(textOf(done.stdout)) ?? 'kubectl printed lines that are not what was asked for';
}

/** The first of a list, and how many more there are; the signals have them all. */
const some = (names: readonly string[], n: number): string =>
  names.length <= n ? names.join(', ') : `${names.slice(0, n).join(', ')} and ${names.length - n} more`;

const signal = (name: string, observed: string, ok: boolean): Signal => ({
  name: 'CRD',
  subject: name,
  expected: 'established',
  observed,
  ok,
  source: 'kubectl get customresourcedefinitions',
});

function judge(wanted: readonly Crd[], live: readonly LiveCrd[]): Observation {
  if (wanted.length === 0)
    return {
      state: 'blocked',
      signals: [
        { name: 'CRDs', expected: 'at least one', observed: 0, ok: false, source: 'helmfile template --include-crds' },
      ],
      cause: 'the charts of the CRD helmfile render no CRD at all',
      remedy:
        'Set the values that make these charts render their CRDs (`crds.enabled`, `installCRDs`), or set helmfile.crds to false in coldstart.yaml.',
    };
  const signals: Signal[] = [];
  const toApply: string[] = [];
  const waiting: string[] = [];
  const rejected: string[] = [];
  for (const crd of wanted) {
    const there = live.find((c) => c.name === crd.name);
    if (!there || (!there.owner && there.content !== crd.digest)) {
      toApply.push(crd.name);
      signals.push(signal(crd.name, there ? 'of another content' : 'missing', false));
    } else if (!there.accepted) {
      rejected.push(`${crd.name} (${there.why})`);
      signals.push(signal(crd.name, there.why, false));
    } else if (!there.established) {
      waiting.push(`${crd.name}${there.why === '' ? '' : ` (${there.why})`}`);
      signals.push(signal(crd.name, there.why || 'not established yet', false));
    } else signals.push(signal(crd.name, there.owner ? `established, owned by ${there.owner}` : 'established', true));
  }
  if (rejected.length > 0)
    return {
      state: 'blocked',
      signals,
      cause: `the API server does not accept the names of ${rejected.join(', ')}`,
      remedy:
        'Another CRD has the same plural, singular or short name in this group: remove the one that is not wanted, and run the same command again.',
    };
  if (toApply.length > 0)
    return { state: 'needed', signals, cause: `to apply: ${some(toApply, 5)}`, facts: { 'crds-to-apply': toApply } };
  if (waiting.length > 0)
    return {
      state: 'converging',
      signals,
      cause: `not established: ${some(waiting, 10)}`,
      remedy: `Look at \`kubectl describe crd ${waiting[0]?.split(' ')[0] ?? 'NAME'}\` and at the API server's load; then run the same command again.`,
      page: 'crd-not-established',
    };
  return { state: 'done', signals, facts: { 'helmfile/crds': { names: wanted.map((c) => c.name) } } };
}

/** A mere look (`bootstrap status`) renders nothing: it tells what coldstart applied, and that this was not compared. */
function judgeWithoutCharts(live: readonly LiveCrd[]): Observation {
  const ours = live.filter((c) => c.content !== '');
  const signals = ours.map((c) =>
    signal(c.name, c.established ? 'established' : c.why || 'not established yet', c.established),
  );
  if (ours.length === 0)
    return { state: 'needed', signals, cause: `no CRD carries the annotation ${CONTENT_ANNOTATION}` };
  const bad = signals.filter((s) => !s.ok);
  if (bad.length > 0)
    return { state: 'converging', signals, cause: `not established: ${bad.map((s) => s.subject).join(', ')}` };
  return {
    state: 'done',
    signals,
    facts: { 'helmfile/crds': { names: ours.map((c) => c.name) } },
    deviations: ['CRDs were looked at as they were applied; the charts were not rendered anew to compare'],
  };
}
