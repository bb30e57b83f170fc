import type { Json, Ms } from '@coldstart/contract';
import type { ControlPlane } from '../control-plane.ts';
import { typeOf } from '../kinds.ts';
import { at, type Fields, isFields } from '../object.ts';
import { seconds, type Stored } from '../store.ts';
import { workloadReady } from '../workloads.ts';

/** Every object of a custom kind, by the name of its definition, once that is established. */
export function custom(plane: ControlPlane, definition: string): readonly Stored[] {
  const stored = plane.store
    .byKind('CustomResourceDefinition')
    .find(({ object }) => object.metadata.name === definition);
  return stored === undefined ? [] : plane.store.list(typeOf(stored.object));
}

/** When a controller's Deployment runs; Infinity where there is none. */
export function controllerReady(plane: ControlPlane, component: string): Ms {
  const found = plane.store
    .byKind('Deployment')
    .find(({ object }) => object.metadata.labels?.['app.kubernetes.io/component'] === component);
  return found === undefined ? Infinity : workloadReady(found, plane.ground);
}

export const noteKey = (stored: Stored): string =>
  `${stored.object.kind}/${stored.object.metadata.namespace ?? ''}/${stored.object.metadata.name}`;

/** What a controller keeps of an object between two looks. */
export type Note = {
  /** The generation that it has dealt with. */
  generation: number;
  /** When it deals with the object next; absent: not by itself. */
  next?: Ms;
  /** Since when it tries: what it does takes its time. */
  began?: Ms;
  /** What it waits for: objects that it applied, since `since`. */
  waiting?: { since: Ms; until: Ms };
  tries: number;
};

export function noteOf(plane: ControlPlane, stored: Stored): Note | undefined {
  return plane.notes[`note/${noteKey(stored)}`] as unknown as Note | undefined;
}

export function setNote(plane: ControlPlane, stored: Stored, note: Note): void {
  plane.notes[`note/${noteKey(stored)}`] = note as unknown as Json;
}

export const isSuspended = (stored: Stored): boolean => at(stored.object, 'spec', 'suspend') === true;

/** Sets the Ready condition, with those that stand beside it, as every controller of Flux does, and remembers since when it has been True. */
export function setReady(
  plane: ControlPlane,
  stored: Stored,
  moment: Ms,
  ready: { status: 'True' | 'False' | 'Unknown'; reason: string; message: string },
  more: Fields = {},
  beside: readonly Fields[] = [],
): void {
  const type = plane.served(stored.object.apiVersion, stored.object.kind);
  if (type === undefined) return;
  const before = plane.store.get(type, stored.object.metadata.namespace, stored.object.metadata.name)?.object['status'];
  const known = at(before, 'conditions');
  const old = Array.isArray(known) ? known.find((entry) => isFields(entry) && entry['type'] === 'Ready') : undefined;
  const since =
    isFields(old) && old['status'] === ready.status
      ? String(old['lastTransitionTime'])
      : seconds(plane.model.clock.wall(moment));
  const observedGeneration = stored.object.metadata.generation ?? 1;
  const condition = (kind: string, status: string, reason: string): Fields => ({
    type: kind,
    status,
    reason,
    message: ready.message,
    observedGeneration,
    lastTransitionTime: since,
  });
  plane.store.status(type, stored.object, {
    ...(isFields(before) ? before : {}),
    ...more,
    // flux-operator has it in its conditions only.
    ...(stored.object.kind === 'FluxInstance' ? {} : { observedGeneration }),
    conditions: [
      ...(ready.status === 'True'
        ? []
        : [condition('Reconciling', 'True', ready.status === 'False' ? 'ProgressingWithRetry' : 'Progressing')]),
      condition('Ready', ready.status, ready.reason),
      ...beside,
    ],
  });
  const key = `ready/${noteKey(stored)}`;
  if (ready.status === 'True') plane.notes[key] ??= moment;
  else delete plane.notes[key];
}

/** `5m`, `1h30m`, `30s` as milliseconds; undefined where it is no duration. */
export function duration(text: Json | undefined): Ms | undefined {
  if (typeof text !== 'string' || !/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return undefined;
  const unit: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce(
    (sum, [, many, name]) => sum + Number(many) * (unit[name as string] as number),
    0,
  );
}
