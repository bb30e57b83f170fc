import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Status } from '../../src/tools/cilium/look.ts';
import { report } from '../../src/tools/cilium/report.ts';
import { CILIUM } from '../../src/kubernetes/charts/definitions.ts';
import { crds } from '../../src/kubernetes/charts/parts.ts';
import { toStream } from '../../src/kubernetes/manifests/yaml.ts';
import { KubeWorld, kubeconfig, type Told } from './world.ts';

/**
 * Each recording of a tool of Kubernetes that the lab plays: the world is brought to the state in which it was recorded, the
 * same command is run, and exit code, stdout and stderr are compared. What is not compared stands in unrecorded.yaml.
 */
const folder = fileURLToPath(new URL('../../../../test/recordings', import.meta.url));
/** `$ command` (which may hold line breaks), `exit: N`, `--- stdout`, text, `--- stderr`, text. */
function parseRecording(text: string): { argv: string[]; exit: number; stdout: string; stderr: string } {
  const [, command = '', exit = '', stdout = '', stderr = ''] =
    /^\$ ([\s\S]*?)\nexit: (\d+)\n--- stdout\n([\s\S]*?)--- stderr\n?([\s\S]*)$/.exec(text) ?? [];
  expect(command, 'a recording').not.toBe('');
  return { argv: command.split(' '), exit: Number(exit), stdout, stderr };
}

const TOOLS = ['cilium', 'flux', 'git', 'helm', 'helmfile', 'kubeconform', 'kubectl', 'kustomize', 'op', 'sops'];

type Scene = {
  /** Brings the world there. */
  given?: (world: KubeWorld) => Promise<unknown> | void;
  /** Files of the world, by path; relative ones below the repository. */
  files?: Record<string, string>;
  stdin?: string;
  /** Replaces the recorded argv where the recording went through a shell. */
  argv?: string[];
  env?: Record<string, string>;
  faults?: Record<string, number>;
  facts?: Record<string, unknown>;
  world?: (world: KubeWorld) => void;
  /** What differs by nature (times, tokens, temporary files), made the same on both sides. */
  same?: [RegExp, string][];
  /** Compares what was said in another way than line by line; gives why it is wrong, or nothing. */
  judge?: (told: Told, recorded: { stdout: string; stderr: string }) => void;
};

const manifest = (name: string): string =>
  toStream(crds('cilium', CILIUM).filter((each) => each.metadata.name === name));
const NODES = 'github.com/cilium/cilium@v1.20.2/pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnodes.yaml';
const POLICIES = 'github.com/cilium/cilium@v1.20.2/pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnetworkpolicies.yaml';
const CRD_FILES = {
  [NODES]: manifest('ciliumnodes.cilium.io'),
  [POLICIES]: manifest('ciliumnetworkpolicies.cilium.io'),
};
const established = async (world: KubeWorld): Promise<void> => {
  await world.apply(Object.values(CRD_FILES).join(''));
  await world.pass(5000);
};

const CILIUM_CHART = 'github.com/cilium/cilium@v1.20.2/install/kubernetes/cilium';
const charts = { './coredns/Chart.yaml': 'name: coredns', 'coredns/Chart.yaml': 'name: coredns' };
const HELMFILE = `helmDefaults: {wait: true, timeout: 120}
releases:
  - {name: cilium, namespace: kube-system, chart: ${CILIUM_CHART}, values: [{a: 1}]}
  - {name: coredns, namespace: kube-system, chart: ./coredns, needs: [kube-system/cilium]}
`;
const pulls = {
  'pull.yaml': `releases:
  - {name: there, namespace: d, chart: oci://127.0.0.2:5055/charts/chart, version: 0.1.0, plainHttp: true}
  - {name: missing, namespace: d, chart: oci://127.0.0.2:5055/charts/chart, version: 9.9.9, plainHttp: true}
`,
};
const repositories = {
  'classic.yaml': `repositories:
  - {name: classic, url: http://127.0.0.1:5056}
releases:
  - {name: there, namespace: d, chart: classic/chart, version: 0.1.0}
  - {name: missing, namespace: d, chart: classic/chart, version: 9.9.9}
`,
};
const helmfiles = { 'helmfile.yaml': HELMFILE, ...charts };
const installed = async (world: KubeWorld): Promise<void> => {
  world.nodes(3);
  await world.pass(60_000);
  await world.run('helmfile', [
    '--kubeconfig',
    '/home/op/kube',
    '--kube-context',
    'infra',
    '-f',
    'helmfile.yaml',
    'sync',
  ]);
};
const helm = (world: KubeWorld, ...argv: string[]): Promise<Told> =>
  world.run('helm', ['--kubeconfig', '/home/op/kube', '--kube-context', 'infra', ...argv]);

