import { describe, expect, test } from 'vitest';
import type { TalosCluster, TalosNode } from '../src/facts.ts';
import { addressInName, isAddress, isHostname, nodeAddress } from '../src/survey/addresses.ts';
import { edited, filesOf, survey, textOf } from './repository.ts';

const FOLDER = 'clusters/infra/talos';
const TALCONFIG = `${FOLDER}/talconfig.yaml`;
const TALOSCONFIG = `${FOLDER}/clusterconfig/talosconfig`;
const configOf = (node: string): string => `${FOLDER}/clusterconfig/infra-${node}.yaml`;
const nodesIn = (facts: { [k: string]: unknown }): TalosNode[] => facts['talos/nodes'] as TalosNode[];
/** The line (from 1) on which a text begins. */
function lineOf(text: string, what: string | RegExp): number {
  const at = typeof what === 'string' ? text.indexOf(what) : text.search(what);
  if (at < 0) throw new Error(`nowhere: ${String(what)}`);
  return text.slice(0, text[at] === '\n' ? at + 1 : at).split('\n').length;
}
const crtOf = (cluster: string): string =>
  /crt: (\S+)/.exec(textOf(`clusters/${cluster}/talos/clusterconfig/${cluster}-${cluster}-01.yaml`))?.[1] ?? '';

describe('the example repository', () => {
  test('its nodes, control planes first, with what their configs say', async () => {
    const { facts, problems } = await survey();
    expect(problems).toEqual([]);
    expect(nodesIn(facts).map((node) => [node.name, node.role, node.address])).toEqual([
      ['infra-01', 'controlplane', '192.0.2.11'],
      ['infra-02', 'controlplane', '192.0.2.12'],
      ['infra-03', 'controlplane', '192.0.2.13'],
      ['infra-04', 'worker', '192.0.2.21'],
      ['infra-05', 'worker', '192.0.2.22'],
      ['infra-06', 'worker', '192.0.2.23'],
    ]);
    expect(nodesIn(facts)[3]).toMatchObject({
      mtu: 9000,
      links: ['enp1s0f0', 'enp1s0f1'],
      diskSelector: { size: '>= 400GB', type: 'nvme' },
      disk: null,
      talosVersion: 'v1.13.0',
    });
  });

  test('its cluster', async () => {
    const { facts, assumed } = await survey();
    expect(facts['talos/cluster'] as unknown as TalosCluster).toMatchObject({
      name: 'infra',
      endpoint: 'https://192.0.2.10:6443',
      vip: '192.0.2.10',
      context: 'infra',
      talosconfig: TALOSCONFIG,
      bootstrapNode: 'infra-01',
      controlPlanesExpected: 3,
      workersExpected: 3,
      cni: 'none',
      proxyDisabled: true,
      schedulable: false,
      podSubnets: ['10.42.0.0/16'],
      kubernetesVersion: 'v1.36.3',
    });
    expect(assumed).toEqual([`etcd is bootstrapped on infra-01, the first control plane of ${TALCONFIG}`]);
  });

  test('what it read, and nothing of the other cluster', async () => {
    const { read } = await survey();
    expect(read).toEqual([
      TALCONFIG,
      ...['infra-01', 'infra-02', 'infra-03', 'infra-04', 'infra-05', 'infra-06'].map(configOf),
      TALOSCONFIG,
    ]);
  });

  test('every secret of its files is registered, in every form', async () => {
    const { secrets, facts } = await survey();
    const key = /\bkey: (LS0tLS\S+)/.exec(textOf(TALOSCONFIG))?.[1] ?? '';
    const pem = Buffer.from(key, 'base64').toString();
    const token = /^ {4}token: (\S+)/m.exec(textOf(configOf('infra-04')))?.[1] ?? '';
    const secretbox = /secretboxEncryptionSecret: (\S+)/.exec(textOf(configOf('infra-01')))?.[1] ?? '';
    expect(secrets).toEqual(expect.arrayContaining([key, pem.trim(), pem.split('\n')[1], token, secretbox]));
    for (const secret of secrets) expect(JSON.stringify(facts)).not.toContain(secret);
  });

  test('the second cluster has secrets of its own', async () => {
    const [infra, apps] = await Promise.all([survey(), survey({ cluster: 'apps' })]);
    expect(apps.problems).toEqual([]);
    expect(nodesIn(apps.facts)[0]?.caFingerprint).not.toBe(nodesIn(infra.facts)[0]?.caFingerprint);
  });
});

