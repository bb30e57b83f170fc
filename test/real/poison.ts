import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';

export type Poison = {
  /** Environment in which every tool would find it. */
  env: Record<string, string>;
  /** How often something connected to where it leads. */
  connections: () => number;
  /** The files that are not as they were. */
  changed: () => Promise<string[]>;
  stop: () => Promise<void>;
};

/** A kubeconfig as `kubectl config view --raw -o json` prints it, as far as it is used here. */
type Kubeconfig = { clusters: unknown[]; users: unknown[]; contexts: unknown[]; 'current-context'?: string };

/**
 * A current-context that leads to a listener here, in every configuration that a tool would look at by itself: the
 * kubeconfig in HOME, one that KUBECONFIG names, helm's own variables, talosctl's configuration, and the operators'
 * kubeconfig itself, beside the right context.
 */
export const poison = async (home: string, kubeconfig: string): Promise<Poison> => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const entries = {
    cluster: { name: 'poison', cluster: { server: address, 'insecure-skip-tls-verify': true } },
    user: { name: 'poison', user: { token: 'poison' } },
    context: { name: 'poison', context: { cluster: 'poison', user: 'poison', namespace: 'poison' } },
  };
  const alone = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [entries.cluster],
    users: [entries.user],
    contexts: [entries.context],
    'current-context': 'poison',
  };
  const own = JSON.parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
  const beside = {
    ...own,
    clusters: [entries.cluster, ...own.clusters],
    users: [entries.user, ...own.users],
    contexts: [entries.context, ...own.contexts],
    'current-context': 'poison',
  };
  const talos = { context: 'poison', contexts: { poison: { endpoints: ['127.0.0.1'], nodes: ['127.0.0.1'] } } };
  const files: Record<string, string> = {
    [join(home, '.kube/config')]: JSON.stringify(alone),
    [join(home, 'elsewhere/kubeconfig')]: JSON.stringify(alone),
    [join(home, '.talos/config')]: JSON.stringify(talos),
    [kubeconfig]: JSON.stringify(beside),
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: 0o600 });
  }
  return {
    env: {
      KUBECONFIG: join(home, 'elsewhere/kubeconfig'),
      HELM_KUBECONTEXT: 'poison',
      HELM_KUBEAPISERVER: address,
      HELM_NAMESPACE: 'poison',
      TALOSCONFIG: join(home, '.talos/config'),
    },
    connections: () => connections,
    changed: async () => {
      const now = await Promise.all(
        Object.keys(files).map(async (path) => [path, await readFile(path, 'utf8')] as const),
      );
      return now.filter(([path, text]) => text !== files[path]).map(([path]) => path);
    },
    stop: async () => {
      server.close();
      await once(server, 'close');
    },
  };
};
