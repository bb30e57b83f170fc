import { posix } from 'node:path';
import { documents } from '../../kubernetes/manifests/yaml.ts';
import { at, type Fields, isFields } from '../../kubernetes/object.ts';
import type { ToolCall } from '../tool.ts';
import type { World } from './gotemplate/functions.ts';
import { TemplateError } from './gotemplate/parse.ts';
import { renderTemplate, truth } from './gotemplate/render.ts';

/** A release as the state file names it, everything inherited filled in. */
export type StateRelease = {
  name: string;
  namespace: string;
  chart: string;
  version: string | undefined;
  plainHttp: boolean;
  installed: boolean;
  needs: string[];
  labels: Record<string, string>;
  values: (string | Fields)[];
  wait: boolean;
  timeout: number;
  createNamespace: boolean;
};

export type State = {
  /** As it was named on the command line. */
  file: string;
  /** Absolute folder of the file: what its paths are relative to. */
  folder: string;
  environment: string;
  environmentValues: Fields;
  repositories: Repository[];
  releases: StateRelease[];
};

/** `url` of one in an OCI registry has no scheme. */
export type Repository = { name: string; url: string; oci: boolean; plainHttp: boolean };

/** What helmfile says of a state file that it cannot use; without a newline. */
export class StateError extends Error {}

/** A state file as errors call it: as it was named, with `./` before a name alone. */
export const placeOf = (file: string): string => (file.includes('/') ? posix.normalize(file) : `./${file}`);

/** Something in a state file that the lab does not play. */
export class Unplayed extends Error {}

const PLAYED = [
  'releases',
  'helmDefaults',
  'environments',
  'repositories',
  'templates',
  'commonLabels',
  'values',
  'bases',
  'missingFileHandler',
  'helmfiles',
  'kubeVersion',
  'apiVersions',
];

/** Reads a state file, or every file of a folder, in the order of their names. */
export function readStates(
  call: ToolCall,
  file: string,
  environment: string,
  list: (folder: string) => string[],
): State[] {
  const path = call.path(file);
  const names = list(path).filter((name) => !name.includes('/') && /\.ya?ml(\.gotmpl)?$/.test(name));
  if (names.length === 0 && call.read(path) === undefined)
    throw new StateError(`specified state file ${file} is not found`);
  if (names.length === 0) return [readState(call, file, environment)];
  return names.map((name) => readState(call, posix.join(file, name), environment));
}

function readState(call: ToolCall, file: string, environment: string): State {
  const path = call.path(file);
  const folder = posix.dirname(path);
  const base = posix.basename(file);
  const world: World = {
    env: call.env,
    read: (name) => call.read(posix.isAbsolute(name) ? name : posix.join(folder, name)),
  };
  const here = `in ${placeOf(file)}: `;
  let text = new TextDecoder().decode(call.read(path));
  if (file.endsWith('.gotmpl')) {
    try {
      text = renderTemplate(
        text,
        { Environment: { Name: environment, Values: {} }, Values: {}, StateValues: {} },
        world,
      );
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new StateError(
        `${here}error during ${base}.part.0 parsing: template: stringTemplate:${error.at.line}:${error.at.column}: ${error.message}`,
      );
    }
  }
  const parsed = documents(text);
  if ('problem' in parsed)
    throw new StateError(
      `${here}failed to read ${base}: reading document at index 1. Started seeing this since Helmfile v1? Add the .gotmpl file extension: yaml: line ${parsed.problem.line}: ${parsed.problem.message}`,
    );
  const raw = parsed.values.reduce<Fields>((whole, part) => (isFields(part) ? { ...whole, ...part } : whole), {});
  const unknown = Object.keys(raw).filter((key) => !PLAYED.includes(key) && !key.startsWith('x-'));
  if (unknown.length > 0 || at(raw, 'bases') !== undefined || at(raw, 'helmfiles') !== undefined)
    throw new Unplayed(
      `${file}: ${[...unknown, ...['bases', 'helmfiles'].filter((key) => raw[key] !== undefined)].join(', ')}`,
    );
  const environmentValues = environmentOf(raw, environment, world, here);
  const list = Array.isArray(raw['releases']) ? raw['releases'] : [];
  return {
    file,
    folder,
    environment,
    environmentValues,
    repositories: repositoriesOf(raw),
    releases: list.filter(isFields).map((entry) => release(raw, entry, environmentValues, environment, world)),
  };
}

function repositoriesOf(raw: Fields): Repository[] {
  const list = Array.isArray(raw['repositories']) ? raw['repositories'] : [];
  return list.filter(isFields).map((entry) => ({
    name: String(entry['name'] ?? ''),
    url: String(entry['url'] ?? ''),
    oci: entry['oci'] === true,
    plainHttp: entry['plainHttp'] === true,
  }));
}

