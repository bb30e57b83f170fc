import { type Scene } from './scene.ts';

/** Recordings of kustomize and kubeconform. */
export const ofKustomize: Record<string, Scene> = {
  'kubeconform/ignore-missing': {
    argv: [
      '-summary',
      '-output',
      'json',
      '-ignore-missing-schemas',
      '-schema-location',
      'none/{{ .ResourceKind }}.json',
      'kz/cm.yaml',
    ],
    files: { 'kz/cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n' },
  },
  'kustomize/missing-resource': { files: { 'kz/kustomization.yaml': 'resources: [nothere.yaml]' } },
  'kustomize/ok': {
    files: {
      'kz/kustomization.yaml': 'resources: [cm.yaml]',
      'kz/cm.yaml': 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n',
    },
  },
};
