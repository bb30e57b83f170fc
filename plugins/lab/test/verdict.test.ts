import { beforeAll, describe, expect, test } from 'vitest';
import type { KubernetesModel, KubernetesState } from '../src/model.ts';
import { makespanBound, type OpenLab } from '../src/index.ts';
import { nodes, open } from './example.ts';

const ID = 'c0ffee0000000001';

/** A whole world, put together by hand: no tool, no step and no event has a part in it. */
async function whole(): Promise<OpenLab> {
  const lab = await open();
  for (const node of lab.model.nodes.values()) {
    const { name, address } = node;
    const role = nodes.find((one) => one.name === name)!.role;
    node.stage = 'running';
    node.config = {
      ...blank,
      role,
      hostname: name,
      addresses: [address],
      caFingerprint: lab.model.expected.caFingerprint!,
    };
    node.apiserver = role === 'controlplane';
    node.etcd = {
      data: node.apiserver,
      cluster: node.apiserver ? ID : null,
      service: node.apiserver ? 'running' : 'absent',
      changed: 0,
    };
  }
  const members = nodes
    .filter((node) => node.role === 'controlplane')
    .map(({ name, address }) => ({ id: `id-${name}`, node: name, hostname: name, address, learner: false }));
  lab.model.etcd.set(ID, { id: ID, members, leader: 'infra-01', term: 2, index: 9, since: 0, vip: 'infra-01' });
  lab.model.apis.set(ID, api(good));
  return lab;
}

const blank = {
  bytes: '',
  digest: '',
  clusterName: 'infra',
  ca: '',
  kubernetesCa: null,
  endpoint: 'https://192.0.2.10:6443',
  vip: '192.0.2.10',
  mtu: null,
  links: [],
  cni: 'none',
  discovery: true,
  disk: null,
  diskSelector: null,
  kubeletVersion: 'v1.36.3',
  installs: null,
};
const good: KubernetesState = {
  nodes: nodes.map(({ name }) => ({ name, ready: true })),
  crds: [{ name: 'a.example.com', established: true }],
  releases: [{ namespace: 'kube-system', name: 'cilium', status: 'deployed', ready: true }],
  flux: [
    {
      kind: 'Kustomization',
      namespace: 'flux-system',
      name: 'cluster',
      ready: true,
      reason: 'ReconciliationSucceeded',
    },
  ],
};
const api = (state: KubernetesState): KubernetesModel => ({
  uid: 'u',
  controlPlaneUp: () => {},
  register: () => {},
  state: () => state,
  touch: () => {},
  save: () => null,
});

/** Each breaks one thing of a whole world, and says what has to be found: that, and nothing else. */
const broken: [string, (lab: OpenLab) => void, (string | RegExp)[]][] = [
  [
    'two etcd clusters',
    ({ model }) =>
      model.etcd.set('second', {
        ...model.etcd.get(ID)!,
        id: 'second',
        members: [{ ...model.etcd.get(ID)!.members[1]! }],
      }),
    [/^2 etcd clusters instead of one: c0ffee0000000001 \(infra-01, infra-02, infra-03\); second \(infra-02\)$/],
  ],
  [
    'a foreign CA',
    ({ model }) => (model.nodes.get('infra-05')!.config!.caFingerprint = 'f'.repeat(64)),
    [/^infra-05: foreign CA ffffffffffffffff…, expected [0-9a-f]{16}…$/],
  ],
  [
    'a missing node',
    ({ model }) => Object.assign(model.nodes.get('infra-06')!, { config: null, stage: 'maintenance' }),
    ['infra-06: missing from the cluster, it has no machine config (stage maintenance)'],
  ],
  [
    'a node of the wrong role',
    ({ model }) => (model.nodes.get('infra-04')!.config!.role = 'controlplane'),
    ['infra-04: configured as controlplane, expected worker'],
  ],
  [
    'a node that is still booting',
    ({ model }) => (model.nodes.get('infra-02')!.stage = 'booting'),
    ['infra-02: not running (stage booting)'],
  ],
  [
    'no etcd at all',
    ({ model }) => void (model.etcd.clear(), model.apis.clear()),
    ['etcd was never bootstrapped', 'there is no Kubernetes API'],
  ],
  [
    'a learner',
    ({ model }) => (model.etcd.get(ID)!.members[2]!.learner = true),
    [`infra-03: still a learner in etcd cluster ${ID}`],
  ],
  [
    'a control plane outside etcd',
    ({ model }) => void model.etcd.get(ID)!.members.pop(),
    [`infra-03: not a member of etcd cluster ${ID}`],
  ],
  ['no leader', ({ model }) => (model.etcd.get(ID)!.leader = null), [`etcd cluster ${ID} has no leader`]],
  [
    'an API server that does not run',
    ({ model }) => (model.nodes.get('infra-02')!.apiserver = false),
    ['infra-02: its Kubernetes API server does not run'],
  ],
  [
    'a node that is not Ready',
    ({ model }) =>
      void model.apis.set(
        ID,
        api({ ...good, nodes: good.nodes.map((one) => ({ ...one, ready: one.name !== 'infra-04' })) }),
      ),
    [/infra-04.*not Ready/],
  ],
  [
    'a node that is not registered',
    ({ model }) => void model.apis.set(ID, api({ ...good, nodes: good.nodes.slice(1) })),
    [/infra-01.*not registered/],
  ],
  [
    'a CRD that is not established',
    ({ model }) => void model.apis.set(ID, api({ ...good, crds: [{ name: 'slow.example.com', established: false }] })),
    [/slow\.example\.com.*not established/],
  ],
  [
    'a release that failed',
    ({ model }) =>
      void model.apis.set(ID, api({ ...good, releases: [{ ...good.releases[0]!, status: 'pending-install' }] })),
    [/kube-system\/cilium.*pending-install/],
  ],
  [
    'a release without ready pods',
    ({ model }) => void model.apis.set(ID, api({ ...good, releases: [{ ...good.releases[0]!, ready: false }] })),
    [/kube-system\/cilium.*not Ready/],
  ],
  [
    'Flux that is not Ready',
    ({ model }) =>
      void model.apis.set(ID, api({ ...good, flux: [{ ...good.flux[0]!, ready: false, reason: 'ArtifactFailed' }] })),
    [/flux-system\/cluster.*ArtifactFailed/],
  ],
  ['no Flux', ({ model }) => void model.apis.set(ID, api({ ...good, flux: [] })), [/Flux has no Kustomization/]],
  [
    'a tool caught at a current-context',
    ({ model }) => void model.findings.add('kubectl used a current-context'),
    ['kubectl used a current-context'],
  ],
];

