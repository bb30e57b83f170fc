import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import {
  git,
  HELM_RULES,
  helmArgv,
  judge,
  kubeNode,
  kubectlArgv,
  listRelease,
  parseApplied,
  parseBatch,
  parseKubectlVersion,
  parseLsRemote,
  parseLsTree,
  parseObjects,
  parseReadyz,
  parseReleases,
  parseServerVersion,
  sops,
  SSH_AS_OPERATOR,
} from '@coldstart/tools';
import { parse, parseAllDocuments } from 'yaml';

import { COLUMNS, parseLiveCrds } from '../../../plugins/helmfile/src/crds/live.ts';
import { parseConform } from '../../../plugins/flux/src/flux/build.ts';
import { parseCheck } from '../../../plugins/flux/src/flux/check.ts';
import { flux, kubeconform, kustomize } from '../../../plugins/flux/src/tool.ts';
import { helmfile, helmfileArgv, helmfileFailure } from '../../../plugins/helmfile/src/tool.ts';

/** Where both sides keep the operators' kubeconfig, and the context that is the cluster's. */
export const access = { path: 'kubernetes/kubeconfig', context: 'infra' };

/** One question to a simulated tool and to the real one, in worlds that were led to the same state. */
export type Question = {
  name: string;
  tool: 'kubectl' | 'helm' | 'helmfile' | 'kustomize' | 'kubeconform' | 'sops' | 'flux' | 'git';
  /**
   * `{root}` is the repository and `{head}` its commit: each side has its own. Other names in braces, also in stdin, are
   * what the test gives both.
   */
  argv: readonly string[];
  stdin?: string;
  /** Environment beside the common one. */
  env?: Readonly<Record<string, string>>;
  /** Whether it changes the world, on both sides. */
  changes?: true;
  /** Asked again until both say what is expected: a controller has to come to it. */
  within?: true;
  /** How our steps read it; a failure is read by its exit code and what it says. */
  read?: (stdout: string, stderr: string) => unknown;
  /** What both must come to: the exit code, and what is read; of a failure a part of what stderr says. */
  expected: { exit: number; read: unknown };
};

const kubectl = (...rest: string[]): string[] => kubectlArgv(access, ...rest);
const apply = (...more: string[]): string[] =>
  kubectl('apply', '--server-side', '--field-manager=coldstart', ...more, '-f', '-');
const yaml = (...objects: object[]): string => objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('');
const names = (stdout: string): string[] => (parseObjects(stdout) ?? []).map(({ metadata }) => metadata.name);
const said = (_: string, stderr: string): string => stderr;
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

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.example.com', annotations: { 'coldstart.io/content': 'abc' } },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object' } } } },
      },
    ],
  },
};
const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'observability' } };
const secret = (where: string, token: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'token', namespace: where, annotations: { 'coldstart.io/template': 'abc' } },
  stringData: { token },
});
const thing = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'one', namespace: 'observability' } };

/** As remote-head asks the operator's remote: outside of any repository, without the operator's configuration. */
const bare = {
  GIT_DIR: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_SSH_COMMAND: SSH_AS_OPERATOR,
};
const heads = (url: string, branch: string): string[] => ['ls-remote', '--exit-code', '--heads', '--', url, branch];
const refs = (stdout: string): string[] => Object.keys(parseLsRemote(stdout));
const bytes = (stdout: string): Uint8Array => new TextEncoder().encode(stdout);
/** A file that is the same in every copy of the example, and its id in git. */
const file = 'clusters/infra/flux/kustomization.yaml';
const content = readFileSync(new URL(`../../../examples/k8s-ops/${file}`, import.meta.url));
const oid = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
const NOWHERE = '0'.repeat(39) + '1';

/** The state files of releases/, and a release of theirs. */
const state = (name: string): string => `releases/${name}.yaml`;
const named = (name: string) => ({ name, namespace: 'observability' });
const one = named('one');
const another = named('another');
const rendering = ['template', '--include-crds', '--skip-tests'];
const documents = (stdout: string): string[] =>
  parseAllDocuments(stdout).map((document) => {
    const { kind, metadata } = document.toJS() as { kind: string; metadata: { name: string } };
    return `${kind}/${metadata.name}`;
  });
