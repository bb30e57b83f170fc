import { describe, expect, it } from 'vitest';
import {
  fakeReader,
  example,
  inMemory,
  lookWith,
  unnamed,
  type Answers,
} from '../../../../packages/tools/test/fakes.ts';
import { recording } from '../../../../packages/tools/test/recording.ts';
import { section } from '../../src/config.ts';
import { coreCharts, crdCharts } from '../../src/steps/charts.ts';
import { survey } from '../../src/survey/index.ts';
import type { Release } from '../../src/survey/types.ts';

const surveyed = async (files = example(), config: object = {}) => {
  const checked = section.validate(config);
  if (!('value' in checked)) throw new Error(JSON.stringify(checked.issues));
  return survey.run({ cluster: 'infra', files, config: checked.value, facts: {} });
};

describe('how helm is asked for a chart', () => {
  const helmfile = (chart: string, more: { release?: string; file?: string } = {}) =>
    inMemory({
      'bootstrap/infra/helmfile.d/01-apps.yaml': `${more.file ?? ''}releases:\n  - name: one\n    namespace: x\n    chart: ${chart}\n${more.release ?? ''}`,
      'bootstrap/infra/helmfile.d/local/Chart.yaml': 'name: local\n',
    });
  const repository = (more: string): string => `repositories:\n  - name: shelf\n${more}`;
  const INDEX = repository('    url: https://charts.example.com/stable\n');
  const OCI = repository('    url: charts.example.com/stable\n    oci: true\n');
  it.each([
    ['of an OCI registry', 'oci://charts.example.com/one', {}, ['oci://charts.example.com/one']],
    [
      'at a version',
      'oci://charts.example.com/one',
      { release: '    version: 1.2.3\n' },
      ['oci://charts.example.com/one', '--version', '1.2.3'],
    ],
    [
      'by plain http',
      'oci://charts.example.com/one',
      { release: '    plainHttp: true\n' },
      ['oci://charts.example.com/one', '--plain-http'],
    ],
    [
      'by plain http, as all',
      'oci://charts.example.com/one',
      { file: 'helmDefaults:\n  plainHttp: true\n' },
      ['oci://charts.example.com/one', '--plain-http'],
    ],
    [
      'by plain http, unlike the others',
      'oci://charts.example.com/one',
      { file: 'helmDefaults:\n  plainHttp: true\n', release: '    plainHttp: false\n' },
      ['oci://charts.example.com/one'],
    ],
    [
      'without a look at the certificate',
      'oci://charts.example.com/one',
      { release: '    insecureSkipTLSVerify: true\n' },
      ['oci://charts.example.com/one', '--insecure-skip-tls-verify'],
    ],
    [
      'of a repository with an index',
      'shelf/one',
      { file: INDEX },
      ['one', '--repo', 'https://charts.example.com/stable'],
    ],
    ['of a repository in an OCI registry', 'shelf/one', { file: OCI }, ['oci://charts.example.com/stable/one']],
    [
      'of such a one by plain http',
      'shelf/one',
      { file: `${OCI}    plainHttp: true\n` },
      ['oci://charts.example.com/stable/one', '--plain-http'],
    ],
    [
      'of a repository in a document before',
      'shelf/one',
      { file: `${INDEX}---\n` },
      ['one', '--repo', 'https://charts.example.com/stable'],
    ],
    ['of a repository that helm knows by itself', 'elsewhere/one', { file: INDEX }, ['elsewhere/one']],
  ] as const)('%s', async (_, chart, more, ask) => {
    const { facts, problems, assumed } = await surveyed(helmfile(chart, more));
    expect(problems).toEqual([]);
    expect((facts['helmfile/releases'] as unknown as Release[])[0]?.ask).toEqual(ask);
    expect(assumed.filter((line) => line.includes('not asked for'))).toEqual([]);
  });
  it.each([
    ['of a repository with credentials', 'shelf/one', { file: `${INDEX}    username: op\n    password: hunter22\n` }],
    [
      'of a repository with a user in its address',
      'shelf/one',
      { file: repository('    url: https://op:hunter22@charts.example.com\n') },
    ],
    ['of a repository with a CA of its own', 'shelf/one', { file: `${INDEX}    caFile: ca.crt\n` }],
    ['of a repository named by a template', 'shelf/one', { file: repository("    url: '{{ env `SHELF` }}'\n") }],
    ['of a Git repository', 'git::https://git.example.com/charts.git@one?ref=main', {}],
  ] as const)('%s: it is not, which is said', async (_, chart, more) => {
    const { facts, assumed } = await surveyed(helmfile(chart, more));
    expect((facts['helmfile/releases'] as unknown as Release[])[0]?.ask).toBeNull();
    expect(assumed).toContainEqual(expect.stringContaining(`the chart ${chart} of x/one is for helmfile to fetch`));
    expect(JSON.stringify(facts)).not.toContain('hunter22');
  });
  it('a folder: it is not, as the survey has seen it', async () => {
    const { facts, problems, assumed } = await surveyed(helmfile('./local'));
    expect([problems, assumed.filter((line) => line.includes('not asked for'))]).toEqual([[], []]);
    expect((facts['helmfile/releases'] as unknown as Release[])[0]?.ask).toBeNull();
  });
});

