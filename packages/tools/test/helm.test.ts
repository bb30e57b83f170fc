import { describe, expect, it } from 'vitest';
import {
  chartHasVersion,
  helm,
  helmArgv,
  HELM_RULES,
  isExactVersion,
  isPending,
  judge,
  listRelease,
  parseHelmVersion,
  parseReleases,
  releaseTime,
} from '../src/index.ts';
import { failureOf, recording } from './recording.ts';

const access = { path: 'kubernetes/kubeconfig', context: 'infra' };

it('names kubeconfig and context in every argv', () => {
  const named = ['--kubeconfig', 'kubernetes/kubeconfig', '--kube-context', 'infra'];
  expect(helmArgv(access, 'status')).toEqual([...named, 'status']);
  expect(listRelease(access, 'kube-system', 'cilium').slice(0, 4)).toEqual(named);
});

it('asks for one name, whatever its state, in words that helm 3 and 4 share', () => {
  const argv = listRelease(access, 'n', 'a.b');
  expect(argv).toContain('^a\\.b$');
  expect(argv).toEqual(expect.arrayContaining(['--deployed', '--failed', '--pending', '--uninstalling']));
  expect(argv).not.toContain('-a');
});

describe('releases', () => {
  it('reads a recorded list', () => {
    expect(parseReleases(recording('helm/list-json').stdout)).toMatchObject([
      { name: 'cilium', namespace: 'kube-system', revision: 2, status: 'deployed', chart: 'cilium-1.20.2' },
      { name: 'coredns', revision: 1 },
    ]);
  });
  it('knows a pending release', () => {
    const [stuck] = parseReleases(recording('helm/list-pending').stdout) ?? [];
    expect(stuck).toMatchObject({ name: 'stuck', status: 'pending-install', revision: 1 });
    expect(isPending(stuck?.status ?? '')).toBe(true);
    expect(isPending('failed')).toBe(false);
  });
  it('does not take a failed call for an empty list', () => {
    expect(parseReleases(recording('helm/list-failed').stdout)).toBeUndefined();
    expect(parseReleases('[]')).toEqual([]);
    expect(parseReleases('[{"name":"x"}]')).toBeUndefined();
  });
  it('reads when helm last touched it', () => {
    expect(releaseTime('2026-11-21 00:34:09.247452704 +0000 UTC')).toBe(Date.parse('2026-11-21T00:34:09.247Z'));
    expect(releaseTime('2026-11-21 02:34:09 +0200 CEST')).toBe(Date.parse('2026-11-21T00:34:09Z'));
    expect(releaseTime('-')).toBeUndefined();
  });
});

it.each([
  ['cilium-1.20.2', '1.20.2', true],
  ['cert-manager-v1.19.2', '1.19.2', true],
  ['cert-manager-1.19.2', 'v1.19.2', true],
  ['cilium-1.20.2', '1.20.3', false],
  ['cilium-11.20.2', '1.20.2', false],
  ['cilium-1.20.2+3f1c0ffee123', '1.20.2', true],
  ['cilium-1.20.21+3f1c0ffee123', '1.20.2', false],
  ['app-1.0.0+k3s1', '1.0.0+k3s1', true],
  ['app-1.0.0+k3s2', '1.0.0+k3s1', false],
])('%s is %s: %s', (chart, version, yes) => expect(chartHasVersion(chart, version)).toBe(yes));

it.each([
  ['1.20.2', true],
  ['v1.2.3-rc.1', true],
  ['~1.2', false],
  ['1.x', false],
  ['>=1.0.0', false],
])('%s is one version: %s', (version, yes) => expect(isExactVersion(version)).toBe(yes));

it.each([
  ['list -o json', true],
  ['--namespace upgrade status x', true],
  ['template x ./chart', true],
  ['template x ./chart --output-dir y', false],
  ['upgrade --install x y', false],
  ['uninstall x', false],
])('%s only reads: %s', (line, reads) => expect(helm.reads([...helmArgv(access), ...line.split(' ')])).toBe(reads));

it('reads its version', () => {
  expect(parseHelmVersion(recording('helm/version').stdout)).toBe('4.3');
  expect(parseHelmVersion('v3.18.6+gb76a950')).toBe('3.18.6');
  expect(parseHelmVersion('what')).toBeNull();
});

describe('failures', () => {
  it.each([
    ['helm/kube-refused', 'transient', /API server could not be reached/],
    ['helm/chart-missing', 'fatal', /does not exist/],
    ['helm/name-in-use', 'fatal', /belong to someone else/],
    [
      'helm/show-chart-missing',
      'fatal',
      /^the registry does not have the chart 127\.0\.0\.2:5055\/charts\/chart:9\.9\.9$/,
    ],
    ['helm/show-chart-not-in-index', 'fatal', /^the repository http:\S+:5056 does not have the chart chart, or not/],
    ['helm/show-chart-no-index', 'transient', /fetched from its registry/],
    ['helm/registry-unreachable', 'transient', /fetched from its registry/],
    ['helm/upgrade-over-pending', 'fatal', /another helm operation/],
    ['helm/wait-timeout', 'ambiguous', /not Ready in time/],
    ['helmfile/no-such-context', 'fatal', /no such context/],
    [
      'helmfile/pull-missing',
      'fatal',
      /the registry does not have the chart 127\.0\.0\.2:5055\/charts\/chart:9\.9\.9$/,
    ],
    [
      'helmfile/repository-missing',
      'fatal',
      /the repository classic does not have the chart chart at version 9\.9\.9$/,
    ],
  ])('%s is %s', (name, kind, cause) => {
    const judged = judge(failureOf(name), HELM_RULES, 'helm');
    expect(judged).toMatchObject({ kind });
    expect(judged.cause).toMatch(cause);
  });

  // As helm 4.3.1 said them of a registry on loopback.
  it.each([
    [
      'could not locate a version matching provided version string ^2',
      'fatal',
      'the chart, or this version of it, does not exist',
    ],
    [
      'GET "http://127.0.0.2:5055/v2/charts/nothing/tags/list": response status code 404: name unknown: Unknown name',
      'fatal',
      'the registry has no chart of this name',
    ],
    [
      'chart "nothing" not found in http://127.0.0.3:5056 repository',
      'fatal',
      'the repository http://127.0.0.3:5056 does not have the chart nothing, or not at this version',
    ],
    ['repo shelf not found', 'fatal', 'helm knows no repository shelf'],
    [
      'failed to perform "FetchReference" on source: Get "https://127.0.0.2:5055/v2/charts/x/manifests/9.9.9": http: server gave HTTP response to HTTPS client',
      'transient',
      'the chart could not be fetched from its registry',
    ],
  ])('%s is %s: %s', (text, kind, cause) =>
    expect(judge({ how: 'exit', exit: 1, text: `Error: ${text}` }, HELM_RULES, 'helm')).toMatchObject({
      kind,
      cause,
      page: 'chart',
    }),
  );
});
