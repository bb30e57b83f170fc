import { readIdentity, type Reader, type Signal } from '@coldstart/contract';
import type { KubeAccess } from './access.ts';
import { getObjects } from './get.ts';

/**
 * UID of the namespace kube-system: made with the cluster and never changed, so it stands for the cluster. Null with the reason
 * where it was not told. One look.
 */
export async function clusterUid(
  world: Reader,
  access: KubeAccess,
): Promise<{ uid: string; why: null } | { uid: null; why: string }> {
  const got = await getObjects(world, access, ['namespaces', 'kube-system', '--request-timeout=5s']);
  if (got.is !== 'objects') return { uid: null, why: got.is === 'failed' ? got.why : 'the API serves no namespaces' };
  const uid = got.objects[0]?.metadata.uid;
  return typeof uid === 'string' && uid !== '' ? { uid, why: null } : { uid: null, why: 'kube-system has no UID' };
}

/** The live UID held against the recorded one: `same` also where nothing is recorded yet. */
export async function compareClusterUid(
  world: Reader,
  cluster: string,
  access: KubeAccess,
): Promise<{ is: 'same' | 'another' | 'untold'; uid: string | null; signal: Signal; why: string | null }> {
  const recorded = (await readIdentity(world, cluster))?.kubeSystem;
  const { uid, why } = await clusterUid(world, access);
  const is = uid === null ? 'untold' : recorded === undefined || recorded === uid ? 'same' : 'another';
  const signal: Signal = {
    name: 'UID of kube-system',
    subject: access.context,
    expected: recorded ?? 'any: none is recorded yet',
    observed: uid ?? why,
    ok: is === 'same',
    source: 'kubectl get namespaces kube-system',
  };
  return { is, uid, signal, why };
}
