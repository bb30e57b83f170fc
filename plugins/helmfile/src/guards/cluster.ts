import { createHash, X509Certificate } from 'node:crypto';
import type { Guard, Signal } from '@coldstart/contract';
import { kubectlArgv, parseReadyz, str, textOf, whyNot } from '@coldstart/tools';
import { accessFrom } from '../facts.ts';

const CA = '{.clusters[0].cluster.certificate-authority-data}';

/**
 * The API behind kubeconfig and context is this cluster's: the CA that the kubeconfig trusts is the one in the
 * repository's own machine configs (where that survey told it), and a server that this CA vouches for answers.
 * Without the repository's CA the second half still keeps out a server of another CA.
 */
export const clusterGuard: Guard = {
  id: 'helmfile/cluster',
  look: async ({ facts, world }) => {
    const access = accessFrom(facts);
    const signals: Signal[] = [];
    const wanted = str(facts['talos/cluster'], 'kubernetesCaFingerprint');
    if (wanted !== undefined) {
      const done = await world.probe({ tool: 'kubectl', argv: kubectlArgv(access, 'config', 'view', '--raw', '--minify', '--flatten', '-o', `jsonpath=${CA}`), deadline: 10_000 });
      const shown = done.exit === 0 ? fingerprint(textOf(done.stdout)) : undefined;
      signals.push({ name: 'Kubernetes CA', subject: access.context, expected: wanted, observed: shown ?? 'not readable', ok: shown === wanted, source: `kubectl config view of ${access.path}` });
      if (shown !== wanted)
        return {
          ok: false,
          signals,
          cause:
            shown === undefined
              ? `the context ${access.context} of ${access.path} has no readable CA (${whyNot(done)})`
              : `the context ${access.context} of ${access.path} belongs to another cluster: its CA is not the one in this repository's machine configs`,
          remedy: 'Write the kubeconfig again with `coldstart talos kubeconfig <cluster>`, and look which cluster answers at its address before anything is changed.',
          page: 'wrong-cluster',
        };
    }
    const done = await world.probe({ tool: 'kubectl', argv: kubectlArgv(access, 'get', '--raw', '/readyz'), deadline: 15_000 });
    const ready = done.exit === 0 && parseReadyz(textOf(done.stdout)).ready;
    signals.push({ name: 'API', subject: access.context, expected: 'ready', observed: ready ? 'ready' : whyNot(done), ok: ready, source: 'kubectl get --raw /readyz' });
    if (ready) return { ok: true, signals };
    return {
      ok: false,
      signals,
      cause: `the API behind the context ${access.context} does not answer as it should: ${whyNot(done)}`,
      remedy: 'Look whether the control planes are up (`coldstart talos health <cluster>`), then run the same command again.',
    };
  },
};

/** SHA-256 of the DER of the first certificate in base64 PEM. */
function fingerprint(data: string): string | undefined {
  try {
    return createHash('sha256').update(new X509Certificate(Buffer.from(data.trim(), 'base64')).raw).digest('hex');
  } catch {
    return undefined;
  }
}
