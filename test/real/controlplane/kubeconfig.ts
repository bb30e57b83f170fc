import { writeFile } from 'node:fs/promises';

import type { Pair } from './pki.ts';

/** Writes a kubeconfig with one context, without a current-context: whoever uses it has to name the context. */
export const writeKubeconfig = async (
  path: string,
  access: { server: string; ca: Pair; client: Pair; context: string; current?: boolean },
): Promise<void> => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const { context } = access;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: context, cluster: { server: access.server, 'certificate-authority-data': base64(access.ca.cert) } },
    ],
    users: [
      {
        name: context,
        user: {
          'client-certificate-data': base64(access.client.cert),
          'client-key-data': base64(access.client.key),
        },
      },
    ],
    contexts: [{ name: context, context: { cluster: context, user: context } }],
    // The control plane's own components have one context and no flag to name it.
    ...(access.current ? { 'current-context': context } : {}),
  };
  // JSON is YAML.
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
};
