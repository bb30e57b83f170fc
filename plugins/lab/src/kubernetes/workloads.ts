import type { Json, Ms } from '@coldstart/contract';
import type { Clock, Random } from '../model.ts';
import { READY_RANGE } from './charts/parts.ts';
import { draw, type Named, RANGES } from './durations.ts';
import { nodeReady, type Registered } from './nodes.ts';
import { at, type Fields, isFields, type KubeObject, textAt } from './object.ts';
import { seconds, type Stored } from './store.ts';
import type { Stuck } from './stuck.ts';

/** What decides where and when pods run. */
export type Ground = {
  random: Random;
  clock: Clock;
  nodes: readonly Registered[];
  /** The CNI's DaemonSet, where there is one. */
  agent: Stored | undefined;
  uid: (...parts: string[]) => string;
  /** Why the pods of a workload of this name never run; undefined where nothing keeps them. */
  stuck: (workload: string) => Stuck | undefined;
};

/** One pod of a workload: where it runs and when it gets there; Infinity where it never will as things stand. */
export type PodPlan = {
  /** What tells it from its siblings: its node, or its number. */ which: string;
  node: string | null;
  scheduled: Ms;
  ready: Ms;
};

const DAEMON = 'DaemonSet';
export const WORKLOADS = ['DaemonSet', 'Deployment', 'StatefulSet'] as const;

/**
 * The pods of a workload, worked out from when it was made, which nodes there are, and when those are Ready. Nothing of it is
 * stored: the same world gives the same pods, at every look.
 */
export function podsOf(workload: Stored, ground: Ground): PodPlan[] {
  const { object } = workload;
  const spec = at(object, 'spec', 'template', 'spec');
  const host = at(spec, 'hostNetwork') === true;
  const tolerant = host || hasWildcard(at(spec, 'tolerations'));
  const range = textAt(object, 'spec', 'template', 'metadata', 'annotations', READY_RANGE);
  const named: Named = range !== undefined && range in RANGES ? (range as Named) : 'pod Ready';

  const never = ground.stuck(object.metadata.name) !== undefined;
  const place = (which: string, node: Registered | undefined, subject: string): PodPlan => {
    if (node === undefined) return { which, node: null, scheduled: Infinity, ready: Infinity };
    const scheduled = host
      ? Math.max(workload.changed, node.at)
      : Math.max(workload.changed, nodeReady(ground.random, node, ground.agent));
    if (scheduled === Infinity) return { which, node: null, scheduled, ready: Infinity };
    return {
      which,
      node: node.name,
      scheduled,
      ready: never ? Infinity : scheduled + draw(ground.random, named, subject),
    };
  };

  const suitable = ground.nodes.filter((node) => tolerant || node.schedulable);
  if (object.kind === DAEMON)
    return suitable.map((node) => place(node.name, node, `${object.metadata.name}/${node.name}`));

  // Spread over the nodes that are Ready first, as a scheduler that finds only those would.
  const order = suitable.toSorted(
    (one, other) =>
      nodeReady(ground.random, one, ground.agent) - nodeReady(ground.random, other, ground.agent) ||
      (one.name < other.name ? -1 : 1),
  );
  const start =
    order.length === 0 ? 0 : Math.floor(ground.random.of('spread', object.metadata.name) * Math.min(order.length, 3));
  return Array.from({ length: replicas(object) }, (_, index) =>
    place(
      String(index),
      order[(start + index) % Math.max(order.length, 1)],
      `${object.metadata.namespace ?? ''}/${object.metadata.name}/${index}`,
    ),
  );
}

const hasWildcard = (tolerations: Json | undefined): boolean =>
  Array.isArray(tolerations) &&
  tolerations.some((entry) => isFields(entry) && entry['operator'] === 'Exists' && entry['key'] === undefined);

export const replicas = (object: KubeObject): number => {
  const told = at(object, 'spec', 'replicas');
  return typeof told === 'number' ? told : 1;
};

