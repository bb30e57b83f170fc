import type { ConfigSection, Json } from '@coldstart/contract';

export type Origin = { flags: Readonly<Record<string, Json>>; env: (name: string) => string | undefined };

const ENV_NAME = /^[A-Z][A-Z0-9_]*$/;

/**
 * Lays environment variables, then flags, over a section, as its `flags` names them: a name in capitals is an environment
 * variable; any other is a flag, which `COLDSTART_<NAME>` in the environment sets too, unless it is a consent.
 */
export function override(section: ConfigSection, value: unknown, origin: Origin): unknown {
  let result = value;
  const entries = Object.entries(section.flags ?? {});
  for (const [name, path] of entries) {
    if (section.consents?.includes(name)) continue;
    const text = origin.env(ENV_NAME.test(name) ? name : envOf(name));
    if (text !== undefined && text !== '') result = setAt(result, path.split('.'), scalar(text));
  }
  for (const [name, path] of entries) {
    const flag = ENV_NAME.test(name) ? undefined : origin.flags[name];
    if (flag !== undefined) result = setAt(result, path.split('.'), flag);
  }
  return result;
}

/** `parallel` → `COLDSTART_PARALLEL`. */
export function envOf(flag: string): string {
  return `COLDSTART_${flag.replaceAll('-', '_').toUpperCase()}`;
}

/** Lays one tree over another; lists and scalars replace, mappings merge. */
export function mergeOver(below: unknown, above: unknown): unknown {
  if (above === undefined) return below;
  if (!isRecord(below) || !isRecord(above)) return above;
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) merged[key] = mergeOver(merged[key], value);
  return merged;
}

/** A copy of a tree with one value set, mappings made where they are missing. */
export function setAt(value: unknown, path: readonly string[], to: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return to;
  const here = isRecord(value) ? value : {};
  return { ...here, [first]: setAt(here[first], rest, to) };
}

function scalar(text: string): Json {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