describe('charts before anything is changed (C1)', () => {
  const ALL: Record<string, string> = {
    cilium: '1.20.2',
    coredns: '1.45.0',
    'cert-manager': '1.19.2',
    'external-secrets': '1.3.2',
    'flux-operator': '0.38.1',
    'flux-instance': '0.38.1',
  };
  const shown = (name: string) => ({ stdout: `apiVersion: v2\nname: ${name}\nversion: ${ALL[name]}\n\n` });
  const look = async (answers: Record<string, Answers[string]> = {}, step = coreCharts, config: object = {}) => {
    const { facts } = await surveyed(example(), config);
    const every = Object.keys(ALL).map((name) => [`show chart oci://charts.example.com/${name}`, shown(name)] as const);
    const world = fakeReader({
      '--kube-context infra list': { stdout: '[]' },
      ...Object.fromEntries(every),
      ...answers,
    });
    return { seen: await step.observe(lookWith(world, facts, undefined)), asked: world.asked };
  };
  const named = '--kubeconfig kubernetes/kubeconfig --kube-context infra';
  const COREDNS = 'show chart oci://charts.example.com/coredns';

  it('are those of the releases that are installed, at their versions', async () => {
    const { seen, asked } = await look();
    expect(asked.slice(1).map(({ tool, argv }) => `${tool} ${argv.join(' ')}`)).toEqual(
      Object.entries(ALL).map(
        ([name, v]) => `helm ${named} show chart oci://charts.example.com/${name} --version ${v}`,
      ),
    );
    expect(seen).toEqual({
      state: 'done',
      signals: Object.entries(ALL).map(([name, version]) => ({
        name: 'chart',
        subject: `charts.example.com/${name}:${version}`,
        expected: 'here, or told by its registry',
        observed: `${name} ${version}`,
        ok: true,
        source: 'helm show chart',
      })),
    });
  });
  it('of CRDs too', async () => {
    const crd = { stdout: 'name: x\nversion: 1.0.0\n' };
    const given = { 'charts.example.com/gateway-api-crds': crd, 'charts.example.com/prometheus-operator-crds': crd };
    const { seen } = await look(given, crdCharts);
    expect([seen.state, seen.signals.map(({ subject }) => subject)]).toEqual([
      'done',
      [
        'gateway-api-crds:1.4.1',
        'prometheus-operator-crds:25.0.1',
        'cert-manager:1.19.2',
        'external-secrets:1.3.2',
      ].map((chart) => `charts.example.com/${chart}`),
    ]);
  });
  it('are left alone where the configuration says so', async () => {
    const { seen, asked } = await look({}, coreCharts, { chart: { ask: false } });
    expect(asked).toEqual([]);
    // Without a signal the criterion stays untested.
    expect(seen).toEqual({ state: 'done', signals: [], deviations: [expect.stringContaining('helmfile.chart.ask')] });
  });

  it('of releases that are deployed at their version are needed no more', async () => {
    const listed = (chart: string, more: object = {}) => ({
      name: 'coredns',
      namespace: 'kube-system',
      revision: '1',
      updated: '',
      status: 'deployed',
      chart,
      app_version: '',
      ...more,
    });
    const seenBeside = async (...releases: object[]) => {
      const { seen, asked } = await look({ '--kube-context infra list': { stdout: JSON.stringify(releases) } });
      expect(unnamed(asked)).toEqual([]);
      return {
        observed: seen.signals.find(({ subject }) => subject === 'charts.example.com/coredns:1.45.0')?.observed,
        asked: asked.some(({ argv }) => argv.includes('oci://charts.example.com/coredns')),
      };
    };
    const deployed = { observed: 'deployed by kube-system/coredns: coredns-1.45.0', asked: false };
    expect(await seenBeside(listed('coredns-1.45.0'))).toEqual(deployed);
    const wanted = { observed: 'coredns 1.45.0', asked: true };
    expect(await seenBeside(listed('coredns-1.44.0'))).toEqual(wanted);
    expect(await seenBeside(listed('coredns-1.45.0', { namespace: 'default' }))).toEqual(wanted);
    expect(await seenBeside()).toEqual(wanted);
  });
  it('in a folder are there, as the survey has seen; those that only helmfile can fetch are left out', async () => {
    const release = { name: 'x', namespace: 'x', version: null, installed: true, needs: [], values: [], timeout: 1 };
    const charts = ['./local', 'git::https://git.example.com/charts.git@one'].map((chart) => ({
      ...release,
      chart,
      ask: null,
    }));
    const { facts } = await surveyed();
    const world = fakeReader({
      '--kube-context infra list': { exit: 1, stderr: 'Error: kubernetes cluster unreachable\n' },
    });
    const seen = await coreCharts.observe(lookWith(world, { ...facts, 'helmfile/releases': charts }, undefined));
    expect(seen.signals).toMatchObject([{ subject: './local', observed: 'in the repository', ok: true }]);
    expect([seen.state, world.asked.filter(({ argv }) => argv.includes('show'))]).toEqual(['done', []]);
  });

  it.each([
    ['helm/show-chart-missing', 'blocked', 'the registry does not have the chart 127.0.0.2:5055/charts/chart:9.9.9'],
    ['helm/show-chart-not-in-index', 'blocked', 'the repository http://127.0.0.3:5056 does not have the chart chart'],
    ['helm/show-chart-unreachable', 'unknown', 'the chart could not be fetched from its registry'],
    ['helm/show-chart-no-index', 'unknown', 'the chart could not be fetched from its registry'],
  ] as const)('%s: %s', async (name, state, cause) => {
    const { seen } = await look({ [COREDNS]: recording(name) });
    expect(seen).toMatchObject({ state, remedy: expect.stringContaining('helmfile.chart.ask'), page: 'chart' });
    expect(seen.cause).toContain(cause);
    expect(seen.cause).toContain('(charts.example.com/coredns:1.45.0)');
    expect(seen.signals.filter(({ ok }) => !ok).map(({ subject }) => subject)).toEqual([
      'charts.example.com/coredns:1.45.0',
    ]);
  });
  it.each([
    ['response status code 401: unauthorized: authentication required', 'blocked', 'refuses the credentials'],
    ['response status code 429: toomanyrequests: retry-after: 60s', 'unknown', 'limits the rate of requests'],
  ])('%s: %s', async (said, state, cause) => {
    const { seen } = await look({ [COREDNS]: { exit: 1, stderr: `Error: ${said}\n` } });
    expect(seen).toMatchObject({ state, cause: expect.stringContaining(cause), page: 'chart' });
  });
  it('what helm prints must be a chart', async () => {
    const { seen } = await look({ [COREDNS]: { stdout: '<html></html>\n' } });
    expect(seen).toMatchObject({ state: 'unknown', cause: expect.stringContaining('no name and version') });
  });
  it('all problems are told at once, each cause once', async () => {
    const refused = recording('helm/show-chart-unreachable');
    const { seen } = await look({
      ...Object.fromEntries(Object.keys(ALL).map((name) => [`show chart oci://charts.example.com/${name}`, refused])),
      [COREDNS]: recording('helm/show-chart-missing'),
    });
    expect(seen.state).toBe('blocked');
    expect(seen.cause).toBe(
      'the chart could not be fetched from its registry (charts.example.com/cilium:1.20.2, charts.example.com/cert-manager:1.19.2, charts.example.com/external-secrets:1.3.2 and 2 more); ' +
        'the registry does not have the chart 127.0.0.2:5055/charts/chart:9.9.9 (charts.example.com/coredns:1.45.0)',
    );
  });
});