/** When all its pods are Ready; Infinity where they never are as things stand. A DaemonSet without a node waits for one. */
export function workloadReady(workload: Stored, ground: Ground): Ms {
  const pods = podsOf(workload, ground);
  if (pods.length === 0) return workload.object.kind === DAEMON ? Infinity : workload.changed;
  return Math.max(...pods.map((pod) => pod.ready));
}

/** The workload with the status that its controller would have written by now. */
export function withStatus(workload: Stored, ground: Ground): KubeObject {
  const now = ground.clock.now;
  const pods = podsOf(workload, ground);
  const ready = pods.filter((pod) => pod.ready <= now).length;
  const observedGeneration = workload.object.metadata.generation ?? 1;
  const { object } = workload;
  if (object.kind === DAEMON)
    return {
      ...object,
      status: {
        currentNumberScheduled: pods.length,
        desiredNumberScheduled: pods.length,
        numberAvailable: ready,
        numberMisscheduled: 0,
        numberReady: ready,
        ...(pods.length > ready ? { numberUnavailable: pods.length - ready } : {}),
        observedGeneration,
        updatedNumberScheduled: pods.length,
      },
    };
  const available = ready === pods.length;
  const since = seconds(
    ground.clock.wall(available ? Math.max(workload.changed, ...pods.map((pod) => pod.ready)) : workload.changed),
  );
  return {
    ...object,
    status: {
      observedGeneration,
      replicas: pods.length,
      updatedReplicas: pods.length,
      ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
      ...(pods.length > ready ? { unavailableReplicas: pods.length - ready } : {}),
      ...(object.kind === 'Deployment'
        ? {
            conditions: [
              {
                type: 'Available',
                status: available ? 'True' : 'False',
                reason: available ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
                message: available
                  ? 'Deployment has minimum availability.'
                  : 'Deployment does not have minimum availability.',
                lastTransitionTime: since,
                lastUpdateTime: since,
              },
              {
                type: 'Progressing',
                status: 'True',
                reason: available ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated',
                message: available
                  ? `ReplicaSet "${object.metadata.name}" has successfully progressed.`
                  : `ReplicaSet "${object.metadata.name}" is progressing.`,
                lastTransitionTime: since,
                lastUpdateTime: since,
              },
            ],
          }
        : {}),
    },
  };
}

/** The Pod objects of a workload as they stand now. */
export function podObjects(workload: Stored, ground: Ground): KubeObject[] {
  return podsOf(workload, ground).map((pod) => podObject(workload, pod, ground));
}

/** The warnings that kubelets raise about pods that never run. */
export function podEvents(workload: Stored, ground: Ground): KubeObject[] {
  const why = ground.stuck(workload.object.metadata.name);
  if (!why) return [];
  return podObjects(workload, ground)
    .filter((pod) => at(pod, 'spec', 'nodeName') !== undefined)
    .map((pod): KubeObject => {
      const { name, namespace = 'default' } = pod.metadata;
      const [container] = (at(pod, 'spec', 'containers') ?? []) as Fields[];
      return {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `${name}.stuck`, namespace, uid: ground.uid('events', namespace, name) },
        type: 'Warning',
        reason: why.event.reason,
        message: why.event.message(String(container?.['image'] ?? ''), String(container?.['name'] ?? ''), name),
        involvedObject: { kind: 'Pod', namespace, name },
        lastTimestamp: seconds(ground.clock.wall()),
      };
    });
}

