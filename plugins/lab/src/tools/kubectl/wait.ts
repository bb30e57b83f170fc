import type { ControlPlane } from '../../kubernetes/control-plane.ts';
import { qualified, type ResourceType } from '../../kubernetes/kinds.ts';
import { isTrue, type KubeObject, textAt, at, condition } from '../../kubernetes/object.ts';
import { API_CALL } from '../common/access.ts';
import { goDuration } from '../common/flags.ts';
import { failed, printed } from '../common/result.ts';
import { notSimulated } from '../tool.ts';
import { type Command, reach } from './command.ts';
import { unreached } from './failures.ts';
import { nameOf, notFound, resources, selected } from './get.ts';
import { select } from './jsonpath.ts';

/** How often a waiting command looks; the real one watches, so that it sees a change at once. */
const LOOK = 250;

type Met = (object: KubeObject) => boolean;

function wanted(text: string | undefined): Met | undefined {
  const byCondition = /^condition=([^=]+)(?:=(.+))?$/i.exec(text ?? '');
  if (byCondition) {
    const [, type = '', status = 'True'] = byCondition;
    return (object) =>
      status.toLowerCase() === 'true'
        ? isTrue(object, type)
        : String(condition(object, type)?.['status']).toLowerCase() === status.toLowerCase();
  }
  const byPath = /^jsonpath=\{(.+)\}(?:=(.*))?$/.exec(text ?? '');
  if (byPath)
    return (object) =>
      select(byPath[1] as string, object).some((value) => byPath[2] === undefined || String(value) === byPath[2]);
  return undefined;
}

/** `wait --for=condition=…|jsonpath=…`: the objects one after another; the first that is not met in time ends it. */
export const wait: Command = async (model, call, flags) => {
  const met = wanted(flags.value('for'));
  const timeout = goDuration(flags.value('timeout') ?? '30s');
  if (met === undefined || timeout === undefined || flags.has('output')) return notSimulated('kubectl', call.argv);
  await call.spend(API_CALL);
  const access = reach(model, call, flags);
  if (access.how !== 'open') return unreached(model, call, access, 'discovery');
  const { plane } = access;
  const asked = resources(plane, flags.words);
  if ('problem' in asked) return failed(asked.problem);
  const until = plane.now + timeout;
  let stdout = '';
  for (const { type, name } of asked.list) {
    const namespace =
      !type.namespaced || flags.on('all-namespaces') ? undefined : (flags.value('namespace') ?? 'default');
    if (name === undefined && !flags.on('all') && !flags.has('selector'))
      return failed('error: resource(s) were provided, but no name was specified');
    const objects =
      name === undefined
        ? plane.list(type, namespace).filter((object) => selected(object, flags.value('selector')))
        : [plane.get(type, namespace, name)];
    if (objects.length === 0) return failed('error: no matching resources found', stdout);
    for (const object of objects) {
      if (object === undefined) return failed(notFound(type, name ?? ''), stdout);
      for (;;) {
        const now = plane.get(type, object.metadata.namespace, object.metadata.name);
        if (now !== undefined && met(now)) break;
        if (plane.now >= until)
          return failed(
            `error: timed out waiting for the condition on ${plural(type)}/${object.metadata.name}`,
            stdout,
          );
        await call.spend(Math.min(LOOK, until - plane.now));
      }
      stdout += `${nameOf(object)} condition met\n`;
    }
  }
  return printed(stdout);
};

/** As the message names it: the plural, without its group. */
const plural = (type: ResourceType): string => qualified(type.plural, '');

/** `rollout status KIND/NAME`. */
export const rollout: Command = async (model, call, flags) => {
  const [verb, ...words] = flags.words;
  if (verb !== 'status') return notSimulated('kubectl', call.argv);
  await call.spend(API_CALL);
  const access = reach(model, call, flags);
  if (access.how !== 'open') return unreached(model, call, access, 'discovery');
  const { plane } = access;
  const asked = resources(plane, words);
  if ('problem' in asked) return failed(asked.problem);
  const [{ type, name } = { type: undefined, name: undefined }] = asked.list;
  if (type === undefined || name === undefined || !['Deployment', 'DaemonSet'].includes(type.kind))
    return notSimulated('kubectl', call.argv);
  const namespace = flags.value('namespace') ?? 'default';
  const timeout = goDuration(flags.value('timeout') ?? '0') ?? 0;
  const until = timeout === 0 ? Infinity : plane.now + timeout;
  let stdout = '';
  let told = '';
  for (;;) {
    const state = rolledOut(plane, type, namespace, name);
    if (state === undefined) return failed(notFound(type, name), stdout);
    if (state.done) return printed(`${stdout}${state.line}\n`);
    if (state.line !== told) stdout += `${state.line}\n`;
    told = state.line;
    if (plane.now >= until) return failed('error: timed out waiting for the condition', stdout);
    await call.spend(Math.min(LOOK, until - plane.now));
  }
};

function rolledOut(
  plane: ControlPlane,
  type: ResourceType,
  namespace: string,
  name: string,
): { done: boolean; line: string } | undefined {
  const object = plane.get(type, namespace, name);
  if (object === undefined) return undefined;
  const count = (key: string): number => Number(at(object, 'status', key) ?? 0);
  if (textAt(object, 'kind') === 'DaemonSet') {
    const [have, want] = [count('numberAvailable'), count('desiredNumberScheduled')];
    if (have < want)
      return {
        done: false,
        line: `Waiting for daemon set "${name}" rollout to finish: ${have} of ${want} updated pods are available...`,
      };
    return { done: true, line: `daemon set "${name}" successfully rolled out` };
  }
  const [have, want] = [count('availableReplicas'), count('updatedReplicas')];
  if (have < want)
    return {
      done: false,
      line: `Waiting for deployment "${name}" rollout to finish: ${have} of ${want} updated replicas are available...`,
    };
  return { done: true, line: `deployment "${name}" successfully rolled out` };
}
