import { dig, isObject, list, parseJson, str, type JsonObject } from '../json.ts';

/** A Kubernetes object as `kubectl get -o json` prints it. */
export type KubeObject = JsonObject & { kind: string; metadata: JsonObject & { name: string } };

/**
 * The objects of a `kubectl get … -o json`: of a list, of a single object, and none of an empty answer
 * (which is what `--ignore-not-found` leaves). Undefined where the text is no such answer.
 */
export function parseObjects(text: string): KubeObject[] | undefined {
  if (text.trim() === '') return [];
  const value = parseJson(text);
  if (!isObject(value)) return undefined;
  const items = Array.isArray(value['items']) ? value['items'] : [value];
  return items.every(isKubeObject) ? items : undefined;
}

function isKubeObject(value: unknown): value is KubeObject {
  return typeof str(value, 'kind') === 'string' && typeof str(value, 'metadata', 'name') === 'string';
}

export const nameOf = (object: KubeObject): string => object.metadata.name;
export const namespaceOf = (object: KubeObject): string => str(object, 'metadata', 'namespace') ?? '';
/** `namespace/name`, or the bare name of an object that is in none. */
export const fullName = (object: KubeObject): string =>
  namespaceOf(object) === '' ? nameOf(object) : `${namespaceOf(object)}/${nameOf(object)}`;
export const label = (object: KubeObject, key: string): string | undefined => str(object, 'metadata', 'labels', key);
export const annotation = (object: KubeObject, key: string): string | undefined =>
  str(object, 'metadata', 'annotations', key);

/** One entry of `status.conditions`. */
export type Condition = {
  type: string;
  status: string;
  reason: string;
  message: string;
  observedGeneration: number | undefined;
};

export function conditions(object: unknown): Condition[] {
  return list(object, 'status', 'conditions').flatMap((c) => {
    const type = str(c, 'type');
    const observed = dig(c, 'observedGeneration');
    return type === undefined
      ? []
      : [
          {
            type,
            status: str(c, 'status') ?? 'Unknown',
            reason: str(c, 'reason') ?? '',
            message: str(c, 'message') ?? '',
            observedGeneration: typeof observed === 'number' ? observed : undefined,
          },
        ];
  });
}

export function condition(object: unknown, type: string): Condition | undefined {
  return conditions(object).find((c) => c.type === type);
}

/** Who of Flux applies this object: a HelmRelease or a Kustomization, as `kind namespace/name`; undefined where Flux does not. */
export function fluxOwner(object: KubeObject): string | undefined {
  for (const [kind, prefix] of [
    ['HelmRelease', 'helm.toolkit.fluxcd.io'],
    ['Kustomization', 'kustomize.toolkit.fluxcd.io'],
  ] as const) {
    const name = label(object, `${prefix}/name`);
    if (name !== undefined) return `${kind} ${label(object, `${prefix}/namespace`) ?? '?'}/${name}`;
  }
  return undefined;
}
