/** What a test gives Flux to do, all of it in Flux' own namespace and of the Git repository `fleet`. */
const namespace = 'flux-system';

export const source = (kind: string, name: string, spec: object) => ({
  apiVersion: 'source.toolkit.fluxcd.io/v1',
  kind,
  metadata: { name, namespace },
  spec: { interval: '1m', ...spec },
});

/** `secret`: the Secret with which it logs in. */
export const gitRepository = (name: string, url: string, branch = 'main', secret?: string) =>
  source('GitRepository', name, { url, ref: { branch }, ...(secret && { secretRef: { name: secret } }) });

export const kustomization = (name: string, path: string, ...after: string[]) => ({
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: { name, namespace },
  spec: {
    interval: '1m',
    retryInterval: '5s',
    prune: true,
    wait: true,
    timeout: '30s',
    path,
    sourceRef: { kind: 'GitRepository', name: 'fleet' },
    ...(after.length > 0 && { dependsOn: after.map((one) => ({ name: one })) }),
  },
});
