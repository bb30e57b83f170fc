import {
  parseLockHolder,
  type Bytes,
  type Exec,
  type LockHolder,
  type LockSeen,
  type SharedLock,
} from '@coldstart/contract';
import { accessOf, type KubeAccess } from './access.ts';
import { applyArgv } from './apply.ts';
import { getObjects } from './get.ts';
import { annotation, type KubeObject } from './objects.ts';
import { str } from '../json.ts';
import { whyNot } from '../why-not.ts';

const NAMESPACE = 'kube-system';
const HOLDER = 'coldstart.dev/holder';
const EVERY = 15_000;

/** One cluster, one Lease, whatever name a repository has for the cluster. */
const NAME = 'coldstart';
/** The field manager of one run: who owns the Lease's fields holds the lock. */
const manager = (holder: LockHolder): string => `coldstart-lock-${holder.run}`;

/**
 * A lock in the cluster itself: a Lease that each run applies server-side under a field manager of its own. Kubernetes
 * refuses to let a second manager set another holder (a conflict), so taking it is one atomic call; giving it back is
 * applying it without any field. Source: Kubernetes' pages on Leases and on server-side apply.
 */
export const kubernetesLease: SharedLock = {
  id: 'lease',
  needs: ['kubernetes/kubeconfig', 'kubernetes/api'],
  every: EVERY,
  where: () => `the Lease ${NAMESPACE}/${NAME}, once the API answers`,
  look: async ({ facts, world }) => {
    const args = ['leases.coordination.k8s.io', NAME, '-n', NAMESPACE, '--ignore-not-found'];
    const got = await getObjects(world, accessOf(facts['kubernetes/kubeconfig']), args);
    if (got.is === 'absent') return { is: 'untold', why: 'the API server knows no Leases' };
    if (got.is === 'failed') return { is: 'untold', why: got.why };
    return seenIn(got.objects[0]);
  },
  hold: ({ facts, holder, now, over }) => ({
    calls: [
      apply(accessOf(facts['kubernetes/kubeconfig']), manager(holder), over, {
        ...bare,
        metadata: { ...bare.metadata, annotations: { [HOLDER]: JSON.stringify(holder) } },
        spec: {
          holderIdentity: holder.run,
          leaseDurationSeconds: (3 * EVERY) / 1000,
          acquireTime: micro(holder.at),
          renewTime: micro(now),
        },
      }),
    ],
    token: null,
  }),
  free: ({ facts, holder }) => [
    { ...apply(accessOf(facts['kubernetes/kubeconfig']), manager(holder), false, bare), deadline: 5000 },
  ],
  failed: (done) => ({ held: /Apply failed with \d+ conflict/.test(done.stderr), why: whyNot(done) }),
};

const bare = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: NAME, namespace: NAMESPACE },
};

function apply(access: KubeAccess, by: string, force: boolean, lease: object): Exec {
  const stdin: Bytes = { text: JSON.stringify(lease) };
  return {
    do: 'exec',
    tool: 'kubectl',
    argv: applyArgv(access, { manager: by, force, source: '-' }),
    stdin,
    deadline: 20_000,
    stop: { signal: 'SIGTERM', grace: 5000, kill: true },
  };
}

/** A Lease's times have microseconds. */
const micro = (at: string): string => at.replace(/\.(\d{3})Z$/, '.$1000Z');

function seenIn(lease: KubeObject | undefined): LockSeen {
  if (!lease || !str(lease, 'spec', 'holderIdentity')) return { is: 'free' };
  const token = `${str(lease, 'metadata', 'uid') ?? ''}/${str(lease, 'metadata', 'resourceVersion') ?? ''}`;
  return { is: 'held', holder: parseLockHolder(annotation(lease, HOLDER) ?? '') ?? null, token };
}
