import type { Json } from '@coldstart/contract';
import { isAssociative, leaves, overlay, valueAt, without } from './fields.ts';
import { type Fields, isFields, type KubeObject, same } from './object.ts';

/** Who applied what: per field manager, the fields that it named last. */
export type Managers = Record<string, Fields>;

export type Conflict = { manager: string; path: string };

export type Applied =
  | { result: 'created' | 'configured' | 'unchanged'; object: KubeObject; managers: Managers }
  | { result: 'conflict'; conflicts: Conflict[] };

/**
 * Server-side apply, as far as objects here need it: fields are owned by who applied them; a field of another manager with
 * another value is a conflict unless `force`; a field that its only manager no longer names goes.
 * Source: Kubernetes' page on server-side apply. Unchanged means that nothing would be written.
 */
export function serverSideApply(
  live: { object: KubeObject; managers: Managers } | undefined,
  wanted: KubeObject,
  by: { manager: string; force: boolean; atomicLists: boolean },
): Applied {
  const named = owned(wanted);
  const fields = leaves(named, by.atomicLists);
  if (live === undefined) return { result: 'created', object: wanted, managers: { [by.manager]: named } };

  const clash = Object.entries(live.managers).flatMap(([manager, theirs]) =>
    manager === by.manager
      ? []
      : leaves(theirs, by.atomicLists)
          .filter((path) => fields.includes(path) && !same(valueAt(live.object as Json, path), valueAt(named, path)))
          .map((path) => ({ manager, path })),
  );
  if (clash.length > 0 && !by.force) return { result: 'conflict', conflicts: clash };

  const managers: Managers = { ...live.managers };
  for (const { manager, path } of clash) managers[manager] = without(managers[manager] as Json, path) as Fields;
  const before = managers[by.manager];
  managers[by.manager] = named;

  let object = overlay(live.object as Json, wanted as Json, by.atomicLists) as KubeObject;
  for (const path of before === undefined ? [] : leaves(before, by.atomicLists)) {
    const kept = Object.values(managers).some((theirs) => valueAt(theirs, path) !== undefined);
    if (!kept) object = without(object as Json, path) as KubeObject;
  }
  const result = same(object, live.object) && same(managers, live.managers) ? 'unchanged' : 'configured';
  return { result, object, managers };
}

/** The fields of an applied object that have an owner: all but what identifies it. */
export function owned(object: KubeObject): Fields {
  const { apiVersion: _version, kind: _kind, metadata, status: _status, ...rest } = object;
  const { name: _name, namespace: _namespace, ...meta } = metadata;
  return { ...(Object.keys(meta).length > 0 ? { metadata: meta as Fields } : {}), ...(rest as Fields) };
}

/** The text of the API server's conflict, one or many (`getConflictMessage` of its field manager). */
export function conflictText(conflicts: Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first)
    return `Apply failed with 1 conflict: conflict with "${first.manager}": ${first.path}`;
  const managers = [...new Set(conflicts.map((conflict) => conflict.manager))].toSorted();
  const lines = managers.flatMap((manager) => [
    `conflicts with "${manager}":`,
    ...conflicts.filter((conflict) => conflict.manager === manager).map((conflict) => `- ${conflict.path}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

/** What `metadata.managedFields` shows of the managers: `f:` for a field, `k:` for an entry of an associative list. */
export function managedFields(apiVersion: string, managers: Managers): Json {
  return Object.entries(managers).map(([manager, fields]) => ({
    manager,
    operation: 'Apply',
    apiVersion,
    fieldsType: 'FieldsV1',
    fieldsV1: fieldSet(fields),
  }));
}

function fieldSet(value: Json): Json {
  if (isFields(value))
    return Object.fromEntries(Object.entries(value).map(([key, below]) => [`f:${key}`, fieldSet(below)]));
  if (isAssociative(value))
    return Object.fromEntries(
      value.map((entry) => [`k:${JSON.stringify({ name: entry.name })}`, { '.': {}, ...(fieldSet(entry) as Fields) }]),
    );
  return {};
}