const releases = (stdout: string) =>
  (parseReleases(stdout) ?? []).map(({ name, status, revision, chart }) => ({ name, status, revision, chart }));

/** In this order, from an empty cluster with three nodes. */
export const questions: readonly Question[] = [
  {
    name: 'kubectl: own version',
    tool: 'kubectl',
    argv: ['version', '--client', '-o', 'json'],
    read: parseKubectlVersion,
    expected: { exit: 0, read: '1.36.3' },
  },
  {
    name: 'kubectl: readyz',
    tool: 'kubectl',
    argv: kubectl('--request-timeout=5s', 'get', '--raw', '/readyz'),
    read: parseReadyz,
    expected: { exit: 0, read: { ready: true, failed: [] } },
  },
  {
    name: "kubectl: the server's version",
    tool: 'kubectl',
    argv: kubectl('get', '--raw', '/version'),
    read: (stdout) => (JSON.parse(stdout) as { gitVersion: string }).gitVersion,
    expected: { exit: 0, read: 'v1.36.3' },
  },
  {
    name: 'kubectl: both versions',
    tool: 'kubectl',
    argv: kubectl('version', '-o', 'json'),
    read: parseServerVersion,
    expected: { exit: 0, read: '1.36.3' },
  },
  {
    name: 'kubectl: where the cluster is',
    tool: 'kubectl',
    argv: kubectl('--request-timeout=5s', 'cluster-info'),
    read: (stdout) => /Kubernetes control plane.* is running at/.test(stdout),
    expected: { exit: 0, read: true },
  },
  {
    name: 'kubectl: a context that is none',
    tool: 'kubectl',
    argv: ['--kubeconfig', access.path, '--context', 'nowhere', 'get', 'nodes'],
    read: said,
    expected: { exit: 1, read: 'context was not found for specified context: nowhere' },
  },
  {
    name: 'kubectl: a kubeconfig that is none',
    tool: 'kubectl',
    argv: ['--kubeconfig', 'nowhere', '--context', 'infra', 'get', 'nodes'],
    read: said,
    expected: { exit: 1, read: 'nowhere' },
  },
  {
    name: 'kubectl: nodes',
    tool: 'kubectl',
    argv: kubectl('get', 'nodes', '--request-timeout=5s', '-o', 'json'),
    within: true,
    read: (stdout) => (parseObjects(stdout) ?? []).map(kubeNode).map(({ name, ready }) => ({ name, ready })),
    expected: {
      exit: 0,
      read: ['infra-01', 'infra-02', 'infra-04'].map((name) => ({ name, ready: true })),
    },
  },
  {
    name: 'kubectl: namespaces',
    tool: 'kubectl',
    argv: kubectl('get', 'namespaces', '-o', 'json'),
    read: (stdout) => names(stdout).toSorted(),
    expected: { exit: 0, read: ['default', 'kube-node-lease', 'kube-public', 'kube-system'] },
  },
  {
    name: 'kubectl: one namespace',
    tool: 'kubectl',
    argv: kubectl('get', 'namespaces', 'kube-system', '-o', 'json'),
    read: names,
    expected: { exit: 0, read: ['kube-system'] },
  },
  {
    name: 'kubectl: what is not there, ignored',
    tool: 'kubectl',
    argv: kubectl('get', 'secrets', '-n', 'kube-system', '--ignore-not-found', 'token', '-o', 'json'),
    read: (stdout) => names(stdout),
    expected: { exit: 0, read: [] },
  },
  {
    name: 'kubectl: what is not there',
    tool: 'kubectl',
    argv: kubectl('get', 'secrets', '-n', 'kube-system', 'token', '-o', 'json'),
    read: said,
    expected: { exit: 1, read: 'Error from server (NotFound): secrets "token" not found' },
  },
  {
    name: 'kubectl: a kind that is none',
    tool: 'kubectl',
    argv: kubectl('get', 'kustomizations.kustomize.toolkit.fluxcd.io', '-A', '-o', 'json'),
    read: said,
    expected: { exit: 1, read: `the server doesn't have a resource type "kustomizations"` },
  },
  {
    name: 'kubectl: several kinds, one of which is none',
    tool: 'kubectl',
    argv: kubectl('get', 'secrets,things.example.com', '-A', '-o', 'json'),
    read: said,
    expected: { exit: 1, read: `the server doesn't have a resource type "things"` },
  },
  {
    name: 'kubectl: nothing of three kinds',
    tool: 'kubectl',
    argv: kubectl('get', 'deployments,daemonsets,statefulsets', '-n', 'default', '-o', 'json'),
    read: names,
    expected: { exit: 0, read: [] },
  },
  {
    name: 'kubectl: no definitions yet',
    tool: 'kubectl',
    argv: kubectl('get', 'customresourcedefinitions', '-o', `jsonpath=${COLUMNS}`),
    read: parseLiveCrds,
    expected: { exit: 0, read: [] },
  },
  {
    name: 'kubectl: apply of a namespace',
    tool: 'kubectl',
    argv: apply(),
    stdin: yaml(namespace),
    changes: true,
    read: parseApplied,
    expected: { exit: 0, read: [{ kind: 'namespace', name: 'observability' }] },
  },
  {
    name: 'kubectl: apply of the same again',
    tool: 'kubectl',
    argv: apply(),
    stdin: yaml(namespace),
    changes: true,
    read: parseApplied,
    expected: { exit: 0, read: [{ kind: 'namespace', name: 'observability' }] },
  },
  {
    name: 'kubectl: apply of a Secret',
    tool: 'kubectl',
    argv: apply('--force-conflicts'),
    stdin: yaml(secret('observability', 'a')),
    changes: true,
    read: parseApplied,
    expected: { exit: 0, read: [{ kind: 'secret', name: 'token' }] },
  },
  {
    name: 'kubectl: the Secret',
    tool: 'kubectl',
    argv: kubectl('get', 'secrets', '-n', 'observability', '--ignore-not-found', 'token', '-o', 'json'),
    read: names,
    expected: { exit: 0, read: ['token'] },
  },
  {
    name: 'kubectl: apply by another manager, which conflicts',
    tool: 'kubectl',
    argv: kubectl('apply', '--server-side', '--field-manager=another', '-f', '-'),
    stdin: yaml(secret('observability', 'b')),
    changes: true,
    read: said,
    expected: { exit: 1, read: 'conflict' },
  },
  {
    name: 'kubectl: apply into a namespace that is none',
    tool: 'kubectl',
    argv: apply(),
    stdin: yaml(secret('nowhere', 'a')),
    changes: true,
    read: said,
    expected: { exit: 1, read: 'namespaces "nowhere" not found' },
  },
  {
    name: 'kubectl: apply of a kind that is none',
    tool: 'kubectl',
    argv: apply(),
    stdin: yaml(thing),
    changes: true,
    read: said,
    expected: { exit: 1, read: 'no matches for kind "Thing" in version "example.com/v1"' },
  },
  {
    name: 'kubectl: apply of what is no YAML',
    tool: 'kubectl',
    argv: apply(),
    stdin: 'a: [\n',
    changes: true,
    read: said,
    expected: { exit: 1, read: 'error: error parsing STDIN' },
  },
  {
    name: 'kubectl: apply of nothing',
    tool: 'kubectl',
    argv: apply(),
    stdin: '',
    changes: true,
    read: said,
    expected: { exit: 1, read: 'error: no objects passed to apply' },
  },
  {
    name: 'kubectl: apply of a file that is none',
    tool: 'kubectl',
    argv: kubectl('apply', '--server-side', '--field-manager=coldstart', '-f', 'nowhere.yaml'),
    changes: true,
    read: said,
    expected: { exit: 1, read: 'the path "nowhere.yaml" does not exist' },
  },
  {
    name: 'kubectl: apply of a definition',
    tool: 'kubectl',
    argv: apply('--force-conflicts'),
    stdin: yaml(definition),
    changes: true,
    read: parseApplied,
    expected: {
      exit: 0,
      read: [{ kind: 'customresourcedefinition.apiextensions.k8s.io', name: 'things.example.com' }],
    },
  },
  {
    name: 'kubectl: definitions, established',
    tool: 'kubectl',
    argv: kubectl('get', 'customresourcedefinitions', '-o', `jsonpath=${COLUMNS}`),
    within: true,
    read: (stdout) =>
      parseLiveCrds(stdout)?.map(({ name, content, established, accepted }) => ({
        name,
        content,
        established,
        accepted,
      })),
    expected: {
      exit: 0,
      read: [{ name: 'things.example.com', content: 'abc', established: true, accepted: true }],
    },
  },
  {
    name: 'kubectl: apply of the kind that it brought',
    tool: 'kubectl',
    argv: apply(),
    stdin: yaml(thing),
    changes: true,
    within: true,
    read: parseApplied,
    expected: { exit: 0, read: [{ kind: 'thing.example.com', name: 'one' }] },
  },
  // helm and helmfile.
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
  // git.
  {
    name: 'git: own version',
    tool: 'git',
    argv: git.version.argv,
    read: (stdout) => /^2\.\d+\.\d+$/.test(git.version.parse(stdout, '') ?? ''),
    expected: { exit: 0, read: true },
  },
  {
    name: 'git: where a branch stands',
    tool: 'git',
    argv: heads('../remote.git', 'main'),
    env: bare,
    read: refs,
    expected: { exit: 0, read: ['refs/heads/main'] },
  },
  {
    name: 'git: a branch that is none',
    tool: 'git',
    argv: heads('../remote.git', 'nowhere'),
    env: bare,
    read: refs,
    expected: { exit: 2, read: [] },
  },
  {
    name: 'git: a remote that refuses the connection',
    tool: 'git',
    argv: heads('ssh://git@127.0.0.1:9/nowhere.git', 'main'),
    env: bare,
    read: said,
    expected: { exit: 128, read: 'Connection refused' },
  },
  {
    name: 'git: a commit',
    tool: 'git',
    argv: ['ls-tree', '-r', '-z', '--full-tree', '{head}'],
    read: (stdout) => parseLsTree(bytes(stdout)).get(file),
    expected: { exit: 0, read: oid },
  },
  {
    name: 'git: a commit that is none',
    tool: 'git',
    argv: ['ls-tree', '-r', '-z', '--full-tree', NOWHERE],
    read: said,
    expected: { exit: 128, read: 'fatal: not a tree object' },
  },
  {
    name: 'git: a name that is none',
    tool: 'git',
    argv: ['ls-tree', '-r', '-z', '--full-tree', 'nowhere'],
    read: said,
    expected: { exit: 128, read: 'fatal: Not a valid object name nowhere' },
  },
  {
    name: 'git: contents, and one that is none',
    tool: 'git',
    argv: ['cat-file', '--batch'],
    stdin: `${oid}\n${NOWHERE}\n`,
    read: (stdout) => [...(parseBatch(bytes(stdout)) ?? [])].map(([id, { length }]) => [id, length]),
    expected: { exit: 0, read: [[oid, content.length]] },
  },
  // What builds and checks manifests.
  {
    name: 'kustomize: own version',
    tool: 'kustomize',
    argv: ['version'],
    read: kustomize.version.parse as (stdout: string) => unknown,
    expected: { exit: 0, read: '5.8.2' },
  },
  {
    name: "kustomize: the cluster's root",
    tool: 'kustomize',
    argv: ['build', 'clusters/infra/flux'],
    read: (stdout) => documents(stdout).length,
    expected: { exit: 0, read: 27 },
  },
  {
    name: "kubectl: the cluster's root, where there is no kustomize",
    tool: 'kubectl',
    argv: ['kustomize', 'clusters/infra/flux'],
    read: (stdout) => documents(stdout).length,
    expected: { exit: 0, read: 27 },
  },
  {
    name: 'kubectl: a root that is none, where there is no kustomize',
    tool: 'kubectl',
    argv: ['kustomize', 'nowhere'],
    read: said,
    expected: { exit: 1, read: 'nowhere' },
  },
  {
    name: 'kustomize: a folder that is none',
    tool: 'kustomize',
    argv: ['build', 'nowhere'],
    read: said,
    expected: { exit: 1, read: 'nowhere' },
  },
  {
    name: 'kubeconform: own version',
    tool: 'kubeconform',
    argv: ['-v'],
    read: kubeconform.version.parse as (stdout: string) => unknown,
    expected: { exit: 0, read: '0.8.0' },
  },
  {
    name: 'kubeconform: nothing to check',
    tool: 'kubeconform',
    argv: ['-strict', '-summary', '-output', 'json', '-ignore-missing-schemas', '-'],
    stdin: '',
    read: parseConform,
    expected: { exit: 0, read: { invalid: [], untested: 0, valid: 0 } },
  },
  // sops.
  {
    name: 'sops: own version',
    tool: 'sops',
    argv: sops.version.argv,
    read: sops.version.parse as (stdout: string) => unknown,
    expected: { exit: 0, read: '3.13.3' },
  },
  {
    name: 'sops: decrypt',
    tool: 'sops',
    argv: ['-d', 'clusters/infra/talos/talsecret.sops.yaml'],
    env: { SOPS_AGE_KEY_FILE: 'age.key' },
    read: (stdout) => Object.keys(parse(stdout) as object),
    expected: { exit: 0, read: ['cluster', 'secrets', 'trustdinfo', 'certs'] },
  },
  {
    name: 'sops: without a key',
    tool: 'sops',
    argv: ['-d', 'clusters/infra/talos/talsecret.sops.yaml'],
    read: said,
    expected: { exit: 128, read: 'Failed to get the data key required to decrypt the SOPS file' },
  },
  {
    name: 'sops: a file that is none',
    tool: 'sops',
    argv: ['-d', 'nowhere.sops.yaml'],
    env: { SOPS_AGE_KEY_FILE: 'age.key' },
    read: said,
    expected: { exit: 100, read: 'nowhere.sops.yaml' },
  },
  {
    name: 'sops: a file that is not encrypted',
    tool: 'sops',
    argv: ['-d', 'clusters/infra/talos/talconfig.yaml'],
    env: { SOPS_AGE_KEY_FILE: 'age.key' },
    read: said,
    expected: { exit: 1, read: 'sops metadata not found' },
  },
  // flux, before it is there.
  {
    name: 'flux: own version',
    tool: 'flux',
    argv: ['version', '--client'],
    read: flux.version.parse as (stdout: string) => unknown,
    expected: { exit: 0, read: '2.9.5' },
  },
  {
    name: 'flux: check, before it is there',
    tool: 'flux',
    argv: kubectl('check'),
    read: (stdout, stderr) => parseCheck(`${stderr}\n${stdout}`).filter(({ ok }) => !ok).length > 0,
    expected: { exit: 1, read: true },
  },
  {
    name: 'flux: get all, before it is there',
    tool: 'flux',
    argv: kubectl('get', 'kustomizations', '-A'),
    read: said,
    expected: { exit: 1, read: 'no matches for kustomize.toolkit.fluxcd.io/v1' },
  },
  {
    name: 'flux: reconcile of what is not there',
    tool: 'flux',
    argv: kubectl('reconcile', 'kustomization', 'flux-system'),
    changes: true,
    read: said,
    expected: { exit: 1, read: 'no matches for kustomize.toolkit.fluxcd.io/v1' },
  },
  {
    name: 'flux: a context that is none',
    tool: 'flux',
    argv: ['--kubeconfig', access.path, '--context', 'nowhere', 'check'],
    read: said,
    expected: { exit: 1, read: 'context "nowhere" does not exist' },
  },
];
