import type { ChangingStep, Look, Observation, Signal } from '@coldstart/contract';
import {
  compareVersions,
  explainPods,
  isExactVersion,
  isPending,
  kubectlFailure,
  type HelmRelease,
} from '@coldstart/tools';
import { accessFrom, filesFrom, kubeVersionFrom, policyFrom, releasesFrom } from '../facts.ts';
import { isDeployed } from '../releases/deployed.ts';
import { diagnose } from '../releases/diagnose.ts';
import { helmReleaseOf, lookAtRelease, workloadSignals } from '../releases/look.ts';
import { pending } from '../releases/pending.ts';
import { idOf, type Release } from '../survey/types.ts';
import { helmfileArgv, helmfileFailure, STOP } from '../tool.ts';

/**
 * The core releases, each after what it needs, one `helmfile sync` per release. A release is done when helm has it deployed
 * at the wanted version and its workloads are Ready, or when Flux owns it.
 */
export const releases: ChangingStep<Release> = {
  id: 'helmfile/releases',
  kind: 'change',
  phase: 'core',
  title: 'Core releases',
  needs: [
    'kubernetes/kubeconfig',
    'kubernetes/api',
    'helmfile/files',
    'helmfile/releases',
    'helmfile/policy',
    'helmfile/namespaces-ready',
    'helmfile/secrets-ready',
    'helmfile/crds',
  ],
  provides: ['helmfile/core'],
  forEach: (facts) =>
    releasesFrom(facts)
      .filter((r) => r.installed)
      .map((release) => ({ key: idOf(release), item: release, after: release.needs })),
  limit: (facts) => ({ n: policyFrom(facts).release.parallel, hold: 'settled', onFailure: 'stop' }),
  settle: (facts) => {
    const { every, within, stable } = policyFrom(facts).release;
    return { every, within, stableFor: stable };
  },
  retry: (facts) => ({
    first: policyFrom(facts).release.first,
    factor: 2,
    max: 60_000,
    retries: policyFrom(facts).release.retries,
    jitter: 0.2,
  }),
  prepare: ({ item, facts }) => {
    const file = filesFrom(facts).apps;
    if (file === null) return [];
    const version = kubeVersionFrom(facts);
    return [
      {
        as: 'rendered',
        why: `fetch and render the chart of ${idOf(item)} while nodes install`,
        tool: 'helmfile',
        argv: helmfileArgv(
          accessFrom(facts),
          file,
          item,
          'template',
          '--include-crds',
          '--skip-tests',
          '--skip-needs',
          ...(version === undefined ? [] : ['--kube-version', version]),
        ),
        deadline: policyFrom(facts).prepare.deadline,
        stop: STOP,
      },
    ];
  },
  observe,
  plan: ({ item, facts }) => {
    const file = filesFrom(facts).apps;
    if (file === null) return [];
    return [
      {
        id: 'sync',
        why: `install ${item.chart} ${item.version ?? '(any version)'}${item.needs.length === 0 ? '' : `, after ${item.needs.join(', ')}`}`,
        target: idOf(item),
        risk: 'change',
        guard: ['helmfile/cluster'],
        do: 'exec',
        tool: 'helmfile',
        argv: helmfileArgv(accessFrom(facts), file, item, 'sync', '--skip-needs'),
        deadline: item.timeout * 1000 + 60_000,
        stop: STOP,
      },
    ];
  },
  classify: (failure) =>
    failure.action.do === 'exec' && failure.action.tool === 'kubectl'
      ? kubectlFailure(failure)
      : helmfileFailure(failure),
  diagnose,
  explain: explainPods,
  criteria: [{ id: 'core-ready', title: 'every core release is deployed and its pods are Ready', needs: 'live' }],
};

async function observe(look: Look<Release>): Promise<Observation> {
  const { item, facts, world } = look;
  const access = accessFrom(facts);
  const seen = await lookAtRelease(world, access, item);
  if (typeof seen === 'string')
    return { state: 'unknown', signals: [], cause: `${look.key} could not be looked at: ${seen}` };
  const done = (signals: Signal[]): Observation => ({
    state: 'done',
    signals,
    facts: { 'helmfile/core': seen.helm?.chart ?? null },
  });
  if (seen.owner !== undefined) return done([owned(item, seen.owner)]);
  const helm = seen.helm;
  const state = stateSignal(item, helm);
  if (!helm) return { state: 'needed', signals: [state], cause: `${look.key} is not installed` };
  if (!state.ok) {
    const flux = await helmReleaseOf(world, access, item);
    if (typeof flux === 'string')
      return {
        state: 'unknown',
        signals: [state],
        cause: `whether Flux owns ${look.key} could not be looked at: ${flux}`,
      };
    if (flux.owner !== undefined) return done([owned(item, flux.owner)]);
    if (isPending(helm.status)) return pending(look, access, helm, [state]);
    if (helm.status === 'deployed' && isNewer(helm, item))
      return {
        state: 'blocked',
        signals: [state],
        cause: `${look.key} is ${helm.chart}, newer than the helmfile's ${item.version ?? ''}: syncing would take it back`,
        remedy:
          'Raise the version in the helmfile to what runs, or roll the release back by hand if that is what you want.',
      };
    return { state: 'needed', signals: [state], cause: `${look.key} is ${helm.status} with ${helm.chart}` };
  }
  const workloads = workloadSignals(item, seen.workloads);
  const bad = workloads.filter((s) => !s.ok);
  const signals = [state, ...workloads];
  if (bad.length === 0) return done(signals);
  return {
    state: 'converging',
    signals,
    cause: bad.map((s) => `${s.name} ${s.subject}: ${String(s.observed)}`).join('; '),
    remedy: `Look at the pods in ${item.namespace} (image, node, volume); run the same command again once they can run.`,
    page: 'release-not-ready',
  };
}

const owned = (release: Release, owner: string): Signal => ({
  name: 'release',
  subject: idOf(release),
  expected: 'deployed, or owned by Flux',
  observed: `owned by ${owner}: left as it is`,
  ok: true,
  source: 'labels helm.toolkit.fluxcd.io',
});

function stateSignal(release: Release, helm: HelmRelease | undefined): Signal {
  return {
    name: 'release',
    subject: idOf(release),
    expected: `deployed${release.version === null ? '' : ` at ${release.version}`}`,
    observed: helm ? `${helm.status}: ${helm.chart}, revision ${helm.revision}` : 'not installed',
    ok: isDeployed(release, helm),
    source: 'helm list',
  };
}

/** Whether the live chart is of a higher version than the helmfile wants: then a sync is a step back. */
function isNewer(helm: HelmRelease, release: Release): boolean {
  if (release.version === null || !isExactVersion(release.version)) return false;
  const live = helm.chart.match(/-v?(\d+\.\d+\.\d+(?:[-+].*)?)$/)?.[1];
  return live !== undefined && compareVersions(live, release.version) > 0;
}
