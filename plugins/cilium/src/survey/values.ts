import type { Finding } from '@coldstart/contract';
import { dig, isObject, readYaml, str } from '@coldstart/tools';

/** Cilium's values as they stand in one file. */
export type Values = { values: Record<string, unknown>; kind: 'HelmRelease' | 'values' };

/**
 * The values in a file: `spec.values` of the HelmRelease of this name, or a plain values file. In a template (gotmpl) only
 * what is plain YAML; a file that is no YAML because of its templates has none.
 */
export function readValues(
  file: string,
  bytes: Uint8Array,
  release: string,
): { found: Values | undefined; problems: Finding[]; templated: boolean } {
  const { documents, problems } = readYaml(file, bytes);
  const templated = new TextDecoder().decode(bytes).includes('{{');
  if (problems.length > 0) return { found: undefined, problems: templated ? [] : problems, templated };
  for (const { value } of documents) {
    if (str(value, 'kind') === 'HelmRelease') {
      const name = str(value, 'spec', 'releaseName') ?? str(value, 'metadata', 'name');
      const values = dig(value, 'spec', 'values');
      if (name === release && isObject(values))
        return { found: { values, kind: 'HelmRelease' }, problems: [], templated };
    } else if (isObject(value) && value['kind'] === undefined && Object.keys(value).length > 0)
      return { found: { values: value, kind: 'values' }, problems: [], templated };
  }
  return { found: undefined, problems: [], templated };
}

/** The values of a ConfigMap, by key: what Flux substitutes. */
export function readVars(file: string, bytes: Uint8Array): Record<string, string> | undefined {
  for (const { value } of readYaml(file, bytes).documents) {
    const data = dig(value, 'data');
    if (str(value, 'kind') === 'ConfigMap' && isObject(data))
      return Object.fromEntries(Object.entries(data).map(([key, v]) => [key, String(v)]));
  }
  return undefined;
}

/** `${NAME}`, `${NAME:=default}` and `${NAME:-default}` as Flux fills them in; undefined where a name has no value. */
export function substitute(text: string, vars: Readonly<Record<string, string>>): string | undefined {
  let complete = true;
  const filled = text.replaceAll(
    /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::[=-]([^}]*))?\}/g,
    (_, name: string, fallback: string | undefined) => {
      const value = Object.hasOwn(vars, name) ? vars[name] : fallback;
      if (value === undefined) complete = false;
      return value ?? '';
    },
  );
  return complete ? filled : undefined;
}
