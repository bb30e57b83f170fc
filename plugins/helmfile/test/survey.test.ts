import type { Files } from '@coldstart/contract';
import { describe, expect, it } from 'vitest';
import { example, inMemory } from '../../../packages/tools/test/fakes.ts';
import { section } from '../src/config.ts';
import { survey } from '../src/survey/index.ts';
import type { Release } from '../src/survey/types.ts';

const run = (files: Files, config: object = {}, cluster = 'infra') => {
  const checked = section.validate(config);
  if (!('value' in checked)) throw new Error(JSON.stringify(checked.issues));
  return survey.run({ cluster, files, config: checked.value, facts: {} });
};
const APPS = 'bootstrap/infra/helmfile.d/01-apps.yaml';
const helmfile = (releases: string, more = ''): Files => inMemory({ [APPS]: `${more}releases:\n${releases}` });
const release = (name: string, more = ''): string =>
  `  - name: ${name}\n    namespace: x\n    chart: oci://charts.example.com/${name}\n${more}`;

describe('the example', () => {
  it('is read without a problem, releases in file order', async () => {
    const found = await run(example());
    expect(found.problems).toEqual([]);
    expect(found.facts['helmfile/files']).toEqual({
      crds: 'bootstrap/infra/helmfile.d/00-crds.yaml',
      apps: APPS,
      secrets: 'bootstrap/infra/secrets.yaml.tpl',
      namespaces: 'bootstrap/infra/resources/namespaces.yaml',
    });
    const releases = found.facts['helmfile/releases'] as unknown as Release[];
    expect(releases.map((r) => [r.name, r.installed, r.needs])).toEqual([
      ['cilium', true, []],
      ['coredns', true, ['kube-system/cilium']],
      ['spegel', false, ['kube-system/coredns']],
      ['cert-manager', true, ['kube-system/coredns']],
      ['external-secrets', true, ['cert-manager/cert-manager']],
      ['flux-operator', true, ['cert-manager/cert-manager', 'external-secrets/external-secrets']],
      ['flux-instance', true, ['flux-system/flux-operator']],
    ]);
    expect(releases[0]).toMatchObject({
      version: '1.20.2',
      timeout: 600,
      values: ['bootstrap/infra/templates/values.yaml.gotmpl'],
    });
    expect(found.facts['helmfile/namespaces']).toEqual([
      'cert-manager',
      'external-secrets',
      'flux-system',
      'observability',
    ]);
    expect(found.assumed).toContainEqual(expect.stringContaining('kube-system/spegel is not installed at bootstrap'));
    expect(found.read).toEqual(
      expect.arrayContaining([APPS, 'bootstrap/infra/secrets.yaml.tpl', 'bootstrap/infra/resources/namespaces.yaml']),
    );
  });

  it('reads the second cluster from its own folder', async () => {
    const found = await run(example(), {}, 'apps');
    expect(found.problems).toEqual([]);
    expect(found.facts['helmfile/files']).toMatchObject({ apps: 'bootstrap/apps/helmfile.d/01-apps.yaml' });
  });

  it('leaves the deploy key to its own template, wherever else it stands', async () => {
    const key = new TextDecoder().decode(await example().read('bootstrap/infra/deploy-key.yaml.tpl'));
    const secrets = new TextDecoder().decode(await example().read('bootstrap/infra/secrets.yaml.tpl'));
    const found = await run(
      example({ 'bootstrap/infra/secrets.yaml.tpl': `${secrets}---\n${key.replace(/^---\n/, '')}` }),
    );
    const names = (found.facts['helmfile/secrets'] as unknown as { secrets: { name: string }[] }[]).flatMap((f) =>
      f.secrets.map((s) => s.name),
    );
    expect(names).toEqual(['onepassword-connect', 'cluster-secrets', 'sops-age']);
    expect(found.assumed).toContainEqual(
      expect.stringContaining('flux-system/flux-system is taken from bootstrap/infra/deploy-key.yaml.tpl'),
    );
  });
});

