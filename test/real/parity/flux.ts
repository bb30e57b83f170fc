import {
  fluxOwner,
  kubectlArgv,
  list,
  listRelease,
  parseApplied,
  parseObjects,
  parseReleases,
  str,
  workloadReadiness,
} from '@coldstart/tools';

import { parseCheck } from '../../../plugins/flux/src/flux/check.ts';
import {
  FLUX_INSTANCES,
  fluxResource,
  GIT_REPOSITORIES,
  HELM_RELEASES,
  KUSTOMIZATIONS,
  SOURCE_KINDS,
} from '../../../plugins/flux/src/flux/resources.ts';
import { gitRepository, kustomization } from '../flux/objects.ts';
import { access } from './questions/index.ts';
import type { Question } from './questions/index.ts';

const namespace = 'flux-system';
const kubectl = (...rest: string[]): string[] => kubectlArgv(access, ...rest);
/** flux takes the same two flags. */
const flux = kubectl;
const all = [...SOURCE_KINDS, KUSTOMIZATIONS, HELM_RELEASES].join(',');
const apply = kubectl('apply', '--server-side', '--field-manager=coldstart', '-f', '-');
const yaml = (...objects: object[]): string => objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('');
const said = (_: string, stderr: string): string => stderr;

/** Without what differs from run to run: a temporary folder, the Git server's address. */
const anyPlace = (why: string): string =>
  why.replace(/stat \S+\/kustomization-\d+/, 'stat TEMPORARY').replace(/(?<=')http:\/\/127[\d.:]+/, 'GIT');

/** How our steps judge what `kubectl get -o json` shows; revisions are each side's own commits. */
const judged = (stdout: string): unknown[] =>
  (parseObjects(stdout) ?? []).map(fluxResource).map(({ kind, id, ready, suspended, why, revision, dependsOn }) => ({
    is: `${kind} ${id}`,
    ready,
    why: anyPlace(why),
    revision: revision.replace(/[0-9a-f]{40}$/, 'COMMIT'),
    ...(suspended && { suspended }),
    ...(dependsOn.length > 0 && { dependsOn }),
  }));
/** What failed last, which stands beside Ready until a try succeeds. */
const failedFetch = (stdout: string): unknown[] =>
  (parseObjects(stdout) ?? [])
    .flatMap((object) => list(object, 'status', 'conditions'))
    .filter((condition) => str(condition, 'type') === 'FetchFailed')
    .map((condition) => ['status', 'reason', 'message'].map((field) => str(condition, field)))
    .map(([status, reason, message]) => anyPlace(`${status} ${reason}: ${message}`));
const well = (is: string, revision = 'main@sha1:COMMIT') => ({ is, ready: true, why: '', revision });
/** The generation that suspends is not dealt with. */
const unlooked = {
  ...well('Kustomization flux-system/base'),
  ready: false,
  why: 'its newest generation was not looked at yet',
};
const amiss = (is: string, why: string) => ({ is, ready: false, why, revision: '' });
/** The names in a table of flux, in their order, and whether they are ready: columns end in tabs. */
const rows = (stdout: string): unknown[] =>
  stdout
    .split('\n')
    .map((line) => line.split('\t').map((cell) => cell.trim()))
    .filter(([first]) => first !== '' && first !== 'NAMESPACE' && first !== 'NAME')
    .map((cells) => {
      const [name, , , ready] = cells.slice(cells[0] === namespace ? 1 : 0);
      return `${name} ${ready}`;
    });

const git = (name: string, door: string, branch: string, secret?: string) =>
  gitRepository(name, `{git}/${door}/fleet.git`, branch, secret);
const key = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'wrong', namespace },
  stringData: { username: 'flux', password: 'another' },
};
const one = (kind: string, name: string): string[] =>
  kubectl('get', kind, '-n', namespace, '--ignore-not-found', name, '-o', 'json');

const clone = "GitOperationFailed: failed to checkout and determine revision: unable to clone '";
const noBranch = `couldn't find remote ref "refs/heads/release"`;
const noSecret = `failed to get secret 'flux-system/nothere'`;
const noPath = 'ArtifactFailed: kustomization path not found: stat TEMPORARY/nothere: no such file or directory';

/**
 * In this order, from a cluster into which flux-operator has brought Flux. `{git}` and `{registry}` are the same for both sides:
 * a repository `fleet` with the folders base and after, behind an open door and a closed one, and the chart of releases/.
 */
