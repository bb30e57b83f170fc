import { dig, num, str } from '../json.ts';
import { condition, type KubeObject } from './objects.ts';

/** Whether something runs as it was asked to, and why not. */
export type Readiness = { ready: boolean; why: string };

const ready: Readiness = { ready: true, why: '' };
const not = (why: string): Readiness => ({ ready: false, why });

/** A Deployment, DaemonSet or StatefulSet whose newest generation is rolled out and available. */
export function workloadReadiness(object: KubeObject): Readiness {
  const generation = num(object, 'metadata', 'generation') ?? 0;
  if ((num(object, 'status', 'observedGeneration') ?? 0) < generation)
    return not('its newest generation was not looked at yet');
  const status = (key: string): number => num(object, 'status', key) ?? 0;
  if (object.kind === 'DaemonSet') {
    const wanted = status('desiredNumberScheduled');
    if (status('updatedNumberScheduled') < wanted)
      return not(`${status('updatedNumberScheduled')} of ${wanted} updated`);
    return status('numberReady') < wanted || status('numberAvailable') < wanted
      ? not(`${Math.min(status('numberReady'), status('numberAvailable'))} of ${wanted} ready`)
      : ready;
  }
  const wanted = num(object, 'spec', 'replicas') ?? 1;
  if (status('updatedReplicas') < wanted) return not(`${status('updatedReplicas')} of ${wanted} updated`);
  const have = object.kind === 'StatefulSet' ? status('readyReplicas') : status('availableReplicas');
  if (have >= wanted) return ready;
  const stuck = condition(object, 'Progressing');
  const told = stuck?.status === 'False' && stuck.message !== '' ? ` (${stuck.reason}: ${stuck.message})` : '';
  return not(`${have} of ${wanted} ${object.kind === 'StatefulSet' ? 'ready' : 'available'}${told}`);
}

/** Whether the condition `type` is True for the newest generation, in the words of the one who set it. */
export function conditionReadiness(object: KubeObject, type = 'Ready'): Readiness {
  const found = condition(object, type);
  if (!found) return not(`no condition ${type} yet`);
  const generation = num(object, 'metadata', 'generation') ?? 0;
  const observed = found.observedGeneration ?? num(object, 'status', 'observedGeneration');
  if (observed !== undefined && observed < generation) return not('its newest generation was not looked at yet');
  return found.status === 'True'
    ? ready
    : not([found.reason, found.message].filter((t) => t !== '').join(': ') || `${type} is ${found.status}`);
}

/** Why a pod's containers do not run: `ImagePullBackOff: …` and the like; undefined where nothing waits or died. */
export function podTrouble(pod: KubeObject): string | undefined {
  const phase = str(pod, 'status', 'phase');
  if (phase === 'Succeeded') return undefined;
  for (const group of ['initContainerStatuses', 'containerStatuses']) {
    const statuses = dig(pod, 'status', group);
    for (const container of Array.isArray(statuses) ? statuses : []) {
      const waiting = str(container, 'state', 'waiting', 'reason');
      if (waiting !== undefined && waiting !== 'PodInitializing') {
        const message =
          str(container, 'state', 'waiting', 'message') ?? str(container, 'lastState', 'terminated', 'reason');
        return `${str(container, 'name') ?? 'container'}: ${waiting}${message ? `: ${message}` : ''}`;
      }
      const ended = num(container, 'state', 'terminated', 'exitCode');
      if (ended !== undefined && ended !== 0)
        return `${str(container, 'name') ?? 'container'}: ended with exit ${ended}`;
    }
  }
  const scheduled = condition(pod, 'PodScheduled');
  if (scheduled?.status === 'False') return `${scheduled.reason}: ${scheduled.message}`;
  const isReady = condition(pod, 'Ready');
  if (phase === 'Running' && isReady?.status === 'False')
    return `not ready${isReady.message === '' ? '' : `: ${isReady.message}`}`;
  return phase === 'Failed' ? `failed: ${str(pod, 'status', 'reason') ?? 'no reason told'}` : undefined;
}
