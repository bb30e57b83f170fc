import type { Json } from '@coldstart/contract';
import type { Named } from '../durations.ts';
import type { KubeObject } from '../object.ts';

/** Marks what the lab made up in a chart's place, so that nobody takes it for the chart's own manifest. */
const STAND_IN = 'coldstart-lab/stand-in';
/** Which range a workload's pods become Ready in. */
export const READY_RANGE = 'coldstart-lab/ready';

export type Release = { name: string; namespace: string; chart: string; version: string };

type Pods = {
  name: string;
  labels?: Record<string, string>;
  /** What its pods are found by; all of its labels unless told. */
  selector?: Record<string, string>;
  image: string;
  container?: string;
  replicas?: number;
  hostNetwork?: boolean;
  /** Runs on control planes too. */
  everywhere?: boolean;
  ready?: Named;
  namespace?: string;
  env?: Record<string, string>;
};

/** A Deployment or DaemonSet with just what its behaviour hangs on: replicas, labels, image, host network, tolerations. */
export function workload(kind: 'Deployment' | 'DaemonSet' | 'StatefulSet', release: Release, pods: Pods): KubeObject {
  const labels = pods.selector ? { ...pods.labels } : { 'app.kubernetes.io/name': pods.name, ...pods.labels };
  const selector = pods.selector ?? labels;
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: {
      name: pods.name,
      namespace: pods.namespace ?? release.namespace,
      labels,
      annotations: { [STAND_IN]: release.chart },
    },
    spec: {
      ...(kind === 'DaemonSet' ? {} : { replicas: pods.replicas ?? 1 }),
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: { ...labels, ...selector }, annotations: { [READY_RANGE]: pods.ready ?? 'pod Ready' } },
        spec: {
          ...(pods.hostNetwork === true ? { hostNetwork: true } : {}),
          ...(pods.everywhere === true || pods.hostNetwork === true ? { tolerations: [{ operator: 'Exists' }] } : {}),
          containers: [
            {
              name: pods.container ?? pods.name,
              image: pods.image,
              ...(pods.env ? { env: Object.entries(pods.env).map(([name, value]) => ({ name, value })) } : {}),
            },
          ],
        },
      },
    },
  };
}

export function configMap(release: Release, name: string, data: Record<string, string>): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: release.namespace, annotations: { [STAND_IN]: release.chart } },
    data,
  };
}

export function service(release: Release, name: string, port: number, selector: Record<string, string>): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: release.namespace, annotations: { [STAND_IN]: release.chart } },
    spec: { selector, ports: [{ name: `p${port}`, port }] },
  };
}

export function custom(
  release: Release,
  apiVersion: string,
  kind: string,
  name: string,
  spec: { [key: string]: Json },
): KubeObject {
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: release.namespace, annotations: { [STAND_IN]: release.chart } },
    spec,
  };
}

/** A definition by its real name; its schema is left open, since the lab checks none. */
export function crd(
  from: string,
  name: string,
  kind: string,
  version: string,
  scope: 'Namespaced' | 'Cluster',
  short: string[] = [],
): KubeObject {
  const plural = name.slice(0, name.indexOf('.'));
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name, annotations: { [STAND_IN]: from } },
    spec: {
      group: name.slice(plural.length + 1),
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        ...(short.length > 0 ? { shortNames: short } : {}),
      },
      scope,
      versions: version.split(',').map((served, index) => ({
        name: served,
        served: true,
        storage: index === 0,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        subresources: { status: {} },
      })),
    },
  };
}

/** Definitions from lines `plural.group Kind version scope`: one line each, as the projects name them. */
export function crds(from: string, lines: string): KubeObject[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', kind = '', version = '', scope = '', ...short] = line.trim().split(/\s+/);
      return crd(from, name, kind, version, scope === 'ns' ? 'Namespaced' : 'Cluster', short);
    });
}
