import { contribution } from '@coldstart/contract';
import { accessOf, kubectl, kubectlArgv, parseJson, parseReadyz, str, textOf, whyNot } from '@coldstart/tools';

/** A control plane that came about by other means than Talos: it is only looked at. */
const api = {
  kind: 'check',
  id: 'given-api/ready',
  phase: 'talos',
  title: 'The Kubernetes API of a control plane made by other means is ready',
  needs: ['kubernetes/kubeconfig'],
  provides: ['kubernetes/api'],
  settle: () => ({ every: 1000, within: 30_000, stableFor: 0 }),
  observe: async ({ world, facts }) => {
    const access = accessOf(facts['kubernetes/kubeconfig']);
    const ask = (...argv) => world.probe({ tool: 'kubectl', argv: kubectlArgv(access, ...argv), deadline: 10_000 });
    const [readyz, version, server] = await Promise.all([
      ask('get', '--raw', '/readyz'),
      ask('get', '--raw', '/version'),
      ask('config', 'view', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}'),
    ]);
    const ready = readyz.exit === 0 && parseReadyz(textOf(readyz.stdout)).ready;
    const signal = {
      name: 'API',
      subject: access.context,
      expected: 'ready',
      observed: ready ? 'ready' : whyNot(readyz),
      ok: ready,
      source: 'kubectl get --raw /readyz',
    };
    if (!ready) return { state: 'converging', signals: [signal], cause: `the API is not ready: ${whyNot(readyz)}` };
    const gitVersion = str(parseJson(textOf(version.stdout)), 'gitVersion') ?? null;
    const fact = { servers: [textOf(server.stdout)], version: gitVersion };
    return { state: 'done', signals: [signal], facts: { 'kubernetes/api': fact } };
  },
};

export default async () => contribution({ plugin: '@coldstart/plugin-given-api', steps: [api], tools: [kubectl] });