describe('shapes of other repositories', () => {
  const one = `releases:\n${release('a')}`;
  it.each([
    [
      'bootstrap/helmfile.d',
      { 'bootstrap/helmfile.d/00-crds.yaml': one, 'bootstrap/helmfile.d/01-apps.yaml': one },
      'bootstrap/helmfile.d/00-crds.yaml',
      'bootstrap/helmfile.d/01-apps.yaml',
    ],
    [
      'helmfile/{crds,apps}',
      { 'bootstrap/helmfile/crds.yaml': one, 'bootstrap/helmfile/apps.yaml': one },
      'bootstrap/helmfile/crds.yaml',
      'bootstrap/helmfile/apps.yaml',
    ],
    [
      'crds/helmfile.yaml',
      { 'bootstrap/infra/crds/helmfile.yaml': one, 'bootstrap/infra/helmfile.yaml': one },
      'bootstrap/infra/crds/helmfile.yaml',
      'bootstrap/infra/helmfile.yaml',
    ],
    [
      'one helmfile, below kubernetes/',
      { 'kubernetes/bootstrap/helmfile.yaml': one },
      null,
      'kubernetes/bootstrap/helmfile.yaml',
    ],
  ])('%s', async (_, files, crds, apps) => {
    const found = await run(inMemory(files as unknown as Record<string, string>));
    expect(found.problems).toEqual([]);
    expect(found.facts['helmfile/files']).toMatchObject({ crds, apps });
  });

  it('takes paths from the configuration, with the cluster put in', async () => {
    const found = await run(inMemory({ 'deploy/infra/core.yaml': one }), {
      apps: 'deploy/{cluster}/core.yaml',
      crds: false,
    });
    expect(found.problems).toEqual([]);
    expect(found.facts['helmfile/files']).toMatchObject({ crds: null, apps: 'deploy/infra/core.yaml' });
  });

  it('says that there is none, and where one would be', async () => {
    expect((await run(inMemory({}))).problems).toEqual([
      {
        file: 'bootstrap/infra/helmfile.d',
        found: 'no helmfile of the core releases',
        expected: expect.stringContaining('helmfile.apps'),
      },
    ]);
    expect((await run(inMemory({}), { apps: false, crds: false })).problems).toEqual([]);
  });
});

describe('needs', () => {
  it('go through a release that is not installed', async () => {
    const found = await run(
      helmfile(
        release('a') + release('b', '    installed: false\n    needs: [a]\n') + release('c', '    needs: [x/b]\n'),
      ),
    );
    expect(found.problems).toEqual([]);
    expect((found.facts['helmfile/releases'] as unknown as Release[]).map((r) => r.needs)).toEqual([
      [],
      ['x/a'],
      ['x/a'],
    ]);
    expect(found.assumed).toContainEqual(expect.stringContaining('x/c needs x/b, which is not installed'));
  });

  it('drop the context in front, as helmfile puts it there', async () => {
    const found = await run(helmfile(release('a') + release('b', '    needs: [infra/x/a]\n')));
    expect(found.problems).toEqual([]);
    expect((found.facts['helmfile/releases'] as unknown as Release[])[1]?.needs).toEqual(['x/a']);
  });
});

describe('conditions', () => {
  const conditional = release('a', '    condition: a.enabled\n');
  it.each([
    [
      'true in the default environment',
      'environments:\n  default:\n    values:\n      - a: { enabled: true }\n---\n',
      true,
    ],
    ['false there', 'environments:\n  default:\n    values:\n      - a: { enabled: false }\n---\n', false],
    ['not told in plain values', 'environments:\n  default:\n    values:\n      - vars.yaml\n---\n', false],
  ])('%s', async (_, more, installed) => {
    const found = await run(helmfile(conditional, more));
    expect(found.problems).toEqual([]);
    expect((found.facts['helmfile/releases'] as unknown as Release[])[0]?.installed).toBe(installed);
  });
});

