import type { Facts } from '@coldstart/contract';
import { example, KUBECONFIG } from '../../../../packages/tools/test/fakes.ts';
import { survey } from '../../src/survey/index.ts';

export const facts: Facts = {
  'kubernetes/kubeconfig': KUBECONFIG,
  ...(await survey.run({ cluster: 'infra', files: example(), config: {}, facts: {} })).facts,
};

export const absent = (kind: string) => ({
  exit: 1,
  stderr: `error: the server doesn't have a resource type "${kind}"`,
});

export const ready = (status = 'True', reason = 'Succeeded', message = '') => ({
  conditions: [{ type: 'Ready', status, reason, message, lastTransitionTime: '2026-11-21T00:34:11Z' }],
});

export const git = (
  over: object = {},
  status: object = { ...ready(), artifact: { revision: 'main@sha1:7c801a34' } },
) => ({
  kind: 'GitRepository',
  metadata: { name: 'flux-system', namespace: 'flux-system', generation: 1 },
  spec: { url: 'ssh://git@git.example.com/k8s-ops.git', ref: { branch: 'main' }, ...over },
  status,
});

export const ks = (name: string, status: object = ready(), spec: object = {}, labels: Record<string, string> = {}) => ({
  kind: 'Kustomization',
  metadata: { name, namespace: 'flux-system', generation: 1, labels },
  spec: { path: './clusters/infra/flux', ...spec },
  status: { ...status, lastAppliedRevision: 'main@sha1:7c801a34' },
});

export const deployment = (name: string, available = 1) => ({
  kind: 'Deployment',
  metadata: { name, namespace: 'flux-system', generation: 1 },
  spec: { replicas: 1 },
  status: { observedGeneration: 1, updatedReplicas: 1, availableReplicas: available },
});

export const CONTROLLERS = ['source-controller', 'kustomize-controller', 'helm-controller', 'notification-controller'];

export const CLONE = "unable to clone 'ssh://git@git.example.com/k8s-ops.git': dial tcp: ";
