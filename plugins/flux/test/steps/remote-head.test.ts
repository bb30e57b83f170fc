import { describe, expect, it } from 'vitest';
import type { Facts, Json } from '@coldstart/contract';
import { readYaml } from '@coldstart/tools';
import { fakeReader, lookWith, type Answers } from '../../../../packages/tools/test/fakes.ts';
import { FluxSection } from '../../src/config.ts';
import { compareCharts, type Planned } from '../../src/remote/charts.ts';
import { manifestsFrom, type Manifest } from '../../src/remote/reach.ts';
import type { Tree } from '../../src/remote/tree.ts';
import { remoteHead } from '../../src/steps/remote-head.ts';

/** A commit's files in memory; `read` of one that is not asked for in a whole test was not reached. */
function treeOf(files: Record<string, string>): Tree & { opened: string[] } {
  const opened: string[] = [];
  const paths = Object.keys(files).sort();
  return {
    opened,
    paths,
    has: (folder) => folder === '' || paths.some((p) => p.startsWith(`${folder}/`)),
    read: async (wanted) => {
      opened.push(...wanted);
      return new Map(wanted.flatMap((p) => (files[p] === undefined ? [] : [[p, new TextEncoder().encode(files[p])]])));
    },
  };
}

const ks = (path: string, source = 'flux-system', more = ''): string =>
  `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec: {path: "${path}", sourceRef: {kind: GitRepository, name: ${source}}${more}}\n`;
const resources = (...names: string[]): string => `resources:\n${names.map((n) => `  - ${n}\n`).join('')}`;
const thing = (name: string): string =>
  `{apiVersion: helm.toolkit.fluxcd.io/v2, "kind": "HelmRelease", metadata: {name: ${name}}}\n`;

describe('what Flux comes to', () => {
  const reached = async (files: Record<string, string>, root = 'root'): Promise<string[]> =>
    (await manifestsFrom(treeOf(files), root, { name: 'flux-system' })).map((m) => m.file).sort();

  it.each<[string, Record<string, string>, string[]]>([
    [
      'a folder without a kustomization file is taken whole',
      { 'root/a.yaml': thing('a'), 'root/b/c.yml': thing('c'), 'root/readme.md': 'x', 'rooted/x.yaml': thing('x') },
      ['root/a.yaml', 'root/b/c.yml'],
    ],
    [
      'one with such a file is what that says',
      {
        'root/kustomization.yaml': resources('a.yaml', './b', '../shared'),
        'root/a.yaml': thing('a'),
        'root/off.yaml': thing('off'),
        'root/b/kustomization.yml': resources('in.yaml'),
        'root/b/in.yaml': thing('in'),
        'root/b/out.yaml': thing('out'),
        'shared/s.yaml': thing('s'),
      },
      ['root/a.yaml', 'root/b/in.yaml', 'shared/s.yaml'],
    ],
    [
      'a kustomization file further down is minded',
      {
        'root/a.yaml': thing('a'),
        'root/b/kustomization.yaml': resources('in.yaml'),
        'root/b/in.yaml': thing('in'),
        'root/b/out.yaml': thing('out'),
      },
      ['root/a.yaml', 'root/b/in.yaml'],
    ],
    [
      'a Kustomization over the same source leads on',
      { 'root/ks.yaml': ks('./apps/x/'), 'apps/x/a.yaml': thing('a'), 'apps/y/b.yaml': thing('b') },
      ['apps/x/a.yaml', 'root/ks.yaml'],
    ],
    [
      'one over another source, a suspended one, and one behind a variable do not',
      {
        'root/other.yaml': ks('./apps/x', 'gateway-api'),
        'root/off.yaml': ks('./apps/x', 'flux-system', ', suspend: true'),
        'root/var.yaml': ks('./apps/${NAME}'),
        'apps/x/a.yaml': thing('a'),
      },
      ['root/off.yaml', 'root/other.yaml', 'root/var.yaml'],
    ],
    ['circles end', { 'root/ks.yaml': ks('./root'), 'root/b.yaml': ks('./root') }, ['root/b.yaml', 'root/ks.yaml']],
    [
      'what leads out of the repository, or is not there, is left',
      {
        'root/kustomization.yaml': resources('../../etc', 'https://example.com/x.yaml', 'gone.yaml', 'a.yaml'),
        'root/a.yaml': thing('a'),
      },
      ['root/a.yaml'],
    ],
    [
      'a file that is no YAML hides nothing else',
      { 'root/a.yaml': 'a: [', 'root/b.yaml': thing('b') },
      ['root/b.yaml'],
    ],
  ])('%s', async (_, files, expected) => expect(await reached(files)).toEqual(expected));

  it('the root of the repository can be the path', async () =>
    expect(await reached({ 'a.yaml': thing('a'), 'b/c.yaml': thing('c') }, '')).toEqual(['a.yaml', 'b/c.yaml']));

  it('each file is read once', async () => {
    const tree = treeOf({ 'root/ks.yaml': ks('./apps'), 'root/ks2.yaml': ks('./apps'), 'apps/a.yaml': thing('a') });
    await manifestsFrom(tree, 'root', { name: 'flux-system' });
    expect(tree.opened.sort()).toEqual(['apps/a.yaml', 'root/ks.yaml', 'root/ks2.yaml']);
  });
});

