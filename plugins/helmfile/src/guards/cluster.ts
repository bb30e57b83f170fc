import { createHash, X509Certificate } from 'node:crypto';
import { posix } from 'node:path';
import { readIdentity, type Guard, type Json, type Reader, type Signal, succeeded } from '@coldstart/contract';
import {
  askAgain,
  compareClusterUid,
  kubectlArgv,
  list,
  parseReadyz,
  readYaml,
  str,
  textOf,
  whyNot,
  type KubeAccess,
} from '@coldstart/tools';
import { accessFrom } from '../facts.ts';

/**
 * The API behind kubeconfig and context is this cluster's: the CA that the kubeconfig trusts is the one in the
 * repository's own machine configs (where that survey told it), and a server that this CA vouches for answers.
 * Without the repository's CA the second half still keeps out a server of another CA.
 */
export const clusterGuard: Guard = {
  id: 'helmfile/cluster',
  look: async ({ facts, world, cluster }) => {
    const access = accessFrom(facts);
    const signals: Signal[] = [];
    const recorded = (await readIdentity(world, cluster))?.talosCa;
    const talosCa = str(facts['talos/cluster'], 'caFingerprint');
    if (recorded !== undefined && talosCa !== undefined && recorded !== talosCa)
      return {
        ok: false,
        signals,
        cause: `the recorded Talos CA is ${recorded.slice(0, 12)}, the repository's ${talosCa.slice(0, 12)}`,
        remedy:
          'Use the secrets of the recorded cluster. Where it is gone for good, begin its next generation: --repin and the name of the cluster.',
        page: 'identity',
      };
    const wanted = str(facts['talos/cluster'], 'kubernetesCaFingerprint');
    if (wanted !== undefined) {
      const shown = await trustedCa(world, access);
      signals.push({
        name: 'Kubernetes CA',
        subject: access.context,
        expected: wanted,
        observed: shown ?? 'not readable',
        ok: shown === wanted,
        source: access.path,
      });
      if (shown !== wanted)
        return {
          ok: false,
          signals,
          cause:
            shown === undefined
              ? `the context ${access.context} of ${access.path} has no readable CA`
              : `the context ${access.context} of ${access.path} belongs to another cluster: its CA is not the one in this repository's machine configs`,
          remedy:
            'Write the kubeconfig again with `coldstart talos kubeconfig <cluster>`, and look which cluster answers at its address before anything is changed.',
          page: 'wrong-cluster',
        };
    }
    const done = await askAgain(world, {
      tool: 'kubectl',
      argv: kubectlArgv(access, 'get', '--raw', '/readyz'),
      deadline: 15_000,
    });
    const ready = succeeded(done) && parseReadyz(textOf(done.stdout)).ready;
    signals.push({
      name: 'API',
      subject: access.context,
      expected: 'ready',
      observed: ready ? 'ready' : whyNot(done),
      ok: ready,
      source: 'kubectl get --raw /readyz',
    });
    if (ready) return sameCluster(world, cluster, access, signals);
    return {
      ok: false,
      signals,
      cause: `the API behind the context ${access.context} does not answer as it should: ${whyNot(done)}`,
      remedy:
        'Look whether the control planes are up (`coldstart talos health <cluster>`), then run the same command again.',
    };
  },
};

/** The cluster's own UID is the recorded one: two clusters may share a CA, and a rebuilt one keeps it. */
async function sameCluster(
  world: Reader,
  cluster: string,
  access: KubeAccess,
  before: Signal[],
): ReturnType<Guard['look']> {
  if ((await readIdentity(world, cluster))?.kubeSystem === undefined) return { ok: true, signals: before };
  const { is, signal, why } = await compareClusterUid(world, cluster, access);
  const signals = [...before, signal];
  if (is === 'same') return { ok: true, signals };
  if (is === 'untold')
    return {
      ok: false,
      signals,
      cause: `the API behind the context ${access.context} does not tell which cluster it is: ${why}`,
      remedy:
        'Look whether the control planes are up (`coldstart talos health <cluster>`), then run the same command again.',
    };
  return {
    ok: false,
    signals,
    cause: `the API behind the context ${access.context} is another cluster's: its kube-system is not the recorded one`,
    remedy:
      'Find out which cluster answers there before anything is changed. Where the recorded one is gone for good: --repin and the name of the cluster.',
    page: 'wrong-cluster',
  };
}

/** SHA-256 (hex) of the DER of the CA that a kubeconfig's context trusts; undefined where it has none that can be read. */
async function trustedCa(world: Reader, access: KubeAccess): Promise<string | undefined> {
  const bytes = await world.read(access.path);
  const config = bytes && readYaml(access.path, bytes).documents[0]?.value;
  const named = (key: string, name: string | undefined): Json | undefined =>
    list(config, key).find((entry) => str(entry, 'name') === name);
  const cluster = named('clusters', str(named('contexts', access.context), 'context', 'cluster'));
  const data = str(cluster, 'cluster', 'certificate-authority-data');
  const file = str(cluster, 'cluster', 'certificate-authority');
  // kubectl takes a relative path from the kubeconfig's own folder.
  const pem =
    data !== undefined
      ? Buffer.from(data, 'base64')
      : file === undefined
        ? undefined
        : await world.read(posix.isAbsolute(file) ? file : posix.join(posix.dirname(access.path), file));
  try {
    return pem && createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
  } catch {
    return undefined;
  }
}
