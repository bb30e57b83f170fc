import { describe, expect, it } from 'vitest';
import {
  accessOf,
  condition,
  conditionReadiness,
  fluxOwner,
  getObjects,
  kubectl,
  kubectlArgv,
  kubectlFailure,
  kubeNode,
  parseApplied,
  parseKubectlVersion,
  parseObjects,
  parseReadyz,
  parseServerVersion,
  podTrouble,
  workloadReadiness,
  type KubeObject,
} from '../src/index.ts';
import { failureOf, recording } from './recording.ts';

const access = { path: 'kubernetes/kubeconfig', context: 'infra' };

describe('argv', () => {
  it('always names the file and the context', () => {
    expect(kubectlArgv(access, 'get', 'nodes')).toEqual([
      '--kubeconfig',
      'kubernetes/kubeconfig',
      '--context',
      'infra',
      'get',
      'nodes',
    ]);
  });

  it('refuses a fact without one of them', () => {
    expect(() => accessOf({ path: 'x' })).toThrow(/kubernetes\/kubeconfig/);
    expect(() => accessOf(undefined)).toThrow(/kubernetes\/kubeconfig/);
  });
});

describe('what only reads', () => {
  it.each([
    ['get nodes -o json', true],
    ['get --raw /readyz --server https://192.0.2.11:6443', true],
    ['version --client -o json', true],
    ['wait --for=condition=established crd/x', true],
    ['rollout status ds/cilium', true],
    ['config view --raw', true],
    ['auth can-i get pods', true],
    ['--namespace get apply -f -', false],
    ['apply --server-side -f -', false],
    ['rollout restart ds/cilium', false],
    ['config use-context infra', false],
    ['cluster-info dump --output-directory=x', false],
    ['exec pod -- ls', false],
    ['delete namespace x', false],
    ['', false],
  ])('%s: %s', (line, reads) => {
    expect(kubectl.reads([...kubectlArgv(access), ...line.split(' ').filter((w) => w !== '')])).toBe(reads);
  });
});

describe('versions', () => {
  it('reads both', () => {
    const said = recording('kubectl/version-json').stdout;
    expect(parseKubectlVersion(said)).toBe('1.36.3');
    expect(parseServerVersion(said)).toBe('1.36.3');
  });
  it('null where there is none', () => {
    expect(parseKubectlVersion('')).toBeNull();
    expect(parseServerVersion('{"clientVersion":{"gitVersion":"v1.36.3"}}')).toBeNull();
  });
});

describe('objects', () => {
  it('reads a recorded list with its conditions', () => {
    // The recording keeps the first lines only: closed here.
    const [kustomization, ...rest] = parseObjects(`${recording('flux/get-ks-json').stdout}]}}}]}`) ?? [];
    expect(rest).toEqual([]);
    expect(kustomization?.metadata.name).toBe('cluster');
    expect(condition(kustomization, 'Ready')).toMatchObject({
      status: 'True',
      reason: 'ReconciliationSucceeded',
      observedGeneration: 1,
    });
    expect(conditionReadiness(kustomization as KubeObject)).toEqual({ ready: true, why: '' });
  });

  it.each([
    ['an empty answer is an empty list', '', []],
    ['a table is no answer', recording('kubectl/get-nodes').stdout, undefined],
    ['cut off JSON is no answer', recording('flux/get-ks-json').stdout, undefined],
    ['a list of nothing', '{"kind":"List","items":[]}', []],
    ['an entry without a name is no answer', '{"items":[{"kind":"Node"}]}', undefined],
  ])('%s', (_, text, expected) => {
    expect(parseObjects(text)).toEqual(expected);
  });

  it('gives the reason of what is not Ready', () => {
    const object = parseObjects(
      `{"kind":"Kustomization","metadata":{"name":"bad-path","generation":1},"status":{"conditions":${recording('flux/kubectl-get-failing-json').stdout.trim()}}}`,
    )?.[0];
    expect(conditionReadiness(object as KubeObject)).toEqual({
      ready: false,
      why: 'ArtifactFailed: kustomization path not found: stat /tmp/kustomization-109989950/clusters/nothere: no such file or directory',
    });
  });

  it('does not take a condition of an older generation for the newest', () => {
    const object = {
      kind: 'K',
      metadata: { name: 'x', generation: 2 },
      status: { conditions: [{ type: 'Ready', status: 'True', observedGeneration: 1 }] },
    };
    expect(conditionReadiness(object).ready).toBe(false);
  });

  it('tells whose an object is', () => {
    const owned = (labels: Record<string, string>): KubeObject => ({ kind: 'X', metadata: { name: 'x', labels } });
    expect(
      fluxOwner(owned({ 'helm.toolkit.fluxcd.io/name': 'cilium', 'helm.toolkit.fluxcd.io/namespace': 'kube-system' })),
    ).toBe('HelmRelease kube-system/cilium');
    expect(fluxOwner(owned({ 'kustomize.toolkit.fluxcd.io/name': 'crds' }))).toBe('Kustomization ?/crds');
    expect(fluxOwner(owned({ 'app.kubernetes.io/managed-by': 'Helm' }))).toBeUndefined();
  });
});

