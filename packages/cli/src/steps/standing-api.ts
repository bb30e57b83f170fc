import { succeeded, type CheckingStep } from '@coldstart/contract';

const ANSWER_WITHIN = 15_000;

/**
 * The Kubernetes API behind the kubeconfig answers: for clusters whose machines are brought up by something that is no plugin
 * here. It takes the place of the steps that would bring an API up, and only looks.
 */
export const standingApi: CheckingStep = {
  id: 'kubernetes/api',
  kind: 'check',
  phase: 'talos',
  title: 'The Kubernetes API that stands answers',
  needs: ['kubernetes/kubeconfig'],
  provides: ['kubernetes/api'],
  observe: async ({ facts, world }) => {
    const { path, context } = facts['kubernetes/kubeconfig'] as { path: string; context: string };
    const source = 'kubectl get --raw /version';
    const done = await world.probe({
      tool: 'kubectl',
      argv: ['--kubeconfig', path, '--context', context, 'get', '--raw', '/version', '--request-timeout=10s'],
      deadline: ANSWER_WITHIN,
    });
    const version = succeeded(done) ? versionIn(new TextDecoder().decode(done.stdout)) : null;
    const observed = version ?? (done.stderr.trim().split('\n').at(-1) || `no answer (${done.how})`);
    const signals = [{ name: 'API', subject: context, expected: 'a version', observed, ok: version !== null, source }];
    if (version === null) {
      return {
        state: 'unknown',
        signals,
        cause: `the API behind the context ${context} of ${path} does not answer: ${observed}`,
        remedy:
          'bring the machines up, or install what does (npm install @coldstart/plugin-talos), and see that the kubeconfig leads there',
        page: 'api-not-ready',
      };
    }
    return {
      state: 'done',
      signals,
      facts: { 'kubernetes/api': { servers: [], version } },
      deviations: ['no plugin here brings the API up: the one behind the kubeconfig is taken as it stands'],
    };
  },
};

function versionIn(text: string): string | null {
  return /"gitVersion":\s*"(v[^"]{1,60})"/.exec(text)?.[1] ?? null;
}