const manifest = (text: string, file = 'a.yaml'): Manifest[] =>
  readYaml(file, new TextEncoder().encode(text)).documents.map(({ value }) => ({ file, value }));
const release = (spec: string, metadata = 'name: cilium, namespace: kube-system'): string =>
  `---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {${metadata}}\nspec: {${spec}}\n`;
const source = (kind: string, spec: string, metadata = 'name: cilium'): string =>
  `---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: ${kind}\nmetadata: {${metadata}}\nspec: {${spec}}\n`;
const oci = (tag: string, metadata?: string): string =>
  source('OCIRepository', `url: oci://charts.example.com/cilium, ref: {tag: "${tag}"}`, metadata);
const REF = 'chartRef: {kind: OCIRepository, name: cilium}';
const inline = (version: string): string => release(`chart: {spec: {chart: cilium, version: "${version}"}}`);

describe('planned charts and those of the branch', () => {
  const PLANNED: Planned = {
    name: 'cilium',
    namespace: 'kube-system',
    chart: 'oci://charts.example.com/cilium',
    version: '1.20.2',
  };
  const is = (text: string, planned: Partial<Planned> = {}, helmfile = ''): string | undefined =>
    compareCharts([{ ...PLANNED, ...planned }], manifest(text), manifest(helmfile, 'helmfile.yaml'))[0]?.is;
  const helmfile = (version: string): string =>
    `releases: [{name: cilium, namespace: kube-system, chart: cilium/cilium, version: "${version}"}]`;

  it.each<[string, string, string, Partial<Planned>?, string?]>([
    ['a version in the HelmRelease', inline('1.20.2'), 'same'],
    ['an older one', inline('1.20.1'), 'differs'],
    ['a newer one', inline('1.20.10'), 'differs'],
    ['with a v in front', inline('v1.20.2'), 'same'],
    ['a range', inline('1.20.x'), 'open'],
    ['a variable', inline('${CILIUM}'), 'open'],
    ['no version planned', inline('1.20.2'), 'open', { version: null }],
    ['an OCIRepository', release(REF) + oci('1.20.2'), 'same'],
    ['an older OCIRepository', release(REF) + oci('1.20.1'), 'differs'],
    ['a tag with a build', release(REF) + oci('1.20.2_b1'), 'same', { version: '1.20.2+b1' }],
    ['an OCIRepository elsewhere', release(REF), 'open'],
    ['one of another namespace', release(REF) + oci('1.20.2', 'name: cilium, namespace: other'), 'open'],
    [
      'a HelmChart',
      release('chartRef: {kind: HelmChart, name: cilium}') + source('HelmChart', 'chart: cilium, version: 1.20.1'),
      'differs',
    ],
    ['another chart', release('chart: {spec: {chart: calico, version: "1.20.2"}}'), 'differs'],
    ['a folder of that name', inline('1.20.1'), 'differs', { chart: './charts/cilium' }],
    ['a folder of another name, whose chart is not read', inline('1.20.1'), 'open', { chart: '../vendor/cilium-fork' }],
    [
      'a release in another namespace',
      release('chart: {spec: {chart: cilium, version: 1.0.0}}', 'name: cilium, namespace: other'),
      'elsewhere',
    ],
    [
      'a targetNamespace and no releaseName',
      release('targetNamespace: kube-system, chart: {spec: {chart: cilium, version: 1.0.0}}', 'name: cilium'),
      'elsewhere',
    ],
    [
      'a targetNamespace and a releaseName',
      release(
        'targetNamespace: kube-system, releaseName: cilium, chart: {spec: {chart: cilium, version: 1.0.0}}',
        'name: c, namespace: x',
      ),
      'differs',
    ],
    [
      'a HelmRelease whose Kustomization tells the namespace',
      release('chart: {spec: {chart: cilium, version: 1.0.0}}', 'name: cilium'),
      'differs',
    ],
    ['two of one release', inline('1.20.2') + inline('1.20.1'), 'open'],
    ['no HelmRelease, but the helmfile at the branch', '', 'same', {}, helmfile('1.20.2')],
    ['an older helmfile', '', 'differs', {}, helmfile('1.20.1')],
    ['a templated helmfile', '', 'open', {}, helmfile('{{ .Values.v }}')],
    ['the HelmRelease decides over the helmfile', inline('1.20.2'), 'same', {}, helmfile('1.20.1')],
    ['a HelmRelease that cannot be told is not replaced by the helmfile', release(REF), 'open', {}, helmfile('1.20.2')],
    ['neither', '', 'elsewhere'],
  ])('%s', (_, text, expected, planned, file) => expect(is(text, planned, file)).toBe(expected));

  it('one release of two helmfiles is told once, unless they want two versions', () => {
    const twice = (version: string) =>
      compareCharts([PLANNED, { ...PLANNED, version }], manifest(inline('1.20.2')), []).map((c) => c.is);
    expect(twice('1.20.2')).toEqual(['same']);
    expect(twice('1.20.1')).toEqual(['same', 'differs']);
  });

  it('of several sources of one name, the one beside the release counts', () => {
    const [a, b] = [manifest(release(REF) + oci('1.20.1'), 'x/r.yaml'), manifest(oci('1.20.2'), 'y/s.yaml')];
    expect(compareCharts([PLANNED], [...b, ...a], [])).toMatchObject([{ is: 'differs', file: 'x/r.yaml' }]);
  });
});

