import type { Json } from '@coldstart/contract';

export type Fields = { [key: string]: Json };

/** An object as the API server keeps it. */
export type KubeObject = {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  [field: string]: Json | Metadata | undefined;
};

export type Metadata = {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  managedFields?: Json;
  [field: string]: Json | undefined;
};

/** The part of a group/version that names the group; the core group is empty. */
export const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';

export const versionOf = (apiVersion: string): string => apiVersion.slice(apiVersion.indexOf('/') + 1);

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value below a path of keys and indexes; undefined where there is none. */
export function at(value: unknown, ...path: (string | number)[]): Json | undefined {
  let current: unknown = value;
  for (const key of path) {
    if (Array.isArray(current) && typeof key === 'number') current = current[key];
    else if (isFields(current) && typeof key === 'string' && Object.hasOwn(current, key)) current = current[key];
    else return undefined;
  }
  return current as Json | undefined;
}

export const textAt = (value: unknown, ...path: (string | number)[]): string | undefined => {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
};

export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((value, index) => same(value, other[index]));
  if (!isFields(one) || !isFields(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && same(one[key], other[key]))
  );
}

/** The condition of this type in `.status.conditions`. */
export function condition(object: unknown, type: string): Fields | undefined {
  const list = at(object, 'status', 'conditions');
  return Array.isArray(list)
    ? list.filter(isFields).find((entry) => String(entry['type']).toLowerCase() === type.toLowerCase())
    : undefined;
}

export const isTrue = (object: unknown, type: string): boolean => condition(object, type)?.['status'] === 'True';
