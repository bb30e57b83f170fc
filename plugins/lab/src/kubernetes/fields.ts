import type { Json } from '@coldstart/contract';
import { type Fields, isFields, same } from './object.ts';

/**
 * Field paths as managedFields and conflict messages write them: `.spec.replicas`, `.spec.template.spec.containers[name="x"].image`.
 * A list whose entries all carry a distinct `name` is associative, as containers, ports and volumes are; any other list is one
 * value. `atomicLists` holds for custom resources, whose lists have no merge key unless their schema says so.
 */
export function leaves(value: Json, atomicLists: boolean, prefix = ''): string[] {
  if (isFields(value)) {
    const keys = Object.keys(value);
    if (keys.length === 0) return prefix === '' ? [] : [prefix];
    return keys.flatMap((key) => leaves(value[key] as Json, atomicLists, `${prefix}.${key}`));
  }
  if (!atomicLists && isAssociative(value))
    return value.flatMap((entry) => leaves(entry, atomicLists, `${prefix}[name=${JSON.stringify(entry['name'])}]`));
  return [prefix];
}

export function isAssociative(value: unknown): value is (Fields & { name: string })[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  const names = value.map((entry) => (isFields(entry) ? entry['name'] : undefined));
  return names.every((name) => typeof name === 'string') && new Set(names).size === names.length;
}

type Step = string | { name: string };

/** The steps of a path that `leaves` wrote. Keys that hold dots are kept apart by walking the value, not by splitting text. */
export function valueAt(value: Json | undefined, path: string): Json | undefined {
  if (path === '') return value;
  if (value === undefined) return undefined;
  for (const [step, rest] of nextSteps(value, path)) {
    const below =
      typeof step === 'string'
        ? (value as Fields)[step]
        : (value as (Fields & { name: string })[]).find((entry) => entry.name === step.name);
    const found = valueAt(below, rest);
    if (found !== undefined) return found;
  }
  return undefined;
}

function* nextSteps(value: Json, path: string): Generator<[Step, string]> {
  if (isFields(value)) {
    for (const key of Object.keys(value)) {
      const head = `.${key}`;
      if (path.startsWith(head) && (path.length === head.length || '.['.includes(path[head.length] as string)))
        yield [key, path.slice(head.length)];
    }
  } else if (isAssociative(value)) {
    for (const entry of value) {
      const head = `[name=${JSON.stringify(entry.name)}]`;
      if (path.startsWith(head)) yield [{ name: entry.name }, path.slice(head.length)];
    }
  }
}

/** Lays `applied` over `live`; what `applied` does not name stays. */
export function overlay(live: Json | undefined, applied: Json, atomicLists: boolean): Json {
  if (isFields(applied)) {
    const merged: Fields = isFields(live) ? { ...live } : {};
    for (const [key, value] of Object.entries(applied)) merged[key] = overlay(merged[key], value, atomicLists);
    return merged;
  }
  if (!atomicLists && isAssociative(applied) && isAssociative(live)) {
    const merged: Json[] = live.map((entry) => {
      const next = applied.find((candidate) => candidate.name === entry.name);
      return next === undefined ? entry : overlay(entry, next, atomicLists);
    });
    return [...merged, ...applied.filter((entry) => !live.some((known) => known.name === entry.name))];
  }
  return applied;
}

/** Removes the leaf at `path`; containers that become empty by it go too. */
export function without(value: Json, path: string): Json {
  if (isFields(value)) {
    for (const [step, rest] of nextSteps(value, path)) {
      if (typeof step !== 'string') continue;
      const copy = { ...value };
      if (rest === '') delete copy[step];
      else {
        const below = without(copy[step] as Json, rest);
        if (same(below, copy[step])) continue;
        if (isEmpty(below)) delete copy[step];
        else copy[step] = below;
      }
      return copy;
    }
  } else if (isAssociative(value)) {
    for (const [step, rest] of nextSteps(value, path)) {
      if (typeof step === 'string') continue;
      return value.flatMap((entry) => {
        if (entry.name !== step.name) return [entry as Json];
        const below = rest === '' ? {} : without(entry, rest);
        return isEmpty(below) ? [] : [below];
      });
    }
  }
  return value;
}

const isEmpty = (value: Json): boolean =>
  isFields(value) ? Object.keys(value).length === 0 : Array.isArray(value) && value.length === 0;
