import type { KubeObject } from '../object.ts';
import { FLUX } from './definitions.ts';
import { crds, type Release, workload } from './parts.ts';

/** The Flux that the lab plays (the one that was recorded), and its controllers' versions. */
export const FLUX_VERSION = 'v2.9.5';
export const CONTROLLER_VERSION = 'v1.9.3';

/** Objects of one of Flux' controllers: its definitions and its Deployment, labelled as `flux check` looks for them. */
export function component(release: Release, name: string, registry = 'ghcr.io/fluxcd'): KubeObject[] {
  const labels = {
    'app.kubernetes.io/instance': release.namespace,
    'app.kubernetes.io/part-of': 'flux',
    'app.kubernetes.io/component': name,
    'app.kubernetes.io/version': FLUX_VERSION,
  };
  return [
    ...crds('flux', FLUX[name] ?? '').map((object) => ({ ...object, metadata: { ...object.metadata, labels } })),
    workload('Deployment', release, {
      name,
      labels,
      selector: { app: name },
      container: 'manager',
      image: `${registry}/${name}:${CONTROLLER_VERSION}`,
      ready: 'flux pod Ready',
    }),
  ];
}