describe('flux/remote-head', () => {
  const facts: Facts = {
    'flux/source': {
      namespace: 'flux-system',
      name: 'flux-system',
      url: 'ssh://git@git.example.com/k8s-ops.git',
      branch: 'main',
      path: 'clusters/infra',
      manifest: 'bootstrap/infra/flux-sync.yaml',
    },
    'flux/policy': FluxSection.parse({}) as Json,
  };
  const [COMMIT, BLOB] = ['1'.repeat(40), '2'.repeat(40)];
  const remote = { stdout: `${COMMIT}\trefs/heads/main\n` };
  const tree = { stdout: `100644 blob ${BLOB}\tclusters/infra/a.yaml\0` };
  const blob = { stdout: `${BLOB} blob 0\n\n` };
  const all: Answers = { 'ls-remote': remote, 'ls-tree': tree, 'cat-file': blob };
  const look = (answers: Answers) => remoteHead.observe(lookWith(fakeReader(answers), facts, undefined));

  it.each<[string, Answers, object]>([
    ['is done where the path is there and no chart is planned', all, { state: 'done', deviations: [] }],
    [
      'tells what the Git server said, and not the advice after it',
      {
        'ls-remote': {
          exit: 128,
          stderr:
            'Host key verification failed.\nfatal: Could not read from remote repository.\n\nand the repository exists.\n',
        },
      },
      { state: 'unknown', cause: expect.stringMatching(/not seen from here: Host key verification failed\.$/) },
    ],
    ['is unknown where git hangs', { 'ls-remote': { how: 'deadline', exit: null } }, { state: 'unknown' }],
    ['is unknown where git is missing', { 'ls-remote': { how: 'spawn', exit: null } }, { state: 'unknown' }],
    ['is refused where the branch is not there', { 'ls-remote': { exit: 2 } }, { state: 'blocked', refuse: true }],
    [
      'takes no other branch for it',
      { 'ls-remote': { stdout: `${COMMIT}\trefs/heads/feature/main\n` } },
      { state: 'blocked', refuse: true },
    ],
    [
      'is refused where this clone does not have the commit',
      { ...all, 'ls-tree': { exit: 128, stderr: 'fatal: not a tree object\n' } },
      { state: 'blocked', refuse: true, cause: expect.stringContaining('does not have') },
    ],
    [
      'is unknown where this is no clone',
      { ...all, 'ls-tree': { exit: 128, stderr: 'fatal: not a git repository\n' } },
      { state: 'unknown' },
    ],
    [
      'is unknown where an object is lost',
      { ...all, 'cat-file': { stdout: `${BLOB} missing\n` } },
      { state: 'unknown' },
    ],
    [
      'is unknown where its content is cut',
      { ...all, 'cat-file': { stdout: `${BLOB} blob 9\nab` } },
      { state: 'unknown' },
    ],
    [
      'is refused where the path is not there: a file of its name is no folder',
      { ...all, 'ls-tree': { stdout: `100644 blob ${BLOB}\tclusters/infra\0` } },
      {
        state: 'blocked',
        refuse: true,
        page: 'remote-head',
        cause: 'main at 111111111111 has no clusters/infra, where Flux is to enter',
      },
    ],
  ])('%s', async (_, answers, expected) => expect(await look(answers)).toMatchObject(expected));

  it('tells what was not compared as a deviation, and goes on', async () => {
    const planned = { name: 'x', namespace: 'y', chart: './charts/x', version: '0.1.0', installed: true };
    const seen = await remoteHead.observe(
      lookWith(
        fakeReader(all),
        { ...facts, 'helmfile/releases': [planned, { ...planned, name: 'off', installed: false }] },
        undefined,
      ),
    );
    expect(seen).toMatchObject({ state: 'done', deviations: ['not compared with main: y/x (not on the branch)'] });
  });

  it('holds a run up where it told nothing only if it is required', () => {
    const tolerated = (required: boolean) =>
      remoteHead.tolerate?.({ ...facts, 'flux/policy': FluxSection.parse({ remoteHead: { required } }) as Json });
    expect([tolerated(false), tolerated(true)]).toEqual([1, 0]);
  });
});
