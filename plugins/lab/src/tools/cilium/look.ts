import type { ControlPlane } from '../../kubernetes/control-plane.ts';
import { findType, type ResourceType } from '../../kubernetes/kinds.ts';
import { at, isFields, type KubeObject, textAt } from '../../kubernetes/object.ts';

/** One of Cilium's workloads, as `cilium status` counts it. */
export type Part = {
  name: string;
  kind: 'DaemonSet' | 'Deployment';
  there: boolean;
  desired: number;
  ready: number;
  phases: Record<string, number>;
  images: Record<string, number>;
};
export type Trouble = { part: string; subject: string; text: string };
export type Status = {
  parts: Part[];
  errors: Trouble[];
  pods: { all: number; managed: number };
  chart: string;
  json: unknown;
};

const PARTS: { name: string; kind: Part['kind']; label: [string, string]; optional: boolean }[] = [
  { name: 'cilium', kind: 'DaemonSet', label: ['k8s-app', 'cilium'], optional: false },
  { name: 'cilium-envoy', kind: 'DaemonSet', label: ['k8s-app', 'cilium-envoy'], optional: true },
  { name: 'cilium-operator', kind: 'Deployment', label: ['io.cilium/app', 'operator'], optional: false },
  { name: 'hubble-relay', kind: 'Deployment', label: ['k8s-app', 'hubble-relay'], optional: true },
  { name: 'hubble-ui', kind: 'Deployment', label: ['k8s-app', 'hubble-ui'], optional: true },
];

/** What `cilium status` gathers: workloads, their pods and images, what each agent says of itself, and what is wrong. */
export function look(plane: ControlPlane, namespace: string): Status {
  const types = plane.types();
  const type = (name: string): ResourceType => findType(types, name) as ResourceType;
  const pods = plane.list(type('pods'));
  const own = pods.filter((pod) => pod.metadata.namespace === namespace);
  const errors: Trouble[] = [];
  const parts = PARTS.flatMap((part): Part[] => {
    const object = plane.get(type(part.kind), namespace, part.name);
    const mine = own.filter((pod) => pod.metadata.labels?.[part.label[0]] === part.label[1]);
    if (object === undefined) {
      if (!part.optional)
        errors.push({
          part: part.name,
          subject: part.name,
          text: `${part.kind.toLowerCase()}s.apps "${part.name}" not found`,
        });
      return part.name === 'hubble-ui'
        ? []
        : [{ name: part.name, kind: part.kind, there: false, desired: 0, ready: 0, phases: {}, images: {} }];
    }
    const told = (key: string): number => Number(at(object, 'status', key) ?? 0);
    const [desired, ready] =
      part.kind === 'DaemonSet'
        ? [told('desiredNumberScheduled'), told('numberReady')]
        : [told('replicas'), told('readyReplicas')];
    if (ready < desired)
      errors.push({
        part: part.name,
        subject: part.name,
        text: `${desired - ready} pods of ${part.kind} ${part.name} are not ready`,
      });
    for (const pod of mine.filter((each) => textAt(each, 'status', 'phase') !== 'Running'))
      errors.push({
        part: part.name,
        subject: pod.metadata.name,
        text: `pod is ${textAt(pod, 'status', 'phase')?.toLowerCase() ?? 'unknown'}`,
      });
    return [
      {
        name: part.name,
        kind: part.kind,
        there: true,
        desired,
        ready,
        phases: counted(mine.map((pod) => textAt(pod, 'status', 'phase') ?? '')),
        images: counted(mine.map((pod) => textAt(pod, 'spec', 'containers', 0, 'image') ?? '')),
      },
    ];
  });
  // Pods on the host's network have no endpoint; the others are Cilium's once they run.
  const networked = pods.filter((pod) => at(pod, 'spec', 'hostNetwork') !== true);
  const managed = networked.filter((pod) => textAt(pod, 'status', 'phase') === 'Running').length;
  const release = plane.releases.all().find((each) => each.name === 'cilium' && each.namespace === namespace);
  const agents = own.filter((pod) => pod.metadata.labels?.['k8s-app'] === 'cilium');
  const config = at(plane.get(type('cm'), namespace, 'cilium-config'), 'data');
  const status: Omit<Status, 'json'> = {
    parts,
    errors,
    pods: { all: networked.length, managed },
    chart: release?.version ?? '',
  };
  return {
    ...status,
    json: asJson(
      status,
      Object.fromEntries(agents.map((pod) => [pod.metadata.name, agent(pod, isFields(config) ? config : {})])),
    ),
  };
}

function counted(values: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** What an agent's own API tells (`cilium-dbg status -o json`), as far as anybody asks; null while it does not answer. */
function agent(pod: KubeObject, config: { [key: string]: unknown }): unknown {
  if (textAt(pod, 'status', 'phase') !== 'Running') return null;
  const replaced = config['kube-proxy-replacement'] === 'true';
  return {
    cilium: { state: 'Ok', msg: '1.20.2 (stand-in)' },
    cluster: { self: `${String(config['cluster-name'])}/${textAt(pod, 'spec', 'nodeName') ?? ''}` },
    hubble: { state: config['enable-hubble'] === 'true' ? 'Ok' : 'Disabled' },
    'kube-proxy-replacement': { mode: replaced ? 'True' : 'False' },
    kubernetes: { state: 'Ok' },
    masquerading: { enabled: true, mode: config['enable-bpf-masquerade'] === 'true' ? 'BPF' : 'iptables' },
    routing: { 'inter-host-routing-mode': config['routing-mode'] === 'native' ? 'Native' : 'Tunnel' },
  };
}

function asJson(status: Omit<Status, 'json'>, agents: Record<string, unknown>): unknown {
  const by = <T>(value: (part: Part) => T): Record<string, T> =>
    Object.fromEntries(
      [...status.parts, MESH]
        .filter((part) => part.there || part === MESH)
        .toSorted((one, other) => (one.name < other.name ? -1 : 1))
        .map((part) => [part.name, value(part)]),
    );
  const errors: Record<string, Record<string, { Errors: unknown[]; Warnings: null; Disabled: boolean }>> = {};
  for (const { part, subject } of status.errors)
    ((errors[part] ??= {})[subject] ??= { Errors: [], Warnings: null, Disabled: false }).Errors.push({});
  return {
    image_count: by((part) => part.images),
    phase_count: by((part) => part.phases),
    pod_state: Object.fromEntries(
      status.parts
        .filter((part) => part.there)
        .map((part) => [
          part.name,
          {
            Type: part.kind,
            Desired: part.desired,
            Ready: part.ready,
            Available: part.ready,
            Unavailable: part.desired - part.ready,
          },
        ]),
    ),
    pods_count: { all: status.pods.all, by_cilium: status.pods.managed },
    cilium_status: agents,
    ...(Object.keys(errors).length > 0 ? { errors } : {}),
    helm_chart_version: status.chart,
  };
}

const MESH: Part = {
  name: 'clustermesh-apiserver',
  kind: 'Deployment',
  there: false,
  desired: 0,
  ready: 0,
  phases: {},
  images: {},
};
