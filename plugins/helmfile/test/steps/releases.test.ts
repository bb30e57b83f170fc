import type { Facts, Past } from '@coldstart/contract';
import { describe, expect, it } from 'vitest';
import { asList, fakeReader, lookWith, unnamed, type Answers } from '../../../../packages/tools/test/fakes.ts';
import { releases } from '../../src/steps/releases.ts';
import type { Release } from '../../src/survey/types.ts';
import { surveyed } from './common.ts';

describe('helmfile/releases', async () => {
  const facts: Facts = await surveyed();
  const cilium = (facts['helmfile/releases'] as unknown as Release[])[0] as Release;
  const helm = (over: object | null) =>
    JSON.stringify(
      over === null
        ? []
        : [
            {
              name: 'cilium',
              namespace: 'kube-system',
              revision: '1',
              updated: '2026-11-21 00:39:30.5 +0000 UTC',
              status: 'deployed',
              chart: 'cilium-1.20.2',
              app_version: '1.20.2',
              ...over,
            },
          ],
    );
  const daemonset = (ready: number, labels = {}) => ({
    kind: 'DaemonSet',
    metadata: {
      name: 'cilium',
      namespace: 'kube-system',
      generation: 1,
      labels,
      annotations: { 'meta.helm.sh/release-name': 'cilium', 'meta.helm.sh/release-namespace': 'kube-system' },
    },
    status: {
      observedGeneration: 1,
      desiredNumberScheduled: 3,
      updatedNumberScheduled: 3,
      numberReady: ready,
      numberAvailable: ready,
    },
  });
  const stranger = {
    kind: 'Deployment',
    metadata: { name: 'other', namespace: 'kube-system', generation: 1 },
    spec: { replicas: 1 },
    status: {},
  };
  const NO_FLUX = { exit: 1, stderr: `error: the server doesn't have a resource type "helmreleases"` };
  const look = async (release: string, workloads: object[], flux: Answers[string] = NO_FLUX, past: Past[] = []) => {
    const world = fakeReader({
      'helm --kubeconfig': { stdout: release },
      'get deployments,daemonsets,statefulsets': { stdout: asList(workloads) },
      'get helmreleases': flux,
    });
    const seen = await releases.observe(lookWith(world, facts, cilium, { key: 'kube-system/cilium', past }));
    expect(unnamed(world.asked)).toEqual([]);
    return seen;
  };
  const past = (outcome: Past['outcome']): Past => ({
    run: 'r',
    step: 'helmfile/releases',
    item: 'kube-system/cilium',
    action: 'sync',
    outcome,
    at: '2026-11-21T00:39:00.000Z',
  });

  it('goes by needs, without what is not installed', () => {
    expect(releases.forEach?.(facts).map((i) => [i.key, i.after])).toEqual([
      ['kube-system/cilium', []],
      ['kube-system/coredns', ['kube-system/cilium']],
      ['cert-manager/cert-manager', ['kube-system/coredns']],
      ['external-secrets/external-secrets', ['cert-manager/cert-manager']],
      ['flux-system/flux-operator', ['cert-manager/cert-manager', 'external-secrets/external-secrets']],
      ['flux-system/flux-instance', ['flux-system/flux-operator']],
    ]);
    expect(releases.limit?.(facts)).toEqual({ n: 1, hold: 'settled', onFailure: 'stop' });
  });
  it('sends one release to helmfile', () => {
    const [sync] = releases.kind === 'change' ? releases.plan({ key: 'kube-system/cilium', item: cilium, facts }) : [];
    expect(sync?.do === 'exec' && sync.argv.join(' ')).toBe(
      '--file bootstrap/infra/helmfile.d/01-apps.yaml --kubeconfig ../../../kubernetes/kubeconfig --kube-context infra --selector name=cilium,namespace=kube-system sync --skip-needs',
    );
    expect(sync).toMatchObject({ risk: 'change', deadline: 660_000, target: 'kube-system/cilium' });
  });
  it.each([
    ['is needed where there is none', helm(null), [], 'needed', /is not installed/],
    ['is done where deployed and Ready', helm({}), [daemonset(3), stranger], 'done', /^$/],
    ['waits for its pods', helm({}), [daemonset(2)], 'converging', /DaemonSet kube-system\/cilium: 2 of 3 ready/],
    ['is needed after it failed', helm({ status: 'failed' }), [daemonset(0)], 'needed', /is failed/],
    ['is needed at an older version', helm({ chart: 'cilium-1.19.5' }), [daemonset(3)], 'needed', /cilium-1\.19\.5/],
    [
      'never goes back a version',
      helm({ chart: 'cilium-1.21.0' }),
      [daemonset(3)],
      'blocked',
      /newer than the helmfile/,
    ],
    [
      'waits for another helm',
      helm({ status: 'pending-install' }),
      [],
      'converging',
      /pending-install since 30 s: another helm may be at work/,
    ],
    [
      'does not wait for ever',
      helm({ status: 'pending-install', updated: '2026-11-20 00:00:00 +0000 UTC' }),
      [],
      'blocked',
      /ended in the middle/,
    ],
    ['waits for an uninstall', helm({ status: 'uninstalling' }), [], 'converging', /uninstalling/],
    ['knows nothing from garbage', 'NAME', [], 'unknown', /no readable JSON/],
  ])('%s', async (_, release, workloads, state, cause) => {
    const seen = await look(release, workloads);
    expect(seen.state).toBe(state);
    expect(seen.cause ?? '').toMatch(cause);
  });
  it('does not wait for a helm that it knows was interrupted, and names the way out', async () => {
    const seen = await look(helm({ status: 'pending-install' }), [], NO_FLUX, [past('open')]);
    expect(seen).toMatchObject({ state: 'blocked', page: 'helm-release-pending' });
    expect(seen.remedy).toContain(
      'helm uninstall cilium -n kube-system --kubeconfig kubernetes/kubeconfig --kube-context infra',
    );
    const upgrade = await look(helm({ status: 'pending-upgrade', revision: '4' }), [], NO_FLUX, [past('unknown')]);
    expect(upgrade.remedy).toContain('helm rollback cilium');
    expect((await look(helm({ status: 'pending-install' }), [], NO_FLUX, [past('open'), past('ok')])).state).toBe(
      'converging',
    );
  });
  it('leaves a release whose workloads Flux owns, whatever its version or state', async () => {
    const labels = { 'helm.toolkit.fluxcd.io/name': 'cilium', 'helm.toolkit.fluxcd.io/namespace': 'kube-system' };
    for (const release of [helm({ chart: 'cilium-1.30.0' }), helm({ status: 'pending-upgrade' }), helm(null)]) {
      const seen = await look(release, [daemonset(1, labels)]);
      expect(seen.state).toBe('done');
      expect(seen.signals[0]?.observed).toBe('owned by HelmRelease kube-system/cilium: left as it is');
    }
  });
  it('leaves a release without workloads that a HelmRelease manages', async () => {
    const owner = (spec: object) => ({
      stdout: asList([{ kind: 'HelmRelease', metadata: { name: 'cilium', namespace: 'flux-system' }, spec }]),
    });
    expect(
      (
        await look(
          helm({ chart: 'cilium-1.19.0' }),
          [],
          owner({ releaseName: 'cilium', targetNamespace: 'kube-system' }),
        )
      ).state,
    ).toBe('done');
    // Without a release name, Flux puts the target namespace in front: another release.
    expect((await look(helm({ chart: 'cilium-1.19.0' }), [], owner({ targetNamespace: 'kube-system' }))).state).toBe(
      'needed',
    );
  });
  it('does not act where it cannot tell whether Flux owns it', async () => {
    expect(
      (await look(helm({ status: 'failed' }), [], { exit: 1, stderr: 'etcdserver: request timed out' })).state,
    ).toBe('unknown');
  });
  it('gathers why pods do not run', async () => {
    const pod = {
      kind: 'Pod',
      metadata: { name: 'cilium-x' },
      status: {
        phase: 'Pending',
        containerStatuses: [
          { name: 'agent', state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } },
        ],
      },
    };
    const event = (at: string, message: string, type = 'Warning') => ({
      kind: 'Event',
      type,
      metadata: { name: at },
      lastTimestamp: at,
      reason: 'Failed',
      message,
      involvedObject: { kind: 'Pod', name: 'cilium-x' },
    });
    const neighbour = { ...pod, metadata: { name: 'coredns-y' } };
    const world = fakeReader({
      'helm ': { stdout: '[]' },
      'get deployments': { stdout: asList([daemonset(0)]) },
      'get pods': { stdout: asList([neighbour, pod]) },
      'get events': {
        stdout: asList([
          event('2026-11-21T00:00:00Z', 'old'),
          event('2026-11-21T00:01:00Z', 'new'),
          event('2026-11-21T00:02:00Z', 'pulled', 'Normal'),
        ]),
      },
    });
    const signals = await releases.diagnose?.(lookWith(world, facts, cilium));
    expect(signals?.map((s) => [s.name, s.observed])).toEqual([
      ['pod', 'agent: ImagePullBackOff: not found'],
      ['event', 'Failed: new'],
      ['event', 'Failed: old'],
      ["neighbour's pod", 'agent: ImagePullBackOff: not found'],
    ]);
    expect(releases.explain?.(signals ?? [])).toMatchObject({
      cause: 'kube-system/cilium-x cannot get its image: agent: ImagePullBackOff: not found',
      page: 'image-pull',
    });
    expect(releases.explain?.(signals?.slice(3) ?? [])).toBeUndefined();
    expect(unnamed(world.asked)).toEqual([]);
  });
});