describe('problems name file, line, found and expected', () => {
  const other = (): string => crtOf('apps');
  const rows: [
    string,
    () => Record<string, string | null>,
    {
      file: string;
      /** What stands at the place that is named. */ at: string | RegExp | null;
      skip?: number;
      found: RegExp;
      expected: RegExp;
    },
  ][] = [
    [
      'a rendered config is missing',
      () => ({ [configOf('infra-02')]: null }),
      {
        file: TALCONFIG,
        at: 'hostname: infra-02',
        found: /no .*infra-infra-02\.yaml/,
        expected: /talhelper genconfig/,
      },
    ],
    [
      'a config is encrypted',
      () => ({ [configOf('infra-04')]: 'machine: ENC[x]\nsops: {mac: x}\n' }),
      { file: configOf('infra-04'), at: '{mac', found: /encrypted/, expected: /plain/ },
    ],
    [
      'a config is no machine config',
      () => ({ [configOf('infra-04')]: 'kind: ConfigMap\n' }),
      { file: configOf('infra-04'), at: 'kind:', found: /no machine config/, expected: /machine:/ },
    ],
    [
      'a config is not YAML',
      () => ({ [configOf('infra-04')]: 'machine: [\n' }),
      { file: configOf('infra-04'), at: null, found: /indentation/, expected: /YAML/ },
    ],
    [
      'a key stands there twice',
      () => ({ [configOf('infra-04')]: 'machine: {}\nmachine: {}\n' }),
      { file: configOf('infra-04'), at: /\nmachine: {}\n$/, found: /twice/, expected: /duplicate/ },
    ],
    [
      'a role does not agree',
      () => edited(TALCONFIG, /(hostname: infra-06\n\s+ipAddress: \S+\n\s+controlPlane:) false/, '$1 true'),
      { file: configOf('infra-06'), at: 'type: worker', found: /^worker$/, expected: /controlplane/ },
    ],
    [
      'an unknown machine type',
      () => edited(configOf('infra-06'), 'type: worker', 'type: contrlplane'),
      {
        file: configOf('infra-06'),
        at: 'type: contrlplane',
        found: /another machine type/,
        expected: /controlplane or worker/,
      },
    ],
    [
      'a hostname does not agree',
      () => edited(configOf('infra-05'), 'hostname: infra-05', 'hostname: infra-07'),
      { file: configOf('infra-05'), at: 'hostname: infra-07', found: /^infra-07$/, expected: /infra-05/ },
    ],
    [
      'a bad address',
      () => edited(TALCONFIG, 'ipAddress: 192.0.2.12', 'ipAddress: 192.0.2.312'),
      { file: TALCONFIG, at: 'ipAddress: 192.0.2.312', found: /192\.0\.2\.312/, expected: /IPv4 or IPv6/ },
    ],
    [
      'an address that the config does not have',
      () => edited(TALCONFIG, 'ipAddress: 192.0.2.12', 'ipAddress: 192.0.2.99'),
      { file: TALCONFIG, at: 'ipAddress: 192.0.2.99', found: /192\.0\.2\.99/, expected: /192\.0\.2\.12/ },
    ],
    [
      'an address twice',
      () => edited(TALCONFIG, 'ipAddress: 192.0.2.12', 'ipAddress: 192.0.2.11'),
      {
        file: TALCONFIG,
        at: /hostname: infra-02\n\s+ipAddress/,
        skip: 1,
        found: /192\.0\.2\.11 a second time/,
        expected: /infra-01 has it/,
      },
    ],
    [
      'a name twice',
      () => edited(TALCONFIG, 'hostname: infra-05', 'hostname: infra-04'),
      {
        file: TALCONFIG,
        at: /hostname: infra-04\n\s+ipAddress: 192.0.2.22/,
        found: /infra-04 a second time/,
        expected: /name of its own/,
      },
    ],
    [
      'a name that is none',
      () => edited(TALCONFIG, 'hostname: infra-05', 'hostname: -x'),
      { file: TALCONFIG, at: 'hostname: -x', found: /-x/, expected: /lower-case/ },
    ],
    [
      'another CA in one config',
      () => edited(configOf('infra-03'), /(ca:\n\s+crt: )\S+/, `$1${other()}`),
      { file: configOf('infra-03'), at: /crt: /, found: /another CA \(34a1/, expected: /e312/ },
    ],
    [
      'no certificate in one config',
      () => edited(configOf('infra-03'), /(ca:\n\s+crt: )\S+/, '$1""'),
      { file: configOf('infra-03'), at: /crt: /, found: /no certificate/, expected: /machine CA/ },
    ],
    [
      'an endpoint of its own',
      () => edited(configOf('infra-03'), 'endpoint: https://192.0.2.10:6443', 'endpoint: https://192.0.2.13:6443'),
      { file: configOf('infra-03'), at: 'endpoint: https', found: /192\.0\.2\.13/, expected: /192\.0\.2\.10/ },
    ],
    [
      'the talosconfig is missing',
      () => ({ [TALOSCONFIG]: null }),
      { file: TALOSCONFIG, at: null, found: /no such file/, expected: /genconfig/ },
    ],
    [
      'the talosconfig has no such context',
      () => edited(TALOSCONFIG, '    infra:', '    main:'),
      { file: TALOSCONFIG, at: '    main:', found: /contexts main/, expected: /a context infra/ },
    ],
    [
      "the talosconfig's CA is another's",
      () => edited(TALOSCONFIG, /ca: \S+/, `ca: ${other()}`),
      { file: TALOSCONFIG, at: 'ca: ', found: /another CA/, expected: /infra-infra-01/ },
    ],
    [
      'the virtual address as Talos endpoint',
      () => edited(TALOSCONFIG, '- 192.0.2.12', '- 192.0.2.10'),
      { file: TALOSCONFIG, at: '- 192.0.2.10', found: /virtual address/, expected: /own addresses/ },
    ],
    [
      'the other cluster shares its CA',
      () => edited('clusters/apps/talos/clusterconfig/apps-apps-01.yaml', /(ca:\n\s+crt: )\S+/, `$1${crtOf('infra')}`),
      {
        file: 'clusters/apps/talos/clusterconfig/apps-apps-01.yaml',
        at: /crt: /,
        found: /CA of the cluster infra/,
        expected: /apps/,
      },
    ],
    [
      'no node at all',
      () => edited(TALCONFIG, /\nnodes:\n[\s\S]*?\npatches:/, '\npatches:'),
      { file: TALCONFIG, at: 'clusterName', found: /no list of nodes/, expected: /control plane/ },
    ],
  ];

  test.each(rows)('%s', async (_what, changed, expected) => {
    const changes = changed();
    const { problems } = await survey({ changed: changes });
    const found = problems.find((p) => p.file === expected.file && expected.found.test(p.found));
    expect(problems).toContainEqual(
      expect.objectContaining({ file: expected.file, found: expect.stringMatching(expected.found) }),
    );
    expect(found?.expected).toMatch(expected.expected);
    if (expected.at === null) return;
    const text = changes[expected.file] ?? textOf(expected.file);
    expect(found?.line).toBe(lineOf(text, expected.at) + (expected.skip ?? 0));
    expect(found?.column).toBeGreaterThan(0);
  });

  test('a finding never quotes a secret', async () => {
    const token = /^ {4}token: (\S+)/m.exec(textOf(configOf('infra-04')))?.[1] ?? '';
    const { problems } = await survey({ changed: edited(configOf('infra-04'), /\n {4}token: /, '\n    token: !x ') });
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).not.toContain(token);
  });

  test('without workers, control planes must take workloads', async () => {
    const only = textOf(TALCONFIG).replace(/ {2}- hostname: infra-04[\s\S]*?\npatches:/, '\npatches:');
    const { problems } = await survey({ changed: { [TALCONFIG]: only } });
    expect(problems.map((p) => p.file)).toEqual(['infra-01', 'infra-02', 'infra-03'].map(configOf));
    expect(problems[0]?.expected).toBe('true');
  });
});