export const questions: readonly Question[] = [
  {
    name: 'flux, installed: its instance',
    tool: 'kubectl',
    argv: kubectl('get', FLUX_INSTANCES, '-A', '-o', 'json'),
    read: judged,
    expected: { exit: 0, read: [well('FluxInstance flux-system/flux', '')] },
  },
  {
    name: 'flux, installed: check',
    tool: 'flux',
    argv: flux('check'),
    read: (stdout, stderr) => parseCheck(`${stderr}\n${stdout}`).map(({ ok }) => ok),
    expected: { exit: 0, read: Array.from({ length: 15 }, () => true) },
  },
  {
    name: 'flux, installed: its controllers',
    tool: 'kubectl',
    argv: kubectl('get', 'deployments', '-n', namespace, '-o', 'json'),
    read: (stdout) =>
      (parseObjects(stdout) ?? []).map((object) => `${object.metadata.name} ${workloadReadiness(object).ready}`),
    expected: {
      exit: 0,
      read: ['flux-operator', 'helm-controller', 'kustomize-controller', 'source-controller'].map(
        (name) => `${name} true`,
      ),
    },
  },
  {
    name: 'flux, installed: nothing of its kinds yet',
    tool: 'kubectl',
    argv: kubectl('get', all, '-A', '-o', 'json'),
    read: judged,
    expected: { exit: 0, read: [] },
  },
  {
    name: 'flux, installed: get all of nothing',
    tool: 'flux',
    argv: flux('get', 'all', '-A'),
    read: rows,
    expected: { exit: 0, read: [] },
  },
  {
    name: 'flux, installed: get sources git of nothing',
    tool: 'flux',
    argv: flux('get', 'sources', 'git', '-n', namespace),
    read: said,
    expected: { exit: 1, read: 'no GitRepository objects found in "flux-system" namespace' },
  },
  {
    name: 'flux, installed: get kustomizations of nothing',
    tool: 'flux',
    argv: flux('get', 'kustomizations', '-A'),
    read: said,
    expected: { exit: 1, read: 'no Kustomization objects found' },
  },
  {
    name: 'flux, installed: reconcile of what is not there',
    tool: 'flux',
    argv: flux('reconcile', 'kustomization', 'nothere'),
    changes: true,
    read: said,
    expected: { exit: 1, read: '"nothere" not found' },
  },
  {
    name: 'flux, installed: apply of a source and of Kustomizations',
    tool: 'kubectl',
    argv: apply,
    stdin: yaml(
      git('fleet', 'open', 'main'),
      kustomization('base', './base'),
      kustomization('after', './after', 'base'),
    ),
    changes: true,
    read: parseApplied,
    expected: {
      exit: 0,
      read: [
        { kind: 'gitrepository.source.toolkit.fluxcd.io', name: 'fleet' },
        { kind: 'kustomization.kustomize.toolkit.fluxcd.io', name: 'base' },
        { kind: 'kustomization.kustomize.toolkit.fluxcd.io', name: 'after' },
      ],
    },
  },
  {
    name: 'flux, ready: a Kustomization that waited for another',
    tool: 'kubectl',
    argv: one(KUSTOMIZATIONS, 'after'),
    read: judged,
    expected: {
      exit: 0,
      read: [{ ...well('Kustomization flux-system/after'), dependsOn: ['flux-system/base'] }],
    },
  },
  {
    name: 'flux, ready: the GitRepository',
    tool: 'kubectl',
    argv: one(GIT_REPOSITORIES, 'fleet'),
    read: judged,
    expected: { exit: 0, read: [well('GitRepository flux-system/fleet')] },
  },
  {
    name: 'flux, ready: all of its kinds',
    tool: 'kubectl',
    argv: kubectl('get', all, '-A', '-o', 'json'),
    read: judged,
    expected: {
      exit: 0,
      read: [
        well('GitRepository flux-system/fleet'),
        { ...well('Kustomization flux-system/after'), dependsOn: ['flux-system/base'] },
        well('Kustomization flux-system/base'),
      ],
    },
  },
  {
    name: 'flux, ready: what a Kustomization applied is its own',
    tool: 'kubectl',
    argv: one('configmaps', 'base'),
    read: (stdout) => (parseObjects(stdout) ?? []).map(fluxOwner),
    expected: { exit: 0, read: ['Kustomization flux-system/base'] },
  },
  {
    name: 'flux, ready: get sources git',
    tool: 'flux',
    argv: flux('get', 'sources', 'git', '-n', namespace),
    read: rows,
    expected: { exit: 0, read: ['fleet True'] },
  },
  {
    name: 'flux, ready: get sources git everywhere',
    tool: 'flux',
    argv: flux('get', 'sources', 'git', '-A'),
    read: rows,
    expected: { exit: 0, read: ['fleet True'] },
  },
  {
    name: 'flux, ready: get kustomizations',
    tool: 'flux',
    argv: flux('get', 'kustomizations', '-n', namespace),
    read: rows,
    expected: { exit: 0, read: ['after True', 'base True'] },
  },
  {
    name: 'flux, ready: get all',
    tool: 'flux',
    argv: flux('get', 'all', '-A'),
    read: rows,
    expected: { exit: 0, read: ['gitrepository/fleet True', 'kustomization/after True', 'kustomization/base True'] },
  },
  {
    name: 'flux, ready: reconcile with its source',
    tool: 'flux',
    argv: flux('reconcile', 'kustomization', 'base', '--with-source'),
    changes: true,
    read: (_, stderr) => /applied revision main@sha1:[0-9a-f]{40}$/m.test(stderr),
    expected: { exit: 0, read: true },
  },
  {
    name: 'flux, ready: suspend',
    tool: 'flux',
    argv: flux('suspend', 'kustomization', 'base'),
    changes: true,
    read: said,
    expected: { exit: 0, read: 'kustomization suspended' },
  },
  {
    name: 'flux, ready: reconcile of what is suspended',
    tool: 'flux',
    argv: flux('reconcile', 'kustomization', 'base'),
    changes: true,
    read: said,
    expected: { exit: 1, read: 'resource is suspended' },
  },
  {
    name: 'flux, ready: what is suspended',
    tool: 'kubectl',
    argv: one(KUSTOMIZATIONS, 'base'),
    read: judged,
    expected: { exit: 0, read: [{ ...unlooked, suspended: true }] },
  },
  {
    name: 'flux, ready: resume',
    tool: 'flux',
    argv: flux('resume', 'kustomization', 'base'),
    changes: true,
    read: (_, stderr) => /applied revision main@sha1:[0-9a-f]{40}$/m.test(stderr),
    expected: { exit: 0, read: true },
  },
  {
    name: 'flux, amiss: apply of what cannot become ready',
    tool: 'kubectl',
    argv: apply,
    stdin: yaml(
      key,
      git('bad-branch', 'open', 'release'),
      git('no-secret', 'open', 'main', 'nothere'),
      git('wrong-key', 'closed', 'main', 'wrong'),
      kustomization('bad-path', './nothere'),
      kustomization('waits', './after', 'bad-path'),
    ),
    changes: true,
    read: (stdout) => parseApplied(stdout).map(({ name }) => name),
    expected: { exit: 0, read: ['wrong', 'bad-branch', 'no-secret', 'wrong-key', 'bad-path', 'waits'] },
  },
  {
    name: 'flux, amiss: a branch that is none',
    tool: 'kubectl',
    argv: one(GIT_REPOSITORIES, 'bad-branch'),
    read: judged,
    expected: {
      exit: 0,
      read: [amiss('GitRepository flux-system/bad-branch', `${clone}GIT/open/fleet.git': ${noBranch}`)],
    },
  },
  {
    name: 'flux, amiss: what stands beside that while it is tried again',
    tool: 'kubectl',
    argv: one(GIT_REPOSITORIES, 'bad-branch'),
    read: failedFetch,
    expected: { exit: 0, read: [`True ${clone}GIT/open/fleet.git': ${noBranch}`] },
  },
  {
    name: 'flux, amiss: a Secret that is not there',
    tool: 'kubectl',
    argv: one(GIT_REPOSITORIES, 'no-secret'),
    read: judged,
    expected: {
      exit: 0,
      read: [
        amiss(
          'GitRepository flux-system/no-secret',
          `AuthenticationFailed: ${noSecret}: ${noSecret}: secrets "nothere" not found`,
        ),
      ],
    },
  },
  {
    name: 'flux, amiss: a key that is refused',
    tool: 'kubectl',
    argv: one(GIT_REPOSITORIES, 'wrong-key'),
    read: judged,
    expected: {
      exit: 0,
      read: [amiss('GitRepository flux-system/wrong-key', `${clone}GIT/closed/fleet.git': authentication required: `)],
    },
  },
  {
    name: 'flux, amiss: a path that is none',
    tool: 'kubectl',
    argv: one(KUSTOMIZATIONS, 'bad-path'),
    read: judged,
    expected: { exit: 0, read: [amiss('Kustomization flux-system/bad-path', noPath)] },
  },
  {
    name: 'flux, amiss: what waits for that',
    tool: 'kubectl',
    argv: one(KUSTOMIZATIONS, 'waits'),
    read: judged,
    expected: {
      exit: 0,
      read: [
        {
          ...amiss(
            'Kustomization flux-system/waits',
            "DependencyNotReady: dependency 'flux-system/bad-path' is not ready",
          ),
          dependsOn: ['flux-system/bad-path'],
        },
      ],
    },
  },
  {
    name: 'flux, amiss: get sources git',
    tool: 'flux',
    argv: flux('get', 'sources', 'git', '-n', namespace),
    read: rows,
    expected: { exit: 0, read: ['bad-branch False', 'fleet True', 'no-secret False', 'wrong-key False'] },
  },
  {
    name: 'flux, amiss: get of the Kustomizations that are not ready',
    tool: 'flux',
    argv: flux('get', 'kustomizations', '-A', '--status-selector', 'ready=false'),
    read: rows,
    expected: { exit: 0, read: ['bad-path False', 'waits False'] },
  },
  {
    name: 'flux, amiss: get all',
    tool: 'flux',
    argv: flux('get', 'all', '-A'),
    read: rows,
    expected: {
      exit: 0,
      read: [
        'gitrepository/bad-branch False',
        'gitrepository/fleet True',
        'gitrepository/no-secret False',
        'gitrepository/wrong-key False',
        'kustomization/after True',
        'kustomization/bad-path False',
        'kustomization/base True',
        'kustomization/waits False',
      ],
    },
  },
  {
    name: 'flux, amiss: reconcile of what cannot',
    tool: 'flux',
    argv: flux('reconcile', 'kustomization', 'bad-path', '--timeout', '5s'),
    changes: true,
    read: said,
    expected: { exit: 1, read: 'context deadline exceeded' },
  },
  // The lab cannot know that a chart is not in a registry: flux.test.ts asks the real ones.
  {
    name: 'flux, HelmReleases: apply of one and of its chart',
    tool: 'kubectl',
    argv: apply,
    stdin: yaml(
      {
        apiVersion: 'source.toolkit.fluxcd.io/v1',
        kind: 'OCIRepository',
        metadata: { name: 'one', namespace },
        spec: {
          interval: '1m',
          url: '{registry}/chart',
          ref: { tag: '0.1.0' },
          insecure: true,
          layerSelector: { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', operation: 'copy' },
        },
      },
      {
        apiVersion: 'helm.toolkit.fluxcd.io/v2',
        kind: 'HelmRelease',
        metadata: { name: 'one', namespace },
        spec: { interval: '1m', releaseName: 'one', chartRef: { kind: 'OCIRepository', name: 'one' } },
      },
    ),
    changes: true,
    read: (stdout) => parseApplied(stdout).map(({ name }) => name),
    expected: { exit: 0, read: ['one', 'one'] },
  },
  {
    name: 'flux, HelmReleases: one that is ready',
    tool: 'kubectl',
    argv: one(HELM_RELEASES, 'one'),
    read: judged,
    expected: { exit: 0, read: [well('HelmRelease flux-system/one', '')] },
  },
  {
    name: 'flux, HelmReleases: get those that are',
    tool: 'flux',
    argv: flux('get', 'helmreleases', '-n', namespace),
    read: rows,
    expected: { exit: 0, read: ['one True'] },
  },
  {
    name: 'flux, HelmReleases: get sources oci',
    tool: 'flux',
    argv: flux('get', 'sources', 'oci', '-n', namespace),
    read: rows,
    expected: { exit: 0, read: ['one True'] },
  },
  {
    name: 'flux, HelmReleases: the release as helm sees it',
    tool: 'helm',
    argv: listRelease(access, namespace, 'one'),
    read: (stdout) =>
      (parseReleases(stdout) ?? []).map(({ name, status, revision, chart }) => ({
        name,
        status,
        revision,
        chart: chart.replace(/(?<=\+)[0-9a-f]{12}$/, 'DIGEST'),
      })),
    expected: { exit: 0, read: [{ name: 'one', status: 'deployed', revision: 1, chart: 'chart-0.1.0+DIGEST' }] },
  },
];