const TIMES: [RegExp, string][] = [
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \+0000 UTC/g, 'TIME'],
  [/(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}/g, 'TIME'],
];
/** Charts print notes, titles are centred over their table, and durations are the machine's. */
const HELMFILE_SAYS: [RegExp, string][] = [
  ...TIMES,
  [/^(?:TEST SUITE: None\n)?NOTES:\n[\s\S]*?(?=^Listing releases)/gm, ''],
  [/=+ (Updated|Failed) Releases =+/g, '= $1 Releases ='],
  [/ +\d+s$/gm, ' DURATION'],
  [/[ \t]+$/gm, ''],
  [/[ ]{3,}/g, '   '],
  [/\t\d+ +\t/g, '\tREVISION\t'],
  [/^REVISION: \d+$/gm, 'REVISION: N'],
  // Both charts are got ready at once: which line comes first is chance.
  [/^(Building dependency release=\w+, chart=\S+\n)+/gm, 'Building\n'],
  [/\t(?:cilium|coredns)-[\d.]+\t[\d.]+/g, '\tCHART'],
  [/(\.\/coredns|install\/kubernetes\/cilium)   [\d.]+ /g, '$1   VERSION '],
];
const REVISION: [RegExp, string][] = [[/@sha1:[0-9a-f]+/g, '@sha1:REVISION'], ...TIMES];

const FLUX_FILES = {
  '/repo/clusters/infra/kustomization.yaml': 'resources: [vars.yaml]',
  '/repo/clusters/infra/vars.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cluster-vars, namespace: flux-system}\ndata: {A: b}\n',
};
const URL_ = 'http://127.0.0.1:18080/repo.git';
const git = (name: string, more = ''): string => `---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: ${name}, namespace: flux-system}
spec: {interval: 1m, url: "${URL_}", ${more || 'ref: {branch: main}'}}
`;
const ks = (name: string, path = './clusters/infra', more = ''): string => `---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: ${name}, namespace: flux-system}
spec: {interval: 1m, path: ${path}, prune: true, sourceRef: {kind: GitRepository, name: k8s-ops}${more}}
`;
const FACTS = { 'flux/source': { url: URL_, branch: 'main' } };
/** Flux by its own chart stand-in, and the recorded source and Kustomization. */
const flux =
  (manifests: string = git('k8s-ops') + ks('cluster')) =>
  async (world: KubeWorld): Promise<void> => {
    world.nodes(3);
    world.files.set(
      '/repo/flux.yaml',
      'helmDefaults: {wait: true}\nreleases:\n  - {name: flux, namespace: flux-system, chart: oci://charts.example.com/flux2, version: 2.17.0}\n',
    );
    const done = await world.run('helmfile', [
      '--kubeconfig',
      '/home/op/kube',
      '--kube-context',
      'infra',
      '-f',
      'flux.yaml',
      'sync',
    ]);
    expect(done).toMatchObject({ exit: 0 });
    const applied = await world.apply(manifests);
    expect(applied).toMatchObject({ exit: 0 });
    await world.pass(120_000);
  };
const suspended = async (world: KubeWorld): Promise<void> => {
  await flux()(world);
  await world.run('flux', [
    '--kubeconfig',
    '/home/op/kube',
    '--context',
    'infra',
    'suspend',
    'kustomization',
    'cluster',
  ]);
};
const FAILING =
  git('k8s-ops') +
  git('bad-branch', 'ref: {branch: release}') +
  git('bad-key', 'ref: {branch: main}, secretRef: {name: nothere}') +
  ks('cluster') +
  ks('bad-path', './clusters/nothere') +
  ks('depends', './clusters/infra', ', dependsOn: [{name: bad-path}]');