describe('what is wrong is told with file, line and column', () => {
  it.each([
    ['a missing need', helmfile(release('a', '    needs:\n      - nothere\n')), 6, 9, /x\/a needs nothere/],
    [
      'a circle',
      helmfile(release('a', '    needs: [b]\n') + release('b', '    needs: [a]\n')),
      5,
      12,
      /x\/a → x\/b → x\/a/,
    ],
    ['a release that needs itself', helmfile(release('a', '    needs: [a]\n')), 5, 12, /x\/a → x\/a/],
    ['a duplicate', helmfile(release('a') + release('a')), 5, 11, /x\/a a second time \(first in line 2\)/],
    [
      'a missing values file',
      helmfile(release('a', '    values:\n      - values/a.yaml\n')),
      6,
      9,
      /values\/a\.yaml, which is not there \(bootstrap\/infra\/helmfile\.d\/values\/a\.yaml\)/,
    ],
    [
      'a values file outside',
      helmfile(release('a', '    values:\n      - ../../../../etc/passwd\n')),
      6,
      9,
      /etc\/passwd/,
    ],
    [
      'a missing chart folder',
      helmfile('  - name: a\n    namespace: x\n    chart: ./a\n'),
      4,
      12,
      /the chart \.\/a, which is not there/,
    ],
    [
      'a bad namespace',
      helmfile('  - name: a\n    namespace: Kube_System\n    chart: x/a\n'),
      3,
      16,
      /the namespace "Kube_System"/,
    ],
    [
      'a namespace like a flag',
      helmfile('  - name: a\n    namespace: -A\n    chart: x/a\n'),
      3,
      16,
      /the namespace "-A"/,
    ],
    ['a bad name', helmfile('  - name: "--all"\n    namespace: x\n    chart: x/a\n'), 2, 11, /the name "--all"/],
    ['no chart', helmfile('  - name: a\n    namespace: x\n'), 2, 5, /no chart/],
    ['a version that YAML reads as a number', helmfile(release('a', '    version: 1.2\n')), 5, 14, /the version 1\.2/],
    ['a template in a field', helmfile(release('a', '    version: "{{ .Values.a }}"\n')), 5, 14, /a Go template/],
    [
      'a template around releases',
      helmfile(`{{ range .Values.apps }}\n${release('a')}{{ end }}\n`),
      2,
      1,
      /a Go template/,
    ],
    ['a key twice', helmfile(release('a', '    name: b\n')), 5, 5, /Map keys must be unique/],
    ['broken YAML', inMemory({ [APPS]: 'releases:\n  - name: a\n  namespace: x\n' }), 3, 1, /./],
    ['a custom tag', inMemory({ [APPS]: 'releases: !exec rm\n' }), 1, 11, /tag/i],
    [
      'nested helmfiles',
      inMemory({ [APPS]: `helmfiles:\n  - x.yaml\nreleases:\n${release('a')}` }),
      2,
      3,
      /`helmfiles`/,
    ],
    ['no releases', inMemory({ [APPS]: 'helmDefaults:\n  wait: true\n' }), 1, 1, /no releases/],
    [
      'another kind among namespaces',
      inMemory({
        [APPS]: `releases:\n${release('a')}`,
        'bootstrap/infra/resources/namespaces.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n',
      }),
      2,
      7,
      /the kind ConfigMap/,
    ],
    [
      'a template without a namespace',
      inMemory({
        [APPS]: `releases:\n${release('a')}`,
        'bootstrap/infra/secrets.yaml.tpl': 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n',
      }),
      4,
      3,
      /no namespace/,
    ],
  ])('%s', async (_, files, line, column, found) => {
    const { problems } = await run(files);
    expect(problems[0]).toMatchObject({ line, column, found: expect.stringMatching(found) });
    expect(problems[0]?.file).toMatch(/^bootstrap\/infra\//);
    expect(problems[0]?.expected).not.toBe('');
  });

  it('tells all of them at once', async () => {
    const { problems } = await run(helmfile(release('a', '    needs: [b]\n    values: [v.yaml]\n') + release('A')));
    expect(problems).toHaveLength(3);
  });
});

it('fills the name of the release into paths of values', async () => {
  const found = await run(
    inMemory({
      [APPS]: `releases:\n${release('a', '    values: ["values/{{ .Release.Name }}.yaml"]\n')}`,
      'bootstrap/infra/helmfile.d/values/a.yaml': 'x: 1',
    }),
  );
  expect(found.problems).toEqual([]);
  expect(found.read).toContain('bootstrap/infra/helmfile.d/values/a.yaml');
});

it('tells hooks, which only helmfile carries out', async () => {
  const found = await run(helmfile(release('a', '    hooks:\n      - events: [presync]\n        command: rm\n')));
  expect(found.assumed).toContainEqual(expect.stringContaining('x/a has `hooks`'));
});

describe('the configuration', () => {
  it('has defaults, and durations come out in milliseconds', () => {
    expect(section.validate(undefined)).toMatchObject({
      value: { crd: { within: 120_000 }, release: { parallel: 1, within: 600_000 } },
    });
  });
  it.each([
    [{ apps: '../outside.yaml' }, ['apps']],
    [{ apps: '-f' }, ['apps']],
    [{ release: { parallel: 0 } }, ['release', 'parallel']],
    [{ crd: { within: 'soon' } }, ['crd', 'within']],
    [{ unknown: 1 }, []],
  ])('refuses %j', (value, path) => {
    const checked = section.validate(value);
    expect('issues' in checked && checked.issues[0]?.path).toEqual(path);
  });
});
