import type { Facts, Files } from '@coldstart/contract';
import { describe, expect, it } from 'vitest';
import {
  asList,
  example,
  fakeReader,
  inMemory,
  KUBECONFIG,
  lookWith,
  unnamed,
  type Answers,
} from '../../../packages/tools/test/fakes.ts';
import { recording } from '../../../packages/tools/test/recording.ts';
import { parseConfigView } from '../src/cilium/config-view.ts';
import { parseStatus } from '../src/cilium/status.ts';
import { section } from '../src/config.ts';
import type { CiliumExpected } from '../src/facts.ts';
import { status } from '../src/steps/status.ts';
import { survey } from '../src/survey/index.ts';
import { substitute } from '../src/survey/values.ts';
import { cilium, ciliumArgv, parseCiliumVersion } from '../src/tool.ts';

const run = async (files: Files, config: object = {}, cluster = 'infra') => {
  const checked = section.validate(config);
  if (!('value' in checked)) throw new Error(JSON.stringify(checked.issues));
  const found = await survey.run({ cluster, files, config: checked.value, facts: {} });
  return { ...found, expected: found.facts['cilium/expected'] as unknown as CiliumExpected };
};

describe('what is expected', () => {
  it.each([
    ['infra', 1, '10.42.0.0/16'],
    ['apps', 2, '10.44.0.0/16'],
  ])('of %s comes from the HelmRelease, with the variables of its cluster', async (cluster, clusterId, nativeCidr) => {
    const { expected, problems, assumed, read } = await run(example(), {}, cluster);
    expect(problems).toEqual([]);
    expect(assumed).toEqual([]);
    expect(expected).toEqual({
      clusterName: cluster,
      clusterId,
      kubeProxyReplacement: true,
      k8sServiceHost: '127.0.0.1',
      k8sServicePort: 7445,
      routingMode: 'native',
      nativeCidr,
      datapathMode: 'veth',
      hubbleRelay: true,
      hubbleUi: false,
      bgp: true,
      values: 'kubernetes/core/cilium/helmrelease.yaml',
    });
    expect(read).toEqual([`clusters/${cluster}/flux/cluster-vars.yaml`, 'kubernetes/core/cilium/helmrelease.yaml']);
  });

  it('comes from a values file where Flux has none', async () => {
    const { expected } = await run(
      inMemory({
        'bootstrap/infra/values/cilium.yaml': 'cluster: {name: infra, id: 7}\nkubeProxyReplacement: strict\n',
      }),
    );
    expect(expected).toMatchObject({
      clusterName: 'infra',
      clusterId: 7,
      kubeProxyReplacement: true,
      routingMode: null,
      values: 'bootstrap/infra/values/cilium.yaml',
    });
  });

  it('is what is plain YAML of a template, and says what is not', async () => {
    const { expected, assumed, problems } = await run(
      inMemory({ 'bootstrap/infra/values/cilium.yaml.gotmpl': 'cluster:\n  name: infra\n  id: "{{ .Values.id }}"\n' }),
    );
    expect(problems).toEqual([]);
    expect(expected).toMatchObject({ clusterName: 'infra', clusterId: null });
    expect(assumed).toEqual([expect.stringContaining('cluster.id is {{ .Values.id }}, whose value is not known here')]);
  });

  it('says that a file is all template, and goes on', async () => {
    const { expected, assumed, problems } = await run(
      inMemory({ 'bootstrap/infra/values/cilium.yaml.gotmpl': '{{ range .x }}\na: {{ . }}\n{{ end }}' }),
    );
    expect(problems).toEqual([]);
    expect(expected.values).toBeNull();
    expect(assumed).toEqual([
      expect.stringContaining('its values are a template'),
      expect.stringContaining('no plain values of Cilium were found'),
    ]);
  });

  it('does not know what a variable without a value is', async () => {
    const { expected, assumed } = await run(
      example({ 'clusters/infra/flux/cluster-vars.yaml': 'kind: ConfigMap\ndata: {CLUSTER_NAME: infra}\n' }),
    );
    expect(expected).toMatchObject({ clusterName: 'infra', clusterId: null, nativeCidr: null });
    expect(assumed).toContainEqual(expect.stringContaining('cluster.id is ${CLUSTER_ID}'));
  });

  it('does not come from another cluster', async () => {
    expect(
      (await run(inMemory({ 'bootstrap/apps/values/cilium.yaml': 'cluster: {name: apps}' }))).expected.values,
    ).toBeNull();
  });

  it('tells a file that is named and not there, and one that is broken', async () => {
    expect((await run(inMemory({}), { values: 'x/{cluster}.yaml' })).problems).toMatchObject([
      { file: 'x/infra.yaml', found: 'nothing there' },
    ]);
    expect((await run(inMemory({ 'x.yaml': 'a: [' }), { values: 'x.yaml' })).problems[0]).toMatchObject({
      file: 'x.yaml',
      line: 1,
    });
  });
});