const fluxScene = (given = flux(), same: [RegExp, string][] = REVISION): Scene => ({
  given,
  files: FLUX_FILES,
  facts: FACTS,
  same,
});
const CUT: [RegExp, string][] = [
  ...REVISION,
  [/kustomization-[0-9a-f]+/g, 'kustomization-TMP'],
  [/[ \t]+$/gm, ''],
  [/ +\t/g, '\t'],
];

const scenes: Record<string, Scene> = {
  'kubectl/apply-server-side-crd': {
    files: CRD_FILES,
    same: [[/^Warning: unrecognized format "idn-hostname"\n/m, '']],
  },
  'kubectl/apply-server-side-crd-again': { files: CRD_FILES, given: established },
  'kubectl/cluster-info': {},
  'kubectl/conflict-ssa': {
    files: helmfiles,
    given: installed,
    argv: ['--context', 'infra', 'apply', '--server-side', '--field-manager=other', '-f', '-'],
    stdin:
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: coredns, namespace: kube-system}\nspec: {replicas: 3}\n',
  },
  'kubectl/diff-same': { files: CRD_FILES, given: established },
  'kubectl/get-missing': {},
  'kubectl/invalid-yaml': { argv: ['--context', 'infra', 'apply', '-f', '-'], stdin: 'kind: ConfigMap\n' },
  'kubectl/no-such-context': {},
  'kubectl/not-found-crd-kind': {
    argv: ['--context', 'infra', 'apply', '-f', '-'],
    stdin: 'apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: x}\n',
  },
  'kubectl/readyz-verbose': {},
  'kubectl/refused': { same: [[/^E\d{4} [\d:.]+ +\d+ /gm, 'E ']] },
  'kubectl/rollout-status': {
    files: helmfiles,
    given: installed,
  },
  'kubectl/version-json': {},
  'kubectl/wait-established': { given: established },
  'kubectl/wait-established-missing': { given: established },
  'kubectl/wait-timeout': fluxScene(),
  'flux/get-ks-json': {
    ...fluxScene(),
    judge: (told, recorded) =>
      expect(shapeOf(JSON.parse(told.stdout))).toEqual(
        expect.arrayContaining(shapeOf(complete(recorded.stdout)).filter((path) => !NOT_PLAYED.test(path))),
      ),
  },
  'flux/kubectl-get-failing-json': {
    ...fluxScene(flux(FAILING)),
    judge: (told, recorded) => {
      const meaning = (text: string) =>
        (JSON.parse(text) as Record<string, string>[]).map(({ type, status, reason, message }) =>
          type === 'Ready'
            ? { type, status, reason, message: message?.replace(/kustomization-\w+/, 'TMP') }
            : { type, status, reason },
        );
      expect(meaning(told.stdout)).toEqual(meaning(recorded.stdout));
      expect(told.stdout.endsWith(']')).toBe(true);
    },
  },
  'flux/check': {
    ...fluxScene(),
    // The notification-controller's own definitions were not installed where it was recorded.
    same: [[/^✔ (?:alerts|providers|receivers)\.notification.*\n/gm, '']],
  },
  'flux/check-pre': {},
  'flux/get-all': fluxScene(),
  'flux/get-all-failures': fluxScene(flux(FAILING), CUT),
  'flux/get-ks-failing-only': fluxScene(flux(FAILING), CUT),
  'flux/get-sources-git': fluxScene(),
  'flux/reconcile-failing': fluxScene(flux(FAILING)),
  'flux/reconcile-ks': fluxScene(),
  'flux/reconcile-missing': fluxScene(),
  'flux/reconcile-source': fluxScene(),
  'flux/reconcile-suspended': fluxScene(suspended),
  'flux/resume': fluxScene(suspended),
  'flux/suspend': fluxScene(),
  'flux/refused': {},
  'flux/version': {},
  'cilium/config-view': {
    files: ciliumFiles(),
    given: installed,
    judge: (told, recorded) => {
      const read = (text: string): Map<string, string> =>
        new Map(
          text
            .split('\n')
            .flatMap((line) =>
              [...line.matchAll(/^(\S+) {4,}(.*)$/g)].map(
                ([, key = '', value = '']) => [key, value] as [string, string],
              ),
            ),
        );
      const [lab, real] = [read(told.stdout), read(recorded.stdout)];
      const both = [...lab].filter(([key]) => real.has(key));
      expect(both.length).toBeGreaterThanOrEqual(7);
      for (const [key, value] of both) expect(`${key} ${value}`).toBe(`${key} ${real.get(key)}`);
    },
  },
  'cilium/status-json': {
    files: ciliumFiles(),
    given: (world) => installed(world).then(() => world.pass(200_000)),
    judge: (told, recorded) => {
      const [lab, real] = [JSON.parse(told.stdout), complete(recorded.stdout)] as Record<
        string,
        Record<string, unknown>
      >[];
      expect(lab?.['pod_state']).toEqual(real?.['pod_state']);
      expect(lab?.['phase_count']).toEqual(real?.['phase_count']);
      expect(Object.keys(lab?.['pods_count'] ?? {})).toEqual(Object.keys(real?.['pods_count'] ?? {}));
      // The Envoy image's tag is Envoy's own, which the lab does not know.
      const images = (of: Record<string, unknown> | undefined) =>
        Object.entries(of ?? {}).filter(([name]) => name !== 'cilium-envoy');
      expect(images(lab?.['image_count'])).toEqual(images(real?.['image_count']));
      expect(Object.keys(lab?.['cilium_status'] ?? {})).toHaveLength(Object.keys(real?.['cilium_status'] ?? {}).length);
      // One space per level, keys in this order.
      expect(told.stdout.slice(0, 20)).toBe(recorded.stdout.slice(0, 20));
    },
  },
  'cilium/status': {
    // The agents that were recorded could not be exec'd into: the same report is made of the same trouble.
    judge: (_told, recorded) => expect(report(recordedStatus(recorded.stdout))).toBe(recorded.stdout),
    files: ciliumFiles(),
    given: installed,
  },
  'kubectl/get-nodes': {
    given: (world) => world.nodes(3, 'flannel', 'controlplane').pass(60_000),
    judge: (told, recorded) => {
      const rows = (text: string) =>
        text
          .trimEnd()
          .split('\n')
          .map((line) => line.split(/ {2,}/));
      const [lab, real] = [rows(told.stdout), rows(recorded.stdout)];
      expect(lab[0]).toEqual(real[0]);
      expect(lab.slice(1).map((row) => row.slice(0, 3))).toEqual(real.slice(1).map((row) => row.slice(0, 3)));
      expect(lab.map((row) => row.length)).toEqual(real.map((row) => row.length));
      expect(lab[1]?.[3]).toMatch(/^\d+[smhd]/);
    },
  },
  'cilium/version': { files: helmfiles, given: installed, same: [[/\d+\.\d+\.\d+$/gm, 'VERSION']] },
  'git/ls-remote-ok': {
    facts: { 'flux/source': { url: 'repo.git', branch: 'main' } },
    same: [[/^[0-9a-f]{40}/, 'COMMIT']],
  },
  'git/ls-remote-branch-missing': { facts: { 'flux/source': { url: 'repo.git', branch: 'main' } } },
  'git/ls-remote-ssh-refused': {
    argv: ['ls-remote', 'ssh://git@127.0.0.1:1/repo.git'],
    env: { GIT_SSH_COMMAND: 'ssh -o BatchMode=yes' },
  },
  'git/status-porcelain': { files: { 'repo/.git/HEAD': 'ref: refs/heads/main' }, same: [[/[0-9a-f]{40}/, 'COMMIT']] },
  'helm/chart-missing': {},
  'helm/kube-refused': {},
  'helm/list-default-hides-pending': { given: stuck, same: TIMES, files: charts, judge: sameReleases },
  'helm/list-failed': {},
  'helm/list-json': { files: helmfiles, given: installed, judge: sameReleases },
  'helm/list-pending': { given: stuck, files: charts, judge: sameReleases },
  'helm/name-in-use': { given: (world) => helm(world, 'install', 'slow', './coredns', '-n', 'default'), files: charts },
  'helm/registry-unreachable': {},
  'helm/show-chart': { same: [[/^Digest: sha256:[0-9a-f]{64}$/m, 'Digest: SHA-256']] },
  'helm/show-chart-missing': { faults: { 'chart-missing': 1 } },
  'helm/show-chart-no-index': {},
  'helm/show-chart-not-in-index': { faults: { 'chart-missing': 1 } },
  'helm/show-chart-of-index': {},
  'helm/show-chart-unreachable': {},
  'helm/status-json': {
    files: helmfiles,
    given: installed,
    argv: ['--kube-context', 'infra', 'status', 'coredns', '-n', 'kube-system', '-o', 'json'],
    judge: (told, recorded) => {
      const form = (text: string): string[] =>
        [...text.slice(0, text.indexOf('"notes"')).matchAll(/"(\w+)":(?:"([^"]*)")?/g)].map(([, key = '', value]) =>
          value === undefined || /^\d{4}-/.test(value) ? key : `${key}=${value}`,
        );
      expect(form(told.stdout)).toEqual(form(recorded.stdout));
    },
  },
  'helm/upgrade-over-pending': { given: stuck, files: charts },
  'helm/version': {},
  'helm/wait-timeout': { files: charts, same: [[/Deployment\/default\/\S+/, 'Deployment/default/NAME']] },
  'helmfile/bad-yaml': {
    files: { 'badyaml.yaml': 'releases:\n  - a\n b: [\n' },
    same: [[/yaml: line.*$/m, 'yaml: …']],
  },
  'helmfile/list-json': { files: helmfiles },
  'helmfile/missing-file': {},
  'helmfile/missing-values': {
    files: {
      ...charts,
      'missing-values.yaml': 'releases:\n  - {name: a, namespace: d, chart: ./coredns, values: [nothere.yaml]}\n',
    },
  },
  'helmfile/needs-circular': { files: { ...charts, 'needs-circular.yaml': circular() }, same: HELMFILE_SAYS },
  'helmfile/needs-circular-template': { files: { ...charts, 'needs-circular.yaml': circular() }, same: HELMFILE_SAYS },
  'helmfile/needs-missing': {
    files: {
      ...charts,
      'needs-missing.yaml': 'releases:\n  - {name: a, namespace: d, chart: ./coredns, needs: [nothere]}\n',
    },
  },
  'helmfile/no-such-context': {
    files: helmfiles,
    same: [
      ...HELMFILE_SAYS,
      [/\/tmp\/\S+ \(\d+ bytes\)/g, 'TMP'],
      [/(install\/kubernetes\/cilium) \(\d+ bytes\)/g, '$1'],
    ],
  },
  'helmfile/pull': {
    files: pulls,
    same: [[/^Digest: sha256:[0-9a-f]{64}$/gm, 'Digest: SHA-256']],
    // What the chart renders is the chart's own.
    judge: (told) => expect(told.stdout).toContain('name: there'),
  },
  'helmfile/pull-cached': {
    files: pulls,
    given: (world) => world.run('helmfile', ['-f', 'pull.yaml', '-l', 'name=there', 'template']),
    judge: (told) => expect(told.stdout).toContain('name: there'),
  },
  'helmfile/pull-missing': { files: pulls, faults: { 'chart-missing': 1 } },
  'helmfile/repository': { files: repositories, judge: (told) => expect(told.stdout).toContain('name: there') },
  'helmfile/repository-missing': { files: repositories, faults: { 'chart-missing': 1 } },
  'helmfile/required-env': {
    files: { 'envvar.yaml.gotmpl': `releases:\n${' '.repeat(69)}{{ requiredEnv "CLUSTER_ID" }}\n` },
  },
  'helmfile/selector': { files: helmfiles, given: installed, same: HELMFILE_SAYS },
  'helmfile/sync-noop': { files: helmfiles, given: installed, same: HELMFILE_SAYS },
  'helmfile/unknown-selector': { files: helmfiles },
  'helmfile/version': {},
  'kubeconform/ignore-missing': {
    argv: [
      '-summary',
      '-output',
      'json',
      '-ignore-missing-schemas',
      '-schema-location',
      'none/{{ .ResourceKind }}.json',
      'kz/cm.yaml',
    ],
    files: { 'kz/cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n' },
  },
  'kustomize/missing-resource': { files: { 'kz/kustomization.yaml': 'resources: [nothere.yaml]' } },
  'kustomize/ok': {
    files: {
      'kz/kustomization.yaml': 'resources: [cm.yaml]',
      'kz/cm.yaml': 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n',
    },
  },
  'sops/decrypt-no-key': { files: { 'talsecret.sops.yaml': encrypted() } },
  'sops/decrypt-plain-file': { files: { 'plain.yaml': 'a: b\n' } },
  'sops/decrypt-tampered': {
    files: { 'tampered.sops.yaml': encrypted(`${'A'.repeat(60)}!`) },
    env: { SOPS_AGE_KEY: 'x' },
  },
  'sops/exec-version': {},
  'sops/filestatus': { files: { 'talsecret.sops.yaml': encrypted() } },
  'sops/filestatus-plain': { files: { 'plain.yaml': 'a: b\n' } },
  'sops/missing-file': {},
};