describe('which cluster', () => {
  test('one that is not there: those that are, named', async () => {
    await expect(survey({ cluster: 'prod' })).rejects.toMatchObject({
      exit: 2,
      remedy: expect.stringMatching(/apps .*infra /),
    });
  });

  test.each([
    '.archive/talos',
    'talos/archive',
    'talos/docs',
    'bootstrap/templates',
    'templates/config/talos',
    'talos/old.backup',
  ])('decoys in %s are skipped', async (folder) => {
    const decoy = { [`clusters/${folder}/talconfig.yaml`]: textOf(TALCONFIG) };
    expect((await survey({ changed: decoy })).problems).toEqual([]);
  });

  test('the same cluster in two places is a question', async () => {
    await expect(survey({ changed: { 'talos/talconfig.yaml': textOf(TALCONFIG) } })).rejects.toMatchObject({
      exit: 2,
      message: expect.stringContaining('several places'),
    });
  });

  test('unless one of them is named', async () => {
    const { problems } = await survey({
      changed: { 'talos/talconfig.yaml': textOf(TALCONFIG) },
      config: { folder: 'clusters/{cluster}/talos' },
    });
    expect(problems.filter((p) => !/CA of the cluster/.test(p.found))).toEqual([]);
  });

  test.each(['talos', 'kubernetes/bootstrap/talos', 'setup/talos'])("a single cluster's folder %s", async (folder) => {
    const changed: Record<string, string | null> = { [TALCONFIG]: null };
    for (const name of await filesOf().list(FOLDER))
      if (/yaml$|talosconfig$/.test(name)) changed[`${folder}/${name}`] = textOf(`${FOLDER}/${name}`);
    const { facts, problems } = await survey({ changed });
    expect(problems).toEqual([]);
    expect(nodesIn(facts)[0]?.config).toBe(`${folder}/clusterconfig/infra-infra-01.yaml`);
  });
});

