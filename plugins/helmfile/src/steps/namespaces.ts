import type { ChangingStep, Observation, Transform } from '@coldstart/contract';
import {
  accessOf,
  applyAction,
  dig,
  fluxOwner,
  getObjects,
  isObject,
  kubectlFailure,
  readYaml,
  str,
  type JsonObject,
  type KubeObject,
} from '@coldstart/tools';
import { accessFrom, filesFrom, namespacesFrom, policyFrom } from '../facts.ts';

/** Namespaces that releases, Secrets and resources/namespaces.yaml name are there before anything is put into them. */
export const namespaces: ChangingStep = {
  id: 'helmfile/namespaces',
  kind: 'change',
  phase: 'prereqs',
  title: 'Namespaces',
  needs: ['kubernetes/kubeconfig', 'kubernetes/api', 'helmfile/namespaces', 'helmfile/files', 'helmfile/policy'],
  provides: ['helmfile/namespaces-ready'],
  settle: (facts) => ({ ...policyFrom(facts).namespace, stableFor: 0 }),
  retry: () => ({ first: 2000, factor: 2, max: 10_000, retries: 3, jitter: 0.2 }),
  observe: async ({ facts, world }) => {
    const wanted = namespacesFrom(facts);
    if (wanted.length === 0) return { state: 'done', signals: [], facts: { 'helmfile/namespaces-ready': [] } };
    const file = filesFrom(facts).namespaces;
    const manifest = file === null ? undefined : await world.read(file);
    const documents = namespaceDocuments(manifest ? [manifest] : [], wanted);
    const got = await getObjects(world, accessFrom(facts), [
      'namespaces',
      '--ignore-not-found',
      ...new Set(['kube-system', ...wanted]),
    ]);
    if (got.is !== 'objects') return unknown(got.is === 'failed' ? got.why : 'the API server serves no namespaces');
    return { ...judge(documents, got.objects), ...seenFirst(got.objects) };
  },
  plan: ({ facts }) => {
    const wanted = namespacesFrom(facts);
    const file = filesFrom(facts).namespaces;
    if (wanted.length === 0) return [];
    return [
      applyAction(accessOf(facts['kubernetes/kubeconfig']), {
        id: 'apply',
        why: 'releases and Secrets go into these namespaces',
        target: wanted.join(', '),
        from: {
          stdin: { fn: 'helmfile/namespaces', in: file === null ? [] : [{ read: file }], with: { names: wanted } },
        },
        force: false,
        guard: ['helmfile/cluster'],
        deadline: 60_000,
      }),
    ];
  },
  classify: kubectlFailure,
};

/** kube-system is made with the cluster: its UID stands for it, also where no plugin here brought the API up. */
function seenFirst(objects: readonly KubeObject[]): Pick<Observation, 'pins'> {
  const uid = str(
    objects.find((object) => object.metadata.name === 'kube-system'),
    'metadata',
    'uid',
  );
  return uid === undefined ? {} : { pins: [{ at: ['kubeSystem'], value: uid }] };
}

/** The manifest's Namespaces and bare ones for the rest, in one stream for the API server. */
export const namespacesTransform: Transform = (inputs, options) => {
  const names = dig(options, 'names');
  const wanted = Array.isArray(names) ? names.filter((n): n is string => typeof n === 'string') : [];
  return new TextEncoder().encode(
    namespaceDocuments(inputs, wanted)
      .map((d) => `---\n${JSON.stringify(d)}\n`)
      .join(''),
  );
};

function namespaceDocuments(manifests: readonly Uint8Array[], wanted: readonly string[]): JsonObject[] {
  const written = manifests
    .flatMap((bytes) => readYaml('namespaces', bytes).documents.map((d) => d.value))
    .filter(isObject);
  const names = new Set(written.map((d) => str(d, 'metadata', 'name')));
  return [
    ...written,
    ...wanted.filter((n) => !names.has(n)).map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
  ];
}

const unknown = (why: string): Observation => ({
  state: 'unknown',
  signals: [],
  cause: `the namespaces could not be looked at: ${why}`,
});

function judge(documents: readonly JsonObject[], live: readonly KubeObject[]): Observation {
  const signals = documents.map((document) => {
    const name = str(document, 'metadata', 'name') ?? '';
    const there = live.find((o) => o.metadata.name === name);
    const observed = there ? stateOf(document, there) : 'missing';
    return {
      name: 'namespace',
      subject: name,
      expected: 'Active',
      observed,
      ok: observed === 'Active',
      source: 'kubectl get namespaces',
    };
  });
  const leaving = signals.filter((s) => s.observed === 'Terminating');
  if (leaving.length > 0)
    return {
      state: 'converging',
      signals,
      cause: `being deleted: ${leaving.map((s) => s.subject).join(', ')}`,
      remedy:
        'Wait until they are gone, or find the finalizer that holds them (`kubectl get namespace NAME -o yaml`); then run the same command again.',
    };
  const bad = signals.filter((s) => !s.ok);
  if (bad.length > 0)
    return { state: 'needed', signals, cause: bad.map((s) => `${s.subject} is ${s.observed}`).join(', ') };
  return { state: 'done', signals, facts: { 'helmfile/namespaces-ready': signals.map((s) => s.subject) } };
}

/** Labels and annotations of the manifest must be there, unless Flux has taken the namespace over: then they are Flux's. */
function stateOf(wanted: JsonObject, live: KubeObject): string {
  if (str(live, 'status', 'phase') === 'Terminating' || str(live, 'metadata', 'deletionTimestamp') !== undefined)
    return 'Terminating';
  if (fluxOwner(live)) return 'Active';
  for (const part of ['labels', 'annotations']) {
    const map = dig(wanted, 'metadata', part);
    for (const [key, value] of Object.entries(isObject(map) ? map : {}))
      if (str(live, 'metadata', part, key) !== String(value))
        return `without ${part.slice(0, -1)} ${key}=${String(value)}`;
  }
  return 'Active';
}
