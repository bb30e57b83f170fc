import { dirname, relative } from 'node:path/posix';
import type { Done, World } from '@coldstart/contract';
import type { Ground } from './bring-up.ts';

/** How the sequence ended, as whoever runs it sees it. `hung`: it was still in one of its loops after two hours of virtual time. */
export type Said = { ended: 'success' | 'failure' | 'hung'; at: string };

const BOUND = 2 * 3_600_000;
const CALL = 3_600_000;

type Node = { name: string; address: string; role: string; config: string };

/**
 * The usual shell sequence (shared facts on layouts): apply to each node piped into a shell, so that a failure in the middle
 * is silent; `until talosctl bootstrap; do sleep 10; done`; waits without a count of nodes; no look back. In the same world,
 * with the same tools, as a baseline. `only` ends it where phase −1 ends.
 */
export async function naive(
  ground: Pick<Ground, 'facts' | 'cluster'>,
  { world }: { world: World },
  only?: 'talos',
): Promise<Said> {
  const stop = new AbortController();
  const nodes = ground.facts['talos/nodes'] as Node[];
  const { talosconfig, context } = ground.facts['talos/cluster'] as { talosconfig: string; context: string };
  const kube = ground.facts['kubernetes/kubeconfig'] as { path: string; context: string };
  const [crds, apps] = ['00-crds', '01-apps'].map((name) => `bootstrap/${ground.cluster}/helmfile.d/${name}.yaml`) as [
    string,
    string,
  ];
  const first = nodes.find((n) => n.role === 'controlplane') as Node;

  const sh = (tool: string, argv: string[], stdin?: Uint8Array): Promise<Done> =>
    world.spawn(
      { tool, argv, env: {}, deadline: CALL, ...(stdin && { stdin }) },
      { signal: 'SIGTERM', grace: 1000, kill: true },
      async () => {},
      stop.signal,
    );
  const talosctl = (verb: string[], node: Node): Promise<Done> =>
    sh('talosctl', [
      ...verb,
      '--talosconfig',
      talosconfig,
      '--context',
      context,
      '-e',
      node.address,
      '-n',
      node.address,
    ]);
  const kubectl = (argv: string[], stdin?: Uint8Array): Promise<Done> =>
    sh('kubectl', ['--kubeconfig', kube.path, '--context', kube.context, ...argv], stdin);
  const until = async (what: () => Promise<boolean>): Promise<boolean> => {
    for (const began = world.mono(); world.mono() - began < BOUND; await world.sleep(10_000))
      if (await what()) return true;
    return false;
  };

  for (const node of nodes) await sh('talosctl', ['apply-config', '--insecure', '-n', node.address, '-f', node.config]);
  if (!(await until(async () => (await talosctl(['bootstrap'], first)).exit === 0)))
    return { ended: 'hung', at: 'bootstrap' };
  const written = await until(async () => {
    const got = await talosctl(['kubeconfig', '-'], first);
    if (got.exit !== 0) return false;
    await world.write(kube.path, named(got.stdout, kube.context, first.address), 0o600);
    return true;
  });
  if (!written) return { ended: 'hung', at: 'kubeconfig' };
  const reports = await until(async () => {
    const got = await kubectl(['get', 'nodes', '-o', 'json']);
    return got.exit === 0 && (JSON.parse(new TextDecoder().decode(got.stdout)) as { items: object[] }).items.length > 0;
  });
  if (!reports) return { ended: 'hung', at: 'nodes' };
  if (only) return { ended: 'success', at: 'nodes' };

  const namespaces = await world.read(`bootstrap/${ground.cluster}/resources/namespaces.yaml`);
  await kubectl(['apply', '--server-side', '-f', '-'], namespaces);
  for (const file of [
    `bootstrap/${ground.cluster}/secrets.yaml.tpl`,
    `bootstrap/${ground.cluster}/deploy-key.yaml.tpl`,
  ])
    await kubectl(['apply', '--server-side', '-f', '-'], (await sh('op', ['inject', '-i', file])).stdout);
  for (const file of [crds, apps]) {
    const synced = await sh('helmfile', [
      '-f',
      file,
      '--kubeconfig',
      relative(dirname(file), kube.path),
      '--kube-context',
      kube.context,
      'sync',
    ]);
    if (synced.exit !== 0) return { ended: 'failure', at: file };
  }
  const flux = await kubectl(['apply', '--server-side', '-f', `bootstrap/${ground.cluster}/resources/flux-sync.yaml`]);
  return flux.exit === 0 ? { ended: 'success', at: 'flux' } : { ended: 'failure', at: 'flux' };
}

/** What `sed` does in those scripts: the context's name, and a control plane's address for the VIP. */
function named(kubeconfig: Uint8Array, context: string, address: string): Uint8Array {
  const text = new TextDecoder()
    .decode(kubeconfig)
    .replace(/^current-context: .*$/m, `current-context: ${context}`)
    .replace(/(- context:[\s\S]*?name: )\S+/m, `$1${context}`)
    .replace(/server: https:\/\/[^:]+:/, `server: https://${address}:`);
  return new TextEncoder().encode(text);
}