describe('order and addresses', () => {
  test('control planes first, those of the folder controlplane before others', async () => {
    const moved = configOf('infra-03').replace('clusterconfig/', 'clusterconfig/controlplane/');
    const { facts, problems } = await survey({
      changed: { [configOf('infra-03')]: null, [moved]: textOf(configOf('infra-03')) },
    });
    expect(problems).toEqual([]);
    expect(
      nodesIn(facts)
        .map((node) => node.name)
        .slice(0, 4),
    ).toEqual(['infra-03', 'infra-01', 'infra-02', 'infra-04']);
  });

  test('a config in the folder of the other role', async () => {
    const moved = configOf('infra-03').replace('clusterconfig/', 'clusterconfig/worker/');
    const { problems } = await survey({
      changed: { [configOf('infra-03')]: null, [moved]: textOf(configOf('infra-03')) },
    });
    expect(problems).toMatchObject([{ file: moved, found: 'controlplane', expected: 'worker, as its folder says' }]);
  });

  test('of several addresses, the one that the talosconfig names', async () => {
    const { facts } = await survey({
      changed: edited(TALCONFIG, 'ipAddress: 192.0.2.12', 'ipAddress: "2001:db8::12, 192.0.2.12"'),
    });
    expect(nodesIn(facts)[1]?.address).toBe('192.0.2.12');
  });

  test('without an address in talconfig, the config’s own', async () => {
    const { facts, problems } = await survey({ changed: edited(TALCONFIG, /\n\s+ipAddress: 192\.0\.2\.12/, '') });
    expect(problems).toEqual([]);
    expect(nodesIn(facts)[1]?.address).toBe('192.0.2.12');
  });

  test('the configuration overrides, and says so', async () => {
    const { facts, assumed } = await survey({ config: { nodes: { 'infra-02': '192.0.2.12' } } });
    expect(nodesIn(facts)[1]?.address).toBe('192.0.2.12');
    expect(assumed).toContain('infra-02 answers at 192.0.2.12 (from coldstart.yaml)');
  });

  test.each([
    [{ nodes: { 'infra-09': '192.0.2.9' } }, /talos\.nodes\.infra-09/],
    [{ bootstrapNode: 'infra-04' }, /bootstrapNode: infra-04/],
  ])('a configuration that does not fit: %j', async (config, found) => {
    const { problems } = await survey({ config });
    expect(problems[0]).toMatchObject({ file: 'coldstart.yaml', found: expect.stringMatching(found) });
  });

  test('a bootstrap node of the operator’s choice is no assumption', async () => {
    const { facts, assumed } = await survey({ config: { bootstrapNode: 'infra-02' } });
    expect((facts['talos/cluster'] as unknown as TalosCluster).bootstrapNode).toBe('infra-02');
    expect(assumed).toEqual([]);
  });

  test('entries that stand for no machine are left out', async () => {
    const { facts, assumed } = await survey({
      changed: edited(
        TALCONFIG,
        '\nnodes:\n',
        '\nnodes:\n  - hostname: iso\n    ipAddress: 127.0.0.1\n    controlPlane: true\n',
      ),
    });
    expect(nodesIn(facts)).toHaveLength(6);
    expect(assumed[0]).toContain('iso');
  });

  test('links, bonds, VLANs and the virtual address of the documents of Talos 1.12 and later', async () => {
    const path = configOf('infra-01');
    const documents = `
---
{apiVersion: v1alpha1, kind: HostnameConfig, hostname: infra-01}
---
{apiVersion: v1alpha1, kind: BondConfig, name: bond0, links: [eno1, eno2], mtu: 9000}
---
{apiVersion: v1alpha1, kind: VLANConfig, name: bond0.7, parent: bond0, vlanID: 7, mtu: 8900, addresses: [{address: 192.0.2.11/24}]}
---
{apiVersion: v1alpha1, kind: Layer2VIPConfig, name: 192.0.2.10, link: bond0.7}
`;
    const classic = textOf(path).replace(/ {4}network:\n {8}hostname[\s\S]*?\n {4}install:/, '    install:');
    const { facts, problems } = await survey({ changed: { [path]: classic + documents } });
    expect(problems).toEqual([]);
    expect(nodesIn(facts)[0]).toMatchObject({ mtu: 8900, links: ['eno1', 'eno2'] });
    expect((facts['talos/cluster'] as unknown as TalosCluster).vip).toBe('192.0.2.10');
  });
});

describe('what an address is', () => {
  test.each(['192.0.2.1', '2001:db8::1', '::1'])('%s', (text) => expect(isAddress(text)).toBe(true));
  test.each(['192.0.2.256', '192.0.2', '1.2.3.4.5', '01.2.3.4', '192.0.2.1/24', 'infra-01', '2001:db8:::1', ':', '-n'])(
    'not %s',
    (text) => expect(isAddress(text)).toBe(false),
  );
  test('digits and dots are no DNS name', () => {
    expect(isHostname('192.0.2.256')).toBe(false);
    expect(isHostname('-x.example.com')).toBe(false);
    expect(isHostname('node-1.example.com')).toBe(true);
  });
  test('link-local and single-host addresses are no node’s', () => {
    expect(['169.254.1.1/16', '192.0.2.1/32', '2001:db8::1/128', 'fe80::1/64', 'x'].map(nodeAddress)).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
    expect(nodeAddress('192.0.2.1/24')).toBe('192.0.2.1');
  });
  test('an address in a file’s name', () => {
    expect(addressInName('talos/nodes/192.0.2.11.yaml')).toBe('192.0.2.11');
    expect(addressInName('talos/infra-01.yaml')).toBeNull();
  });
});