it.each([
  ['${A}', 'x'],
  ['a-${A}-b', 'a-x-b'],
  ['${B:=y}', 'y'],
  ['${A:-y}', 'x'],
  ['${B}', undefined],
  ['${toString}', undefined],
  ['plain', 'plain'],
])('%s is filled in as %s', (text, filled) => expect(substitute(text, { A: 'x' })).toBe(filled));

describe('recorded output', () => {
  const whole = recording('cilium/status-json').stdout.replace(/,\s*$/, '}');
  it('of the status', () => {
    expect(parseStatus(whole)?.parts).toEqual([
      { name: 'cilium', desired: 3, ready: 3, available: 3 },
      { name: 'cilium-envoy', desired: 3, ready: 3, available: 3 },
      { name: 'cilium-operator', desired: 1, ready: 1, available: 1 },
      { name: 'hubble-relay', desired: 1, ready: 1, available: 1 },
    ]);
  });
  it.each(['cilium/status', 'cilium/status-wait-timeout', 'cilium/status-json'])(
    'of %s, which is no whole JSON, is no status',
    (name) => {
      expect(parseStatus(recording(name).stdout)).toBeUndefined();
    },
  );
  it('of the configuration', () => {
    const config = parseConfigView(recording('cilium/config-view').stdout);
    expect(config).toMatchObject({ 'cluster-id': '1', 'cluster-name': 'infra', 'datapath-mode': 'veth', devices: '' });
    expect(parseConfigView('__proto__ x\n')['__proto__']).toBe('x');
  });
  it('of a build that tells no version, and of one that does', () => {
    expect(parseCiliumVersion(recording('cilium/version').stdout)).toBeNull();
    expect(parseCiliumVersion('cilium-cli: v0.18.3 compiled with go1.24 on linux/amd64\n')).toBe('0.18.3');
  });
});