function environmentOf(raw: Fields, name: string, world: World, here: string): Fields {
  const environment = at(raw, 'environments', name);
  if (name !== 'default' && environment === undefined)
    throw new StateError(`${here}environment "${name}" is not defined`);
  const entries = at(environment, 'values');
  return (Array.isArray(entries) ? entries : []).reduce<Fields>((whole, entry) => {
    if (isFields(entry)) return mergeValues(whole, entry);
    const bytes = world.read(String(entry));
    const parsed = documents(new TextDecoder().decode(bytes ?? new Uint8Array()));
    return 'values' in parsed && isFields(parsed.values[0]) ? mergeValues(whole, parsed.values[0]) : whole;
  }, {});
}

function release(
  raw: Fields,
  entry: Fields,
  environmentValues: Fields,
  environment: string,
  world: World,
): StateRelease {
  const inherited = [at(entry, 'inherit')].flat().flatMap((each) => {
    const template = at(each, 'template');
    return typeof template === 'string' ? [at(raw, 'templates', template)] : [];
  });
  const whole = [...inherited, entry].filter(isFields).reduce<Fields>((sum, part) => ({ ...sum, ...part }), {});
  const defaults = isFields(raw['helmDefaults']) ? raw['helmDefaults'] : {};
  const name = String(whole['name'] ?? '');
  const namespace = String(whole['namespace'] ?? '');
  const data = {
    Release: { Name: name, Namespace: namespace, Labels: whole['labels'] ?? {} },
    Environment: { Name: environment, Values: environmentValues },
    Values: environmentValues,
  };
  const text = (value: unknown): string =>
    String(value).includes('{{') ? renderTemplate(String(value), data, world) : String(value);
  const told = (key: string): unknown => whole[key] ?? defaults[key];
  const labels = {
    ...(isFields(raw['commonLabels']) ? raw['commonLabels'] : {}),
    ...(isFields(whole['labels']) ? whole['labels'] : {}),
  };
  const condition = whole['condition'];
  const enabled =
    typeof condition !== 'string' ||
    truth(
      condition
        .split('.')
        .reduce((current: unknown, key) => (isFields(current) ? current[key] : undefined), environmentValues),
    );
  const values = Array.isArray(whole['values']) ? whole['values'] : [];
  return {
    name,
    namespace,
    chart: text(whole['chart'] ?? ''),
    version: whole['version'] === undefined ? undefined : text(whole['version']),
    plainHttp: whole['plainHttp'] === true,
    installed: whole['installed'] !== false && String(whole['installed']) !== 'false' && enabled,
    needs: (Array.isArray(whole['needs']) ? whole['needs'] : []).map(String),
    labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)])),
    values: values.map((value) => (isFields(value) ? value : text(value))),
    wait: told('wait') === true,
    timeout: Number(told('timeout') ?? 300) * 1000,
    createNamespace: told('createNamespace') !== false,
  };
}

/** A release's values, its files read and rendered. Throws `StateError` where one is not there. */
export function valuesOf(call: ToolCall, state: State, release: StateRelease): { values: Fields; unknown: string[] } {
  const world: World = {
    env: call.env,
    read: (name) => call.read(posix.isAbsolute(name) ? name : posix.join(state.folder, name)),
  };
  const unknown: string[] = [];
  let values: Fields = {};
  for (const entry of release.values) {
    if (isFields(entry)) {
      values = mergeValues(values, entry);
      continue;
    }
    const bytes = world.read(entry);
    const here = `in ${placeOf(state.file)}: `;
    if (bytes === undefined)
      throw new StateError(
        `${here}failed processing release ${release.name}: values file matching "${entry}" does not exist in "."`,
      );
    let text = new TextDecoder().decode(bytes);
    if (entry.endsWith('.gotmpl')) {
      const data = {
        Release: { Name: release.name, Namespace: release.namespace, Chart: release.chart, Labels: release.labels },
        Environment: { Name: state.environment, Values: state.environmentValues },
        Values: state.environmentValues,
        StateValues: state.environmentValues,
      };
      try {
        text = renderTemplate(text, data, world);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        if (/^(?:not played|function "|unexpected)/.test(error.message)) {
          unknown.push(`${entry}: ${error.message}`);
          continue;
        }
        throw new StateError(
          `${here}failed processing release ${release.name}: failed to render values files "${entry}": failed to render [${entry}], because of template: stringTemplate:${error.at.line}:${error.at.column}: ${error.message}`,
        );
      }
    }
    const parsed = documents(text);
    if ('problem' in parsed)
      throw new StateError(
        `${here}failed processing release ${release.name}: failed to parse ${entry}: yaml: line ${parsed.problem.line}: ${parsed.problem.message}`,
      );
    if (isFields(parsed.values[0])) values = mergeValues(values, parsed.values[0]);
  }
  return { values, unknown };
}

/** Maps are merged, anything else replaced, as Helm does. */
function mergeValues(base: Fields, over: Fields): Fields {
  const out = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const known = out[key];
    out[key] = isFields(known) && isFields(value) ? mergeValues(known, value) : value;
  }
  return out;
}
