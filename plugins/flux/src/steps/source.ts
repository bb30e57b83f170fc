import { posix } from 'node:path';
import type { ChangingStep, Observation, Reader, Signal } from '@coldstart/contract';
import {
  applyAction,
  explainPods,
  fluxOwner,
  getObjects,
  kubectlFailure,
  lookAtPods,
  str,
  type KubeAccess,
  type KubeObject,
} from '@coldstart/tools';
import { accessFrom, policyFrom, sourceFrom, type FluxSource } from '../facts.ts';
import { FLUX_INSTANCES, fluxReadiness, GIT_REPOSITORIES, KUSTOMIZATIONS } from '../flux/resources.ts';
import { trouble } from '../flux/trouble.ts';
import { controllerSignals } from '../look/flux.ts';

/** GitRepository and first Kustomization, or the FluxInstance that makes them: applied, and Ready. From here on Flux works. */
export const source: ChangingStep = {
  id: 'flux/source',
  kind: 'change',
  phase: 'core',
  title: 'Flux reads the repository',
  needs: ['kubernetes/kubeconfig', 'flux/source', 'flux/policy', 'flux/deploy-key'],
  provides: ['flux/synced'],
  settle: (facts) => ({ ...policyFrom(facts).source, stableFor: 0 }),
  retry: () => ({ first: 5000, factor: 2, max: 30_000, retries: 3, jitter: 0.2 }),
  observe: async ({ facts, world }) => {
    const wanted = sourceFrom(facts);
    const access = accessFrom(facts);
    const [git, kustomization, instance] = await Promise.all([
      one(world, access, GIT_REPOSITORIES, wanted.namespace, wanted.name),
      one(world, access, KUSTOMIZATIONS, wanted.namespace, wanted.kustomization),
      wanted.instance === null ? undefined : one(world, access, FLUX_INSTANCES, wanted.namespace, wanted.instance),
    ]);
    for (const look of [git, kustomization, instance])
      if (look?.is === 'failed')
        return { state: 'unknown', signals: [], cause: `Flux could not be looked at: ${look.why}` };
    const applied = wanted.instance === null ? [git, kustomization] : [instance];
    if (applied.some((look) => look?.is === 'absent')) {
      const controllers = await controllerSignals(
        world,
        access,
        policyFrom(facts).namespace,
        policyFrom(facts).controllers,
      );
      return {
        state: 'converging',
        signals: typeof controllers === 'string' ? [] : controllers,
        cause: "Flux' own kinds are not served yet: its controllers are still being installed",
        remedy: `Look at the pods in ${policyFrom(facts).namespace}, and at the release that installs Flux; then run the same command again.`,
        page: 'flux-not-ready',
      };
    }
    return judge(
      wanted,
      objectOf(git),
      objectOf(kustomization),
      wanted.instance === null ? undefined : { object: objectOf(instance) },
    );
  },
  plan: ({ facts }) => {
    const wanted = sourceFrom(facts);
    return [
      applyAction(accessFrom(facts), {
        id: 'apply',
        why: `Flux reads ${wanted.path === '' ? 'the root' : wanted.path} of ${wanted.url}, branch ${wanted.branch}`,
        target:
          wanted.instance === null
            ? `GitRepository ${wanted.namespace}/${wanted.name}, Kustomization ${wanted.namespace}/${wanted.kustomization}`
            : `FluxInstance ${wanted.namespace}/${wanted.instance}`,
        from: { file: wanted.manifest },
        force: false,
        guard: ['helmfile/cluster'],
        deadline: 60_000,
      }),
    ];
  },
  classify: kubectlFailure,
  diagnose: ({ facts, world }) => lookAtPods(world, accessFrom(facts), policyFrom(facts).namespace),
  explain: explainPods,
  criteria: [
    { id: 'flux-source-ready', title: 'GitRepository and first Kustomization are Ready', needs: 'lab-wire' },
    // kustomize-controller fetches each artifact from source-controller by the name of its Service: Ready says that it was found.
    {
      id: 'cluster-dns-answers',
      title: "cluster DNS answers: Flux' controllers found each other by name",
      needs: 'live',
    },
  ],
};