/** A release whose helm was killed in the middle. */
async function stuck(world: KubeWorld): Promise<void> {
  await world.run(
    'helm',
    [
      '--kubeconfig',
      '/home/op/kube',
      '--kube-context',
      'infra',
      'upgrade',
      '--install',
      'stuck',
      './coredns',
      '-n',
      'default',
      '--wait',
    ],
    { killAfter: 2000 },
  );
}

function ciliumFiles(): Record<string, string> {
  const values = '{cluster: {name: infra, id: 1}, operator: {replicas: 1}, hubble: {relay: {enabled: true}}}';
  return {
    'helmfile.yaml': `helmDefaults: {wait: true}\nreleases:\n  - {name: cilium, namespace: kube-system, chart: oci://charts.example.com/cilium, version: 1.20.2, values: [${values}]}\n`,
  };
}

/** The status that the recorded report was made of, read back from it. */
function recordedStatus(text: string): Status {
  // oxlint-disable-next-line no-control-regex
  const plain = text.replace(/\u001B\[\d+m/g, '');
  const images = [...plain.matchAll(/^(?:Image versions|\s{14}) +(\S+) +(\S+\/\S+): (\d+)$/gm)];
  const parts = [...plain.matchAll(/^(DaemonSet|Deployment) +(\S+) +Desired: (\d+), Ready: (\d+)/gm)].map(
    ([, kind, name = '', desired, ready]) => ({
      name,
      kind: kind as 'DaemonSet' | 'Deployment',
      there: true,
      desired: Number(desired),
      ready: Number(ready),
      phases: { Running: Number(ready) },
      images: Object.fromEntries(
        images.filter(([, of]) => of === name).map(([, , image = '', many]) => [image, Number(many)]),
      ),
    }),
  );
  const errors = [...plain.matchAll(/^(?:Errors:|\s{7}) +(cilium) +(cilium-\w{5}) +(.*)$/gm)].map(
    ([, part = '', subject = '', why = '']) => ({ part, subject, text: why }),
  );
  return { parts, errors, pods: { all: 5, managed: 0 }, chart: '1.20.2', json: null };
}

const sameText =
  (even: (text: string) => string) =>
  (told: Told, recorded: { stdout: string }): void =>
    expect(even(told.stdout)).toBe(even(recorded.stdout));

function sameReleases(told: Told, recorded: { stdout: string }): void {
  const forms = (text: string) =>
    (JSON.parse(text) as Record<string, string>[]).map(
      ({ updated, chart: _chart, app_version: _app, revision: _revision, ...rest }) => ({
        ...rest,
        dated: updated?.endsWith(' +0000 UTC'),
      }),
    );
  expect(forms(told.stdout)).toEqual(forms(recorded.stdout));
  const keys = (text: string) => (JSON.parse(text) as object[]).map((each) => Object.keys(each));
  expect(keys(told.stdout)).toEqual(keys(recorded.stdout));
}

function circular(): string {
  return 'releases:\n  - {name: a, namespace: d, chart: ./coredns, needs: [d/b]}\n  - {name: b, namespace: d, chart: ./coredns, needs: [d/a]}\n';
}

function encrypted(data = 'AAAA'): string {
  return `secret: ENC[AES256_GCM,data:${data},iv:AA==,tag:AA==,type:str]\nsops:\n  age:\n    - recipient: age12v55kfzpqwkk3pff4c7p8x6mx4z4x2kfzugvpgkef62qxd785dgq78j8kc\n      enc: x\n`;
}

/** A recording that `head` cut off, closed again so that it parses. */
function complete(text: string): unknown {
  const open: string[] = [];
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index] as string;
    if (quoted) {
      if (char === '\\') index += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') open.push(char === '{' ? '}' : ']');
    else if (char === '}' || char === ']') open.pop();
  }
  return JSON.parse(text.replace(/,\s*$/, '') + open.toReversed().join(''));
}