describe('the verdict', () => {
  test('of a whole world is that it is whole', async () => {
    expect((await whole()).verdict()).toEqual({ whole: true, findings: [], etcdClusters: 1 });
  });

  test.each(broken)('names %s', async (_what, breaks, expected) => {
    const lab = await whole();
    breaks(lab);
    const { whole: ok, findings } = lab.verdict();
    expect(ok).toBe(false);
    expect(findings).toHaveLength(expected.length);
    for (const [at, line] of expected.entries()) expect(findings[at]).toMatch(line);
  });

  test('names releases that the repository installs and nobody brought', async () => {
    const lab = await whole();
    Object.assign(lab.model.expected.facts, {
      'helmfile/releases': [
        { namespace: 'kube-system', name: 'cilium', installed: true },
        { namespace: 'flux-system', name: 'flux-operator', installed: true },
        { namespace: 'kube-system', name: 'spegel', installed: false },
      ],
    });
    expect(lab.verdict().findings).toEqual(['release flux-system/flux-operator is not there']);
    Reflect.deleteProperty(lab.model.expected.facts, 'helmfile/releases');
  });

  test('of an untouched world names every node', async () => {
    const { findings } = (await open()).verdict();
    expect(findings.filter((line) => line.includes('no machine config'))).toHaveLength(6);
  });
});

describe('the bound', () => {
  let lab: OpenLab;
  beforeAll(async () => {
    lab = await open();
  });
  const fixed = (values: Record<string, number>): { peek: (name: string, subject: string) => number } => ({
    peek: (name, subject) => values[`${name} ${subject}`] ?? values[name] ?? 0,
  });
  const shape = (width: number | 'all'): Parameters<typeof makespanBound>[1] => ({ nodes, width });

  test('is the longest path, by hand', () => {
    const durations = fixed({
      'talosctl/apply': 10,
      'node/install': 100,
      'node/reboot': 200,
      'node/reboot infra-05': 500,
      'etcd/start': 20,
      'node/apiserver': 50,
      'node/certificate': 3,
      'node/kubelet': 7,
    });
    // Control planes: 3 × 10 one after the other, the last is up at 330; API at 400; workers 10 each, infra-05 second.
    expect(makespanBound(durations, shape(1))).toBe(330 + 20 + 50 + 20 + 600 + 10);
    expect(makespanBound(durations, shape('all'))).toBe(310 + 70 + 10 + 600 + 10);
    expect(makespanBound(durations, shape(2))).toBe(320 + 70 + 10 + 600 + 10);
  });

  test('follows etcd where joining takes longer than everything else', () => {
    const durations = fixed({ 'etcd/start': 10, 'etcd/join': 1000, 'etcd/promote': 500, 'node/reboot': 20 });
    expect(makespanBound(durations, shape('all'))).toBe(20 + 10 + 2 * 1500);
  });

  test('draws nothing, and grows as the width shrinks', () => {
    const before = JSON.stringify(lab.save().length);
    const [one, two, all] = [1, 2, 'all'].map((width) => makespanBound(lab.model.durations, shape(width as 1)));
    expect(one).toBeGreaterThanOrEqual(two!);
    expect(two).toBeGreaterThanOrEqual(all!);
    expect(JSON.stringify(lab.save().length)).toBe(before);
  });

  test('of no control planes is nothing', () => {
    expect(makespanBound(lab.model.durations, { nodes: [], width: 1 })).toBe(0);
  });
});
