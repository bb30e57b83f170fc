import { HELM_RULES, helmArgv, judge, listRelease, parseReleases } from '@coldstart/tools';
import { parse } from 'yaml';
import { helmfile, helmfileArgv, helmfileFailure } from '../../../../plugins/helmfile/src/tool.ts';
import { type Question, access, kubectl, names, said, named, one, another, documents } from './common.ts';

const judgedBy =
  (judged: typeof helmfileFailure) =>
  (_: string, stderr: string): string => {
    const { kind, cause } = judged({ how: 'exit', exit: 1, text: stderr });
    return `${kind}: ${cause}`;
  };
/** How our steps judge what helmfile said. */
const whatItMeans = judgedBy(helmfileFailure);
/** And what helm itself said. */
const whatHelmMeans = judgedBy((failure) => judge(failure, HELM_RULES, 'helm'));

/** The state files of releases/. */
const state = (name: string): string => `releases/${name}.yaml`;
const releases = (stdout: string) =>
  (parseReleases(stdout) ?? []).map(({ name, status, revision, chart }) => ({ name, status, revision, chart }));
const rendering = ['template', '--include-crds', '--skip-tests'];

/** helm and helmfile. */
export const ofHelm: readonly Question[] = [
  {
    name: 'helm: own version',
    tool: 'helm',
    argv: ['version', '--short'],
    read: (stdout) => /v(\d+)\./.exec(stdout)?.[1],
    expected: { exit: 0, read: '4' },
  },
  {
    name: 'helm: a release that is none',
    tool: 'helm',
    argv: listRelease(access, 'kube-system', 'cilium'),
    read: parseReleases,
    expected: { exit: 0, read: [] },
  },
  {
    name: 'helm: all releases of an empty cluster',
    tool: 'helm',
    argv: helmArgv(access, 'list', '-A', '-o', 'json'),
    read: parseReleases,
    expected: { exit: 0, read: [] },
  },
  {
    name: 'helm: a context that is none',
    tool: 'helm',
    argv: ['--kubeconfig', access.path, '--kube-context', 'nowhere', 'list', '-A', '-o', 'json'],
    read: said,
    expected: { exit: 1, read: 'context "nowhere" does not exist' },
  },
  {
    name: 'helm: a chart in a registry',
    tool: 'helm',
    argv: helmArgv(access, 'show', 'chart', 'oci://{registry}/chart', '--version', '0.1.0', '--plain-http'),
    read: (stdout) => parse(stdout) as unknown,
    expected: { exit: 0, read: { apiVersion: 'v2', appVersion: '0.1.0', name: 'chart', version: '0.1.0' } },
  },
  {
    name: 'helm: a chart that its registry does not have',
    tool: 'helm',
    argv: helmArgv(access, 'show', 'chart', 'oci://{registry}/missing', '--version', '9.9.9', '--plain-http'),
    read: whatHelmMeans,
    expected: { exit: 1, read: 'fatal: the registry does not have the chart 127.0.0.2:' },
  },
  {
    name: 'helm: a chart whose registry does not answer',
    tool: 'helm',
    argv: helmArgv(access, 'show', 'chart', 'oci://127.0.0.1:1/chart', '--version', '0.1.0'),
    read: whatHelmMeans,
    expected: { exit: 1, read: 'transient: the chart could not be fetched from its registry' },
  },
  {
    name: 'helm: a chart whose index does not answer',
    tool: 'helm',
    argv: helmArgv(access, 'show', 'chart', 'chart', '--repo', 'http://127.0.0.1:1', '--version', '0.1.0'),
    read: whatHelmMeans,
    expected: { exit: 1, read: 'transient: the chart could not be fetched from its registry' },
  },
  {
    name: 'helmfile: a file that is none',
    tool: 'helmfile',
    argv: helmArgv(access, '--file', 'nowhere.yaml', 'template'),
    read: said,
    expected: { exit: 1, read: 'nowhere.yaml' },
  },
  {
    name: 'helmfile: own version',
    tool: 'helmfile',
    argv: helmfile.version.argv,
    read: helmfile.version.parse as (stdout: string) => unknown,
    expected: { exit: 0, read: '1.8.0' },
  },
  {
    name: 'helmfile: template of one release',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('state'), one, ...rendering, '--skip-needs', '--kube-version', '1.36.3'),
    read: documents,
    expected: { exit: 0, read: ['Deployment/one'] },
  },
  {
    name: 'helmfile: template of a whole file, as needs say',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('state'), null, ...rendering),
    read: documents,
    expected: { exit: 0, read: ['Deployment/one', 'Deployment/another'] },
  },
  {
    name: 'helmfile: template of a release that is none',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('state'), { name: 'none', namespace: 'nowhere' }, ...rendering),
    read: said,
    expected: { exit: 3, read: 'no releases found that matches specified selector' },
  },
  {
    name: 'helmfile: template of a chart that is none',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('no-chart'), one, ...rendering, '--skip-needs'),
    read: said,
    expected: { exit: 1, read: 'nowhere' },
  },
  {
    name: 'helmfile: template of a chart that its registry does not have',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('in-registry'), named('missing'), ...rendering, '--skip-needs'),
    read: whatItMeans,
    expected: { exit: 1, read: 'fatal: the registry does not have the chart 127.0.0.2:' },
  },
  {
    name: 'helmfile: template of a chart whose registry does not answer',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('in-registry'), named('unreached'), ...rendering, '--skip-needs'),
    read: whatItMeans,
    expected: { exit: 1, read: 'transient: the chart could not be fetched from its registry' },
  },
  {
    name: 'helmfile: template where a need is none',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('no-need'), null, ...rendering),
    read: said,
    expected: { exit: 1, read: 'observability/nowhere' },
  },
  {
    name: 'helmfile: template of what is no YAML',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('no-yaml'), null, ...rendering),
    read: said,
    expected: { exit: 1, read: 'no-yaml.yaml' },
  },
  {
    name: 'helmfile: sync of a chart that is none',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('no-chart'), one, 'sync', '--skip-needs'),
    changes: true,
    read: said,
    expected: { exit: 1, read: 'nowhere' },
  },
  {
    name: 'helmfile: sync of a chart that its registry does not have',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('in-registry'), named('missing'), 'sync', '--skip-needs'),
    changes: true,
    read: whatItMeans,
    expected: { exit: 1, read: 'fatal: the registry does not have the chart 127.0.0.2:' },
  },
  {
    name: 'helmfile: sync with a context that is none',
    tool: 'helmfile',
    argv: helmfileArgv({ ...access, context: 'nowhere' }, state('state'), one, 'sync', '--skip-needs'),
    changes: true,
    read: said,
    expected: { exit: 1, read: 'context "nowhere" does not exist' },
  },
  {
    name: 'helmfile: sync with a kubeconfig that is named from another folder',
    tool: 'helmfile',
    // helmfile calls helm in the state file's folder: as our steps do not name it.
    argv: [
      '--file',
      state('state'),
      '--kubeconfig',
      access.path,
      '--kube-context',
      access.context,
      '--selector',
      `name=${one.name},namespace=${one.namespace}`,
      'sync',
      '--skip-needs',
    ],
    changes: true,
    read: said,
    expected: { exit: 1, read: 'kubernetes cluster unreachable: stat kubernetes/kubeconfig: no such file' },
  },
  {
    name: 'helmfile: sync of one release',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('state'), one, 'sync', '--skip-needs'),
    changes: true,
    read: (_, stderr) => /Release "one" (does not exist|has been upgraded)/.exec(stderr)?.[0],
    expected: { exit: 0, read: 'Release "one" does not exist' },
  },
  {
    name: 'helm: the release',
    tool: 'helm',
    argv: listRelease(access, one.namespace, one.name),
    read: releases,
    expected: { exit: 0, read: [{ name: 'one', status: 'deployed', revision: 1, chart: 'chart-0.1.0' }] },
  },
  {
    name: 'helmfile: sync of the release that needs it',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('state'), another, 'sync', '--skip-needs'),
    changes: true,
    read: (_, stderr) => /Release "another" (does not exist|has been upgraded)/.exec(stderr)?.[0],
    expected: { exit: 0, read: 'Release "another" does not exist' },
  },
  {
    name: 'helmfile: sync of the same again',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('state'), one, 'sync', '--skip-needs'),
    changes: true,
    read: (_, stderr) => /Release "one" (does not exist|has been upgraded)/.exec(stderr)?.[0],
    expected: { exit: 0, read: 'Release "one" has been upgraded' },
  },
  {
    name: 'helm: both releases',
    tool: 'helm',
    argv: helmArgv(access, 'list', '-n', 'observability', '-o', 'json'),
    read: releases,
    expected: {
      exit: 0,
      read: [
        { name: 'another', status: 'deployed', revision: 1, chart: 'chart-0.1.0' },
        { name: 'one', status: 'deployed', revision: 2, chart: 'chart-0.1.0' },
      ],
    },
  },
  {
    name: 'kubectl: what the releases brought',
    tool: 'kubectl',
    argv: kubectl('get', 'deployments,daemonsets,statefulsets', '-n', 'observability', '-o', 'json'),
    within: true,
    read: names,
    expected: { exit: 0, read: ['another', 'one'] },
  },
  {
    name: 'helmfile: sync of a chart in a registry',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('in-registry'), named('there'), 'sync', '--skip-needs'),
    changes: true,
    read: (_, stderr) => /^(?:Pulling|Skipping refresh)/m.exec(stderr)?.[0],
    expected: { exit: 0, read: 'Pulling' },
  },
  {
    name: 'helmfile: sync of the same, which lies in its cache now',
    tool: 'helmfile',
    argv: helmfileArgv(access, state('in-registry'), named('there'), 'sync', '--skip-needs'),
    changes: true,
    read: (_, stderr) => /^(?:Pulling|Skipping refresh)/m.exec(stderr)?.[0],
    expected: { exit: 0, read: 'Skipping refresh' },
  },
];