describe('cilium/status', async () => {
  const facts = { 'kubernetes/kubeconfig': KUBECONFIG, ...(await run(example())).facts };
  const part = (desired: number, ready = desired) => ({
    Type: 'X',
    Desired: desired,
    Ready: ready,
    Available: ready,
    Unavailable: desired - ready,
  });
  const PARTS = { cilium: part(3), 'cilium-operator': part(2), 'hubble-relay': part(1) };
  const json = (parts: object = PARTS, more: object = {}) => JSON.stringify({ pod_state: parts, ...more });
  const CONFIG = {
    'cluster-name': 'infra',
    'cluster-id': '1',
    'kube-proxy-replacement': 'true',
    'routing-mode': 'native',
    'ipv4-native-routing-cidr': '10.42.0.0/16',
    'datapath-mode': 'veth',
    'enable-bgp-control-plane': 'true',
  };
  const view = (over: object = {}) => ({
    stdout: Object.entries({ ...CONFIG, ...over })
      .map(([k, v]) => `${k.padEnd(40)} ${String(v)}\n`)
      .join(''),
  });
  const agent = (host = '127.0.0.1') => ({
    kind: 'DaemonSet',
    metadata: { name: 'cilium' },
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: 'cilium-agent',
              env: [
                { name: 'KUBERNETES_SERVICE_HOST', value: host },
                { name: 'KUBERNETES_SERVICE_PORT', value: '7445' },
              ],
            },
          ],
        },
      },
    },
  });
  const look = async (answers: Answers, over: Partial<CiliumExpected> = {}) => {
    const world = fakeReader({
      ...answers,
      'config view': answers['config view'] ?? view(),
      'get daemonsets': answers['get daemonsets'] ?? { stdout: asList([agent()]) },
    });
    const seen = await status.observe(
      lookWith(
        world,
        {
          ...facts,
          'cilium/expected': { ...((facts as Facts)['cilium/expected'] as object), ...over },
        },
        undefined,
      ),
    );
    expect(unnamed(world.asked)).toEqual([]);
    return { seen, world };
  };

  it('is done when healthy and as the values say', async () => {
    const { seen, world } = await look({ 'status --wait': { stdout: json() } });
    expect(seen.state).toBe('done');
    expect(seen.signals.every((s) => s.ok)).toBe(true);
    expect(world.asked[0]?.argv.join(' ')).toBe(
      '--kubeconfig kubernetes/kubeconfig --context infra --namespace kube-system status --wait --wait-duration 20s -o json',
    );
  });
  it('asks again what is wrong where the wait was in vain', async () => {
    const { seen } = await look({
      'status --wait': { exit: 1, stdout: recording('cilium/status-wait-timeout').stdout },
      'status -o': { stdout: json({ ...PARTS, cilium: part(3, 2) }) },
    });
    expect(seen).toMatchObject({ state: 'converging', cause: 'cilium: 2 of 3 ready' });
  });
  it('goes by the errors in the answer, not by exit 0', async () => {
    const { seen } = await look({
      'status --wait': {
        exit: 0,
        stdout: json(PARTS, { errors: { cilium: { 'cilium-x': { Errors: [{}, {}], Warnings: [{}] } } } }),
      },
    });
    expect(seen).toMatchObject({ state: 'converging', cause: 'errors: cilium: 2' });
  });
  it('wants Hubble relay where it is configured, and only there', async () => {
    const { 'hubble-relay': _relay, ...rest } = PARTS;
    expect((await look({ 'status --wait': { stdout: json(rest) } })).seen).toMatchObject({
      state: 'converging',
      cause: 'hubble-relay is missing',
    });
    expect((await look({ 'status --wait': { stdout: json(rest) } }, { hubbleRelay: false })).seen.state).toBe('done');
  });
  it('does not take agents wanted on no node for healthy', async () => {
    expect((await look({ 'status --wait': { stdout: json({ ...PARTS, cilium: part(0) }) } })).seen.state).toBe(
      'converging',
    );
  });
  it.each([
    ['cluster id', { 'cluster-id': '2' }, 'cluster id is 2, expected 1'],
    ['cluster name', { 'cluster-name': 'default' }, 'cluster name is default, expected infra'],
    ['kube-proxy replacement', { 'kube-proxy-replacement': 'false' }, 'kube-proxy replacement is false, expected true'],
    [
      'native range',
      { 'ipv4-native-routing-cidr': '10.0.0.0/8' },
      'native routing range is 10.0.0.0/8, expected 10.42.0.0/16',
    ],
    ['routing mode', { 'routing-mode': 'tunnel' }, 'routing mode is tunnel, expected native'],
    ['BGP', { 'enable-bgp-control-plane': 'false' }, 'BGP control plane is false, expected true'],
  ])('is blocked by another %s, which does not mend itself', async (_, over, cause) => {
    expect((await look({ 'status --wait': { stdout: json() }, 'config view': view(over) })).seen).toMatchObject({
      state: 'blocked',
      cause,
    });
  });
  it('is blocked by another API host', async () => {
    expect(
      (await look({ 'status --wait': { stdout: json() }, 'get daemonsets': { stdout: asList([agent('192.0.2.99')]) } }))
        .seen.cause,
    ).toBe('API host is 192.0.2.99, expected 127.0.0.1');
  });
  it('holds nothing against what the values do not tell', async () => {
    const nothing = {
      clusterName: null,
      clusterId: null,
      kubeProxyReplacement: null,
      routingMode: null,
      nativeCidr: null,
      datapathMode: null,
      bgp: null,
      k8sServiceHost: null,
      k8sServicePort: null,
      hubbleRelay: null,
      hubbleUi: null,
    };
    expect(
      (
        await look(
          { 'status --wait': { stdout: json() }, 'config view': { stdout: '' }, 'get daemonsets': { stdout: '' } },
          nothing,
        )
      ).seen.state,
    ).toBe('done');
  });
  it('knows nothing where the tool told nothing', async () => {
    const refused = { exit: 1, stderr: 'Error: Unable to determine status: connection refused' };
    expect((await look({ 'status --wait': refused, 'status -o': refused })).seen).toMatchObject({
      state: 'unknown',
      cause: expect.stringContaining('connection refused'),
    });
    expect((await look({ 'status --wait': { stdout: json() }, 'config view': refused })).seen.state).toBe('unknown');
  });
});

it.each([
  ['status --wait -o json', true],
  ['config view', true],
  ['config set x y', false],
  ['bgp peers', true],
  ['install', false],
  ['connectivity test', false],
  ['toString', false],
])('cilium %s only reads: %s', (line, reads) =>
  expect(cilium.reads(ciliumArgv(KUBECONFIG, 'kube-system', ...line.split(' ')))).toBe(reads),
);