/** Every path of an answer, without what stands there. */
function shapeOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.slice(0, 1).flatMap((each) => shapeOf(each, `${path}[]`));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, below]) => shapeOf(below, `${path}.${key}`));
  return [path];
}
/** Fields that the lab leaves out, each for a reason in unrecorded.yaml. */
const NOT_PLAYED = /last-applied-configuration|finalizers|status\.history|spec\.force/;

type NotCompared = {
  recordingsNotCompared: { recording: string; reason: string }[];
  answersWithoutRecording: { answer: string; reason: string }[];
};
const listed = parse(readFileSync(new URL('../../unrecorded.yaml', import.meta.url), 'utf8')) as Record<
  string,
  NotCompared
>;
const ours = TOOLS.flatMap((tool) => listed[tool] ?? { recordingsNotCompared: [], answersWithoutRecording: [] });
const all = TOOLS.filter((tool) => tool !== 'op').flatMap((tool) =>
  readdirSync(`${folder}/${tool}`)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => `${tool}/${name.slice(0, -4)}`),
);

describe('answers of the simulated tools against recordings of the real ones', () => {
  test.each(Object.entries(scenes))('%s', async (name, scene) => {
    const recorded = parseRecording(readFileSync(`${folder}/${name}.txt`, 'utf8'));
    const world = new KubeWorld({
      ...(scene.faults && { faults: scene.faults }),
      ...(scene.facts && { facts: scene.facts as Record<string, never> }),
    });
    for (const [path, text] of Object.entries(scene.files ?? {}))
      world.files.set(path.startsWith('/') ? path : new URL(path, 'file:///repo/').pathname, text);
    await scene.given?.(world);
    // Tools that were recorded found their kubeconfig by KUBECONFIG, and its current-context was the right one.
    world.files.set('/home/op/recorded', kubeconfig().replace('current-context: other', 'current-context: infra'));
    const [tool = '', ...argv] = recorded.argv;
    const program = ['bash', 'env'].includes(tool) ? (name.split('/')[0] as string) : tool;
    const told = await world.run(program, scene.argv ?? argv, {
      env: { KUBECONFIG: '/home/op/recorded', ...scene.env },
      ...(scene.stdin === undefined ? {} : { stdin: scene.stdin }),
    });
    const even = (text: string): string =>
      (scene.same ?? []).reduce((sum, [pattern, by]) => sum.replace(pattern, by), text).trimEnd();
    expect({ exit: told.exit, stderr: even(told.stderr) }).toEqual({
      exit: recorded.exit,
      stderr: even(recorded.stderr),
    });
    const judge = scene.judge ?? sameText(even);
    judge(told, recorded);
  });

  test('every recording is compared, or stands in unrecorded.yaml with a reason', () => {
    const excused = ours.flatMap((tool) => tool.recordingsNotCompared);
    expect([...Object.keys(scenes), ...excused.map(({ recording }) => recording)].toSorted()).toEqual(all.toSorted());
    expect(excused.filter(({ reason }) => reason.length < 10)).toEqual([]);
  });

  test('the number of answers without a recording is held', () => {
    expect(ours.flatMap((tool) => tool.recordingsNotCompared)).toHaveLength(8);
    expect(ours.flatMap((tool) => tool.answersWithoutRecording)).toHaveLength(35);
  });
});