describe('readiness', () => {
  const workload = (kind: string, spec: object, status: object): KubeObject =>
    ({ kind, metadata: { name: 'x', namespace: 'y', generation: 2 }, spec, status }) as unknown as KubeObject;

  it.each([
    [
      'a rolled out Deployment',
      workload('Deployment', { replicas: 2 }, { observedGeneration: 2, updatedReplicas: 2, availableReplicas: 2 }),
      '',
    ],
    [
      'one of two available',
      workload('Deployment', { replicas: 2 }, { observedGeneration: 2, updatedReplicas: 2, availableReplicas: 1 }),
      '1 of 2 available',
    ],
    [
      'old pods still serve',
      workload('Deployment', { replicas: 2 }, { observedGeneration: 2, updatedReplicas: 1, availableReplicas: 2 }),
      '1 of 2 updated',
    ],
    [
      'not looked at',
      workload('Deployment', { replicas: 1 }, { observedGeneration: 1, updatedReplicas: 1, availableReplicas: 1 }),
      'its newest generation was not looked at yet',
    ],
    [
      'stuck',
      workload(
        'Deployment',
        { replicas: 1 },
        {
          observedGeneration: 2,
          updatedReplicas: 1,
          conditions: [
            { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' },
          ],
        },
      ),
      '0 of 1 available (ProgressDeadlineExceeded: timed out)',
    ],
    ['scaled to nothing', workload('Deployment', { replicas: 0 }, { observedGeneration: 2 }), ''],
    [
      'a DaemonSet on all nodes',
      workload(
        'DaemonSet',
        {},
        {
          observedGeneration: 2,
          desiredNumberScheduled: 3,
          updatedNumberScheduled: 3,
          numberReady: 3,
          numberAvailable: 3,
        },
      ),
      '',
    ],
    [
      'a DaemonSet on two of three',
      workload(
        'DaemonSet',
        {},
        {
          observedGeneration: 2,
          desiredNumberScheduled: 3,
          updatedNumberScheduled: 3,
          numberReady: 2,
          numberAvailable: 2,
        },
      ),
      '2 of 3 ready',
    ],
    [
      'a StatefulSet',
      workload('StatefulSet', { replicas: 1 }, { observedGeneration: 2, updatedReplicas: 1, readyReplicas: 1 }),
      '',
    ],
  ])('%s', (_, object, why) => {
    expect(workloadReadiness(object)).toEqual({ ready: why === '', why });
  });

  const pod = (status: object): KubeObject =>
    ({ kind: 'Pod', metadata: { name: 'p' }, status }) as unknown as KubeObject;
  it.each([
    [
      'waits for its image',
      pod({
        phase: 'Pending',
        containerStatuses: [{ name: 'c', state: { waiting: { reason: 'ImagePullBackOff', message: 'no such tag' } } }],
      }),
      'c: ImagePullBackOff: no such tag',
    ],
    [
      'is not scheduled',
      pod({
        phase: 'Pending',
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
        ],
      }),
      'Unschedulable: 0/3 nodes are available',
    ],
    [
      'died',
      pod({ phase: 'Running', containerStatuses: [{ name: 'c', state: { terminated: { exitCode: 137 } } }] }),
      'c: ended with exit 137',
    ],
    ['is through', pod({ phase: 'Succeeded' }), undefined],
    ['runs', pod({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }), undefined],
  ])('a pod that %s', (_, object, why) => {
    expect(podTrouble(object)).toBe(why);
  });
});