type One = { is: 'object'; object: KubeObject | undefined } | { is: 'absent' } | { is: 'failed'; why: string };

async function one(world: Reader, access: KubeAccess, kind: string, namespace: string, name: string): Promise<One> {
  const got = await getObjects(world, access, [kind, '-n', namespace, '--ignore-not-found', name]);
  if (got.is === 'absent') return { is: 'absent' };
  return got.is === 'failed' ? { is: 'failed', why: got.why } : { is: 'object', object: got.objects[0] };
}

const objectOf = (look: One | undefined): KubeObject | undefined => (look?.is === 'object' ? look.object : undefined);

function judge(
  wanted: FluxSource,
  git: KubeObject | undefined,
  kustomization: KubeObject | undefined,
  instance: { object: KubeObject | undefined } | undefined,
): Observation {
  const signals: Signal[] = [];
  const differs: string[] = [];
  const compare = (
    object: KubeObject | undefined,
    subject: string,
    name: string,
    expected: string,
    observed: string | undefined,
  ): void => {
    const ok = object !== undefined && observed === expected;
    // What Flux has taken over is as the repository says, from the next reconciliation on.
    const owner = object && fluxOwner(object);
    signals.push({
      name,
      subject,
      expected,
      observed: observed ?? 'missing',
      ok: ok || owner !== undefined,
      source: 'kubectl get',
    });
    if (!ok && owner === undefined) differs.push(`${subject}: ${name} is ${observed ?? 'missing'}`);
  };
  const gitId = `GitRepository ${wanted.namespace}/${wanted.name}`;
  const firstId = `Kustomization ${wanted.namespace}/${wanted.kustomization}`;
  if (instance) {
    const { object } = instance;
    const id = `FluxInstance ${wanted.namespace}/${wanted.instance ?? ''}`;
    compare(object, id, 'url', wanted.url, str(object, 'spec', 'sync', 'url'));
    compare(object, id, 'ref', `refs/heads/${wanted.branch}`, str(object, 'spec', 'sync', 'ref'));
    compare(object, id, 'path', wanted.path, pathOf(str(object, 'spec', 'sync', 'path')));
  } else {
    compare(git, gitId, 'url', wanted.url, str(git, 'spec', 'url'));
    compare(git, gitId, 'branch', wanted.branch, str(git, 'spec', 'ref', 'branch'));
    compare(kustomization, firstId, 'path', wanted.path, pathOf(str(kustomization, 'spec', 'path')));
  }
  if (differs.length > 0) return { state: 'needed', signals, cause: differs.join('; ') };
  const waiting: string[] = [];
  for (const [id, object] of [
    ...(instance ? [[`FluxInstance ${wanted.namespace}/${wanted.instance ?? ''}`, instance.object] as const] : []),
    [gitId, git] as const,
    [firstId, kustomization] as const,
  ]) {
    const { ready, why } = object ? fluxReadiness(object) : { ready: false, why: 'not made yet' };
    signals.push({
      name: 'Ready',
      subject: id,
      expected: 'True',
      observed: ready ? 'True' : why,
      ok: ready,
      source: 'kubectl get, condition Ready',
    });
    if (!ready) waiting.push(`${id}: ${why}`);
  }
  if (waiting.length > 0) return { state: 'converging', signals, ...trouble(waiting) };
  const revision =
    str(kustomization, 'status', 'lastAppliedRevision') ?? str(git, 'status', 'artifact', 'revision') ?? '';
  return { state: 'done', signals, facts: { 'flux/synced': { revision } } };
}

/** `./x`, `x` and `x/` are one path to Flux. */
const pathOf = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : posix.normalize(path).replace(/\/$/, '').replace(/^\.$/, '');
