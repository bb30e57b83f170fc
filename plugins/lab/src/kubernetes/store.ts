import type { Json, Ms } from '@coldstart/contract';
import type { Clock, Random } from '../model.ts';
import { admit } from './admission.ts';
import { type Conflict, type Managers, serverSideApply } from './apply.ts';
import { BUILT_IN, findType, type ResourceType } from './kinds.ts';
import { groupOf, type KubeObject, same, versionOf } from './object.ts';

/** An object with what only the server knows of it. */
export type Stored = {
  object: KubeObject;
  managers: Managers;
  /** When it was made, virtual ms. */
  at: Ms;
  /** When its spec last changed, virtual ms. */
  changed: Ms;
};

export type ApplyResult =
  | { how: 'created' | 'configured' | 'unchanged'; stored: Stored }
  | { how: 'conflict'; conflicts: Conflict[] }
  | { how: 'no-namespace'; namespace: string };

/** The persisted objects of one control plane (what stands in its etcd). Everything is plain data. */
export class ObjectStore {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #identity: string;
  /** By type, then by namespace and name. */
  readonly #objects = new Map<string, Map<string, Stored>>();
  readonly #sorted = new Map<string, readonly Stored[]>();
  #version = 1;

  constructor(clock: Clock, random: Random, identity: string) {
    this.#clock = clock;
    this.#random = random;
    this.#identity = identity;
  }

  get(type: ResourceType, namespace: string | undefined, name: string): Stored | undefined {
    return this.#objects.get(typeKey(type))?.get(keyOf(type, namespace, name));
  }

  /** Grows with every write: what was worked out from the objects holds as long as it stands. */
  get version(): number {
    return this.#version;
  }

  /** By namespace and name. Without `namespace`: of all. */
  list(type: ResourceType, namespace?: string): readonly Stored[] {
    const key = typeKey(type);
    const all =
      this.#sorted.get(key) ??
      [...(this.#objects.get(key) ?? [])]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([, stored]) => stored);
    this.#sorted.set(key, all);
    return namespace === undefined ? all : all.filter((stored) => stored.object.metadata.namespace === namespace);
  }

  /** Every object of these kinds, built-in types only. */
  byKind(kind: string, namespace?: string): readonly Stored[] {
    const type = findType(BUILT_IN, kind);
    return type === undefined ? [] : this.list(type, namespace);
  }

  /** Server-side apply at a moment of the world; `dry` keeps nothing. */
  apply(
    type: ResourceType,
    given: KubeObject,
    by: { manager: string; force: boolean; dry?: boolean; at?: Ms },
  ): ApplyResult {
    const wanted = admit(given);
    const { name, namespace } = wanted.metadata;
    if (type.namespaced && namespace !== undefined && !this.hasNamespace(namespace))
      return { how: 'no-namespace', namespace };
    const at = by.at ?? this.#clock.now;
    const live = this.get(type, namespace, name);
    const applied = serverSideApply(live, wanted, {
      ...by,
      atomicLists: !BUILT_IN.some((known) => known.kind === type.kind && known.group === type.group),
    });
    if (applied.result === 'conflict') return { how: 'conflict', conflicts: applied.conflicts };
    if (applied.result === 'unchanged' && live) return { how: 'unchanged', stored: live };
    const specChanged = live === undefined || !same(withoutMeta(live.object), withoutMeta(applied.object));
    const stored: Stored = {
      object: this.#stamp(type, applied.object, live?.object, at, specChanged),
      managers: applied.managers,
      at: live?.at ?? at,
      changed: specChanged ? at : (live?.changed ?? at),
    };
    if (by.dry !== true) {
      this.#version += 1;
      this.#put(type, namespace, name, stored);
    }
    return { how: applied.result === 'created' ? 'created' : 'configured', stored };
  }

  /** A controller's own write of an object's status. */
  status(type: ResourceType, object: KubeObject, status: Json): void {
    const { name, namespace } = object.metadata;
    const stored = this.get(type, namespace, name);
    if (!stored || same(stored.object['status'], status)) return;
    this.#version += 1;
    const metadata = { ...stored.object.metadata, resourceVersion: String(this.#version) };
    this.#put(type, namespace, name, { ...stored, object: { ...stored.object, metadata, status } });
  }

  remove(type: ResourceType, namespace: string | undefined, name: string): boolean {
    this.#version += 1;
    this.#sorted.delete(typeKey(type));
    return this.#objects.get(typeKey(type))?.delete(keyOf(type, namespace, name)) ?? false;
  }

  hasNamespace(name: string): boolean {
    return this.#objects.get('/namespaces')?.has(`/${name}`) ?? false;
  }

  uid(...parts: string[]): string {
    const hex = this.#random.hex(16, 'uid', this.#identity, ...parts);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }

  save(): Json {
    return {
      version: this.#version,
      objects: [...this.#objects].map(([type, objects]) => [type, [...objects]]) as unknown as Json,
    };
  }

  load(saved: Json): void {
    const { version, objects } = saved as unknown as { version: number; objects: [string, [string, Stored][]][] };
    this.#version = version;
    for (const [type, stored] of objects) this.#objects.set(type, new Map(stored));
  }

  #put(type: ResourceType, namespace: string | undefined, name: string, stored: Stored): void {
    this.#sorted.delete(typeKey(type));
    const objects = this.#objects.get(typeKey(type)) ?? new Map<string, Stored>();
    this.#objects.set(typeKey(type), objects.set(keyOf(type, namespace, name), stored));
  }

  #stamp(
    type: ResourceType,
    object: KubeObject,
    live: KubeObject | undefined,
    at: Ms,
    specChanged: boolean,
  ): KubeObject {
    const known = live?.metadata;
    return {
      ...object,
      metadata: {
        ...object.metadata,
        uid: known?.uid ?? this.uid(type.group, type.plural, object.metadata.namespace ?? '', object.metadata.name),
        creationTimestamp: known?.creationTimestamp ?? seconds(this.#clock.wall(at)),
        generation: known ? (known.generation ?? 1) + (specChanged ? 1 : 0) : 1,
        resourceVersion: String(this.#version + 1),
      },
    };
  }
}

/** Kubernetes' own timestamps have no fraction. */
export const seconds = (wall: string): string => wall.replace(/\.\d+Z$/, 'Z');

const keyOf = (type: ResourceType, namespace: string | undefined, name: string): string =>
  `${type.namespaced ? (namespace ?? 'default') : ''}/${name}`;

const typeKey = (type: ResourceType): string => `${type.group}/${type.plural}`;

const withoutMeta = (object: KubeObject): Json => {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest as Json;
};

/** The type of an object among the types that are served now; undefined where nothing serves it. */
export function served(types: readonly ResourceType[], apiVersion: string, kind: string): ResourceType | undefined {
  return types.find(
    (type) => type.kind === kind && type.group === groupOf(apiVersion) && type.versions.includes(versionOf(apiVersion)),
  );
}
