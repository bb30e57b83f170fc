import type { Reader, Signal } from '@coldstart/contract';
import { explaining, type Rule } from '../explain.ts';
import { str } from '../json.ts';
import type { KubeAccess } from './access.ts';
import { getObjects } from './get.ts';
import type { KubeObject } from './objects.ts';
import { podTrouble } from './readiness.ts';

const EVENTS = 5;

/**
 * For a wait that ended badly: pods of a namespace that do not run, with their reason, and its newest warnings. What is not
 * `mine` is told as a neighbour's: it explains nothing here.
 */
export async function lookAtPods(
  world: Reader,
  access: KubeAccess,
  namespace: string,
  mine: (name: string) => boolean = () => true,
): Promise<Signal[]> {
  const [pods, events] = await Promise.all([
    getObjects(world, access, ['pods', '-n', namespace]),
    getObjects(world, access, ['events', '-n', namespace]),
  ]);
  const signals = [
    ...podSignals(pods.is === 'objects' ? pods.objects : [], namespace, mine),
    ...eventSignals(events.is === 'objects' ? events.objects : [], mine),
  ];
  return [...signals.filter(isOwn), ...signals.filter((signal) => !isOwn(signal))];
}

const isOwn = (signal: Signal): boolean => !signal.name.startsWith("neighbour's ");

function podSignals(pods: readonly KubeObject[], namespace: string, mine: (name: string) => boolean): Signal[] {
  return pods.flatMap((pod): Signal[] => {
    const why = podTrouble(pod);
    if (why === undefined) return [];
    const { name } = pod.metadata;
    return [
      {
        name: mine(name) ? 'pod' : "neighbour's pod",
        subject: `${namespace}/${name}`,
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

/** What the signals of `lookAtPods` come to. */
export const explainPods = explaining(RULES);