function podObject(stored: Stored, pod: PodPlan, ground: Ground): KubeObject {
  const { clock } = ground;
  const workload = stored.object;
  const namespace = workload.metadata.namespace ?? 'default';
  const name =
    workload.kind === 'StatefulSet' ? `${workload.metadata.name}-${pod.which}` : podName(stored, pod.which, ground);
  const placed = pod.scheduled <= clock.now;
  const why = ground.stuck(workload.metadata.name);
  const ready = pod.ready <= clock.now;
  const node = ground.nodes.find((known) => known.name === pod.node);
  const containers = (at(workload, 'spec', 'template', 'spec', 'containers') ?? []) as Fields[];
  const when = (moment: Ms): string => seconds(clock.wall(Math.min(moment, clock.now)));
  const state = (type: string, status: boolean, since: Ms, reason?: string, message?: string): Fields => ({
    type,
    status: status ? 'True' : 'False',
    lastTransitionTime: when(since),
    ...(status || reason === undefined ? {} : { reason, message: message ?? '' }),
  });
  const unready = `containers with unready status: [${containers.map((entry) => String(entry['name'])).join(' ')}]`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: ground.uid('pods', namespace, name),
      creationTimestamp: when(stored.changed),
      labels: (at(workload, 'spec', 'template', 'metadata', 'labels') ?? {}) as Record<string, string>,
      ownerReferences: [
        {
          apiVersion: workload.apiVersion,
          kind: workload.kind,
          name: workload.metadata.name,
          uid: workload.metadata.uid ?? '',
          controller: true,
        },
      ],
    },
    spec: {
      ...((at(workload, 'spec', 'template', 'spec') ?? {}) as Fields),
      ...(placed && pod.node !== null ? { nodeName: pod.node } : {}),
    },
    status: {
      phase: ready ? 'Running' : 'Pending',
      ...(placed && node ? { hostIP: node.address } : {}),
      conditions: [
        placed
          ? state('PodScheduled', true, pod.scheduled)
          : state(
              'PodScheduled',
              false,
              clock.now,
              'Unschedulable',
              `0/${ground.nodes.length} nodes are available: ${unschedulable(ground)}.`,
            ),
        ...(placed
          ? [
              state('Initialized', true, pod.scheduled),
              state('ContainersReady', ready, ready ? pod.ready : pod.scheduled, 'ContainersNotReady', unready),
              state('Ready', ready, ready ? pod.ready : pod.scheduled, 'ContainersNotReady', unready),
            ]
          : []),
      ],
      ...(placed
        ? {
            containerStatuses: containers.map((container) => ({
              name: container['name'] ?? '',
              image: container['image'] ?? '',
              ready,
              restartCount: why?.restarts === true ? 1 + Math.floor((clock.now - pod.scheduled) / 60_000) : 0,
              state: ready
                ? { running: { startedAt: when(pod.ready) } }
                : {
                    waiting: why?.state(String(container['image']), String(container['name']), name) ?? {
                      reason: 'ContainerCreating',
                    },
                  },
            })),
          }
        : {}),
    },
  };
}

function unschedulable(ground: Ground): string {
  const reasons = new Map<string, number>();
  for (const node of ground.nodes) {
    const key = !node.schedulable
      ? 'node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }'
      : 'node(s) had untolerated taint {node.kubernetes.io/not-ready: }';
    reasons.set(key, (reasons.get(key) ?? 0) + 1);
  }
  return reasons.size === 0
    ? 'no nodes available to schedule pods'
    : [...reasons].map(([reason, many]) => `${many} ${reason}`).join(', ');
}

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Pod names end in five letters of Kubernetes' own alphabet; a Deployment's carry its ReplicaSet's hash before. */
function podName(workload: Stored, which: string, ground: Ground): string {
  const { name, namespace = '', generation = 1 } = workload.object.metadata;
  const pick = (length: number, ...parts: (string | number)[]): string => {
    const hex = ground.random.hex(length, 'pod name', namespace, name, ...parts);
    return Array.from(
      { length },
      (_, index) => LETTERS[Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16) % LETTERS.length],
    ).join('');
  };
  const hash = workload.object.kind === DAEMON ? '' : `-${pick(9, generation)}`;
  return `${name}${hash}-${pick(5, generation, which)}`;
}