it('reads a node that is registered and not Ready', () => {
  const node = {
    kind: 'Node',
    metadata: { name: 'infra-01', labels: { 'node-role.kubernetes.io/control-plane': '' } },
    status: {
      addresses: [
        { type: 'InternalIP', address: '192.0.2.11' },
        { type: 'Hostname', address: 'infra-01' },
      ],
      conditions: [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady' }],
      nodeInfo: { kubeletVersion: 'v1.36.3' },
    },
  };
  expect(kubeNode(node)).toEqual({
    name: 'infra-01',
    ready: false,
    controlPlane: true,
    addresses: ['192.0.2.11'],
    kubelet: '1.36.3',
  });
});

describe('readyz', () => {
  it.each([
    ['the plain answer', 'ok', { ready: true, failed: [] }],
    ['the recorded verbose answer', recording('kubectl/readyz-verbose').stdout, { ready: true, failed: [] }],
    [
      'a failing check',
      '[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed',
      { ready: false, failed: ['etcd'] },
    ],
    ['nothing', '', { ready: false, failed: [] }],
  ])('%s', (_, text, expected) => {
    expect(parseReadyz(text)).toEqual(expected);
  });
});

it('reads what an apply sent', () => {
  expect(parseApplied(recording('kubectl/apply-server-side-crd').stdout)).toEqual([
    { kind: 'customresourcedefinition.apiextensions.k8s.io', name: 'ciliumnodes.cilium.io' },
    { kind: 'customresourcedefinition.apiextensions.k8s.io', name: 'ciliumnetworkpolicies.cilium.io' },
  ]);
});

describe('failures', () => {
  it.each([
    ['kubectl/no-such-context', 'fatal', /no such context/],
    ['kubectl/refused', 'transient', /could not be reached/],
    ['kubectl/conflict-ssa', 'fatal', /another field manager/],
    ['kubectl/not-found-crd-kind', 'transient', /does not serve this kind yet/],
    ['kubectl/invalid-yaml', 'fatal', /does not accept the manifest/],
    ['kubectl/get-missing', 'ambiguous', /secrets "onepassword-connect" not found/],
  ])('%s is %s', (name, kind, cause) => {
    const judged = kubectlFailure(failureOf(name));
    expect(judged.kind).toBe(kind);
    expect(judged.cause).toMatch(cause);
    expect(judged.remedy).not.toBe('');
  });

  it('takes a foreign certificate for a reason to refuse', () => {
    const text =
      'Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority';
    expect(kubectlFailure({ ...failureOf('kubectl/refused'), text })).toMatchObject({ kind: 'fatal', refuse: true });
  });

  it.each([
    ['deadline', 'ambiguous'],
    ['signal', 'ambiguous'],
    ['spawn', 'fatal'],
  ] as const)('%s is %s', (how, kind) => {
    expect(kubectlFailure({ ...failureOf('kubectl/get-missing', how), text: '' }).kind).toBe(kind);
  });
});

describe('a look', () => {
  const world = (exit: number | null, stdout: string, stderr = '', how: 'exit' | 'deadline' = 'exit') => {
    const asked: string[][] = [];
    const probe = async (p: { argv: string[] }) => (
      asked.push(p.argv),
      { exit, how, stdout: new TextEncoder().encode(stdout), stderr }
    );
    return { asked, reader: { probe } as never };
  };
  it.each([
    ['objects', world(0, '{"items":[{"kind":"Node","metadata":{"name":"a"}}]}'), 'objects'],
    ['nothing found', world(0, ''), 'objects'],
    ['an unknown kind', world(1, '', `error: the server doesn't have a resource type "gitrepositories"`), 'absent'],
    ['a refused connection', world(1, '', recording('kubectl/refused').stderr), 'failed'],
    ['garbage', world(0, 'NAME STATUS'), 'failed'],
    ['no answer', world(null, '', '', 'deadline'), 'failed'],
  ])('%s', async (_, { asked, reader }, is) => {
    expect((await getObjects(reader, access, ['nodes'])).is).toBe(is);
    // Asked again where the answer was lost, in the same words.
    expect(new Set(asked.map((argv) => argv.join(' ')))).toEqual(
      new Set(['--kubeconfig kubernetes/kubeconfig --context infra get nodes -o json']),
    );
  });
});
