import { Buffer } from 'node:buffer';
import type { KubeObject, Metadata } from './object.ts';
import { type Fields, isFields } from './object.ts';

/** What the API server makes of an object before it is stored, so that applying the same text twice changes nothing. */
export function admit(object: KubeObject): KubeObject {
  const { status: _status, ...given } = object;
  const admitted = withoutNulls(given) as KubeObject;
  if (admitted.kind === 'Secret' && admitted.apiVersion === 'v1') return secret(admitted);
  if (admitted.kind === 'Namespace' && admitted.apiVersion === 'v1') return namespace(admitted);
  return admitted;
}

/** `stringData` is write-only: it ends up, base64, in `data`. */
function secret(object: KubeObject): KubeObject {
  const { stringData, data, ...rest } = object;
  const encoded = isFields(stringData)
    ? Object.fromEntries(
        Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]),
      )
    : {};
  const merged = { ...(isFields(data) ? data : {}), ...encoded };
  return {
    type: 'Opaque',
    ...rest,
    ...(Object.keys(merged).length > 0 ? { data: merged } : {}),
  } as unknown as KubeObject;
}

function namespace(object: KubeObject): KubeObject {
  const metadata: Metadata = {
    ...object.metadata,
    labels: { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name },
  };
  return {
    ...object,
    metadata,
    spec: { finalizers: ['kubernetes'], ...(isFields(object['spec']) ? object['spec'] : {}) },
  };
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isFields(value)) return value;
  const kept: Fields = {};
  for (const [key, below] of Object.entries(value))
    if (below !== null && below !== undefined) kept[key] = withoutNulls(below) as Fields;
  return kept;
}
