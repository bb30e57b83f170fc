import type { Look, Signal } from '@coldstart/contract';
import { explaining, getObjects, podTrouble, str, type KubeObject, type Rule } from '@coldstart/tools';
import { accessFrom } from '../facts.ts';
import type { Release } from '../survey/types.ts';
import { lookAtRelease } from './look.ts';

const EVENTS = 5;

/**
 * Pods that do not run, with their reason, and the newest warnings of the namespace. What belongs to other releases of the
 * namespace is told as a neighbour's: it explains nothing here.
 */
export async function diagnose({ item, facts, world }: Look<Release>): Promise<Signal[]> {
  const access = accessFrom(facts);
  const [seen, pods, events] = await Promise.all([
    lookAtRelease(world, access, item),
    getObjects(world, access, ['pods', '-n', item.namespace]),
    getObjects(world, access, ['events', '-n', item.namespace]),
  ]);
  const workloads = typeof seen === 'string' ? [] : seen.workloads.map((object) => object.metadata.name);
  // A release whose workloads are made by an operator has none of its own to tell by.
  const mine = (name: string): boolean => workloads.length === 0 || workloads.some((own) => name.startsWith(`${own}-`));
  const signals = [
    ...podSignals(pods.is === 'objects' ? pods.objects : [], item, mine),
    ...eventSignals(events.is === 'objects' ? events.objects : [], mine),
  ];
  return [...signals.filter(isOwn), ...signals.filter((signal) => !isOwn(signal))];
}

const isOwn = (signal: Signal): boolean => !signal.name.startsWith("neighbour's ");

function podSignals(pods: readonly KubeObject[], item: Release, mine: (name: string) => boolean): Signal[] {
  return pods.flatMap((pod): Signal[] => {
    const why = podTrouble(pod);
    if (why === undefined) return [];
    const { name } = pod.metadata;
    return [
      {
        name: mine(name) ? 'pod' : "neighbour's pod",
        subject: `${item.namespace}/${name}`,
        expected: 'Ready',
        observed: why.slice(0, 500),
        ok: false,
        source: 'kubectl get pods',
      },
    ];
  });
}

function eventSignals(events: readonly KubeObject[], mine: (name: string) => boolean): Signal[] {
  return events
    .filter((event) => str(event, 'type') === 'Warning')
    .map((event) => ({
      event,
      about: str(event, 'involvedObject', 'name') ?? '?',
      at: str(event, 'lastTimestamp') ?? str(event, 'eventTime') ?? str(event, 'metadata', 'creationTimestamp') ?? '',
    }))
    .sort((a, b) => Number(mine(b.about)) - Number(mine(a.about)) || (a.at < b.at ? 1 : -1))
    .slice(0, EVENTS)
    .map(({ event, about }) => ({
      name: mine(about) ? 'event' : "neighbour's event",
      subject: `${str(event, 'involvedObject', 'kind') ?? 'object'}/${about}`,
      expected: 'none',
      observed: `${str(event, 'reason') ?? ''}: ${str(event, 'message') ?? ''}`.slice(0, 500),
      ok: false,
      source: 'kubectl get events',
    }));
}

const AGAIN = 'then run the same command again.';

/** What pods and warnings mean, the most telling first. */
const RULES: readonly Rule[] = [
  {
    signal: /^event$/,
    observed: /^\w+: Failed to pull image "([^"]+)"(?:.*: )?([^:]+(?:: [^:]+)?)$/,
    cause: (_signal, _observed, match) => `the image ${match?.[1]} cannot be pulled: ${match?.[2]}`,
    remedy: () =>
      `Look whether the nodes reach the registry (DNS, gateway, proxy, mirrors, rate limit, name); ${AGAIN}`,
    page: 'image-pull',
  },
  {
    signal: /^pod$/,
    observed: /(?:ImagePullBackOff|ErrImagePull|InvalidImageName)\b/,
    cause: ({ subject }, observed) => `${subject} cannot get its image: ${observed}`,
    remedy: () =>
      `Look whether the nodes reach the registry (DNS, gateway, proxy, mirrors, rate limit, name); ${AGAIN}`,
    page: 'image-pull',
  },
  {
    signal: /^event$/,
    observed: /^(?:FailedCreatePodSandBox|FailedMount|FailedAttachVolume): (.+)$/,
    cause: ({ subject }, _observed, match) => `${subject} stays in ContainerCreating: ${match?.[1]}`,
    remedy: () => `Mend what kubelet names (network plugin, volume, Secret or ConfigMap); ${AGAIN}`,
    page: 'container-creating',
  },
  {
    signal: /^pod$/,
    observed: /^coredns: CrashLoopBackOff/,
    cause: ({ subject }, observed) => `cluster DNS does not resolve, since ${subject} crashes: ${observed}`,
    remedy: () => `Look at its log (a forwarding loop is the usual cause), mend the Corefile in the values; ${AGAIN}`,
    page: 'dns',
  },
  {
    signal: /^pod$/,
    observed: /CrashLoopBackOff|ended with exit/,
    cause: ({ subject }, observed) => `${subject} crashes: ${observed}`,
    remedy: () => `Look at its log (kubectl logs --previous), mend the values; ${AGAIN}`,
    page: 'release-not-ready',
  },
  {
    signal: /^pod$/,
    observed: /^Unschedulable: (.+)$/,
    cause: ({ subject }, _observed, match) => `no node takes ${subject}: ${match?.[1]}`,
    remedy: () => `Look at taints, memory and whether the nodes are Ready; ${AGAIN}`,
    page: 'release-not-ready',
  },
  {
    signal: /^pod$/,
    observed: /: ContainerCreating$/,
    cause: ({ subject }, observed) => `${subject} does not start: ${observed}`,
    remedy: () => `Look at the events of the pod (network plugin, volume, Secret or ConfigMap); ${AGAIN}`,
    page: 'container-creating',
  },
];

export const explain = explaining(RULES);
