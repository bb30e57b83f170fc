import { posix } from 'node:path';
import type { Files, Finding } from '@coldstart/contract';
import { dig, isObject, list, num, readYaml, str, type Place, type YamlDocument } from '@coldstart/tools';
import { Repositories } from './repositories.ts';
import { idOf, isFolder, type Release } from './types.ts';

/** A release as it stands in the file, with its own words for `needs` and where things stand. */
export type Written = Release & { place: (key: string, index?: number) => Place; written: string[] };

/** helm's default, where no helmfile tells another. */
const TIMEOUT = 300;
const RELEASE = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const VERSION = /^[0-9A-Za-z~^<>=*|., +_-][0-9A-Za-z~^<>=*|., +_-]*$/;
const NOT_READ = ['inherit'];

/**
 * Reads a helmfile as plain YAML. Go templates at the level of releases are not evaluated: the repository is input, not
 * code, so each is a problem that says where it stands.
 */
export async function parseHelmfile(
  files: Files,
  file: string,
  bytes: Uint8Array,
): Promise<{ releases: Written[]; problems: Finding[]; assumed: string[]; read: string[] }> {
  const { documents, problems } = readYaml(file, bytes);
  if (problems.length > 0) {
    const template = templateLine(new TextDecoder().decode(bytes));
    return { releases: [], problems: template ? [notRead(file, template)] : problems, assumed: [], read: [] };
  }
  const reader = new HelmfileReader(files, file, documents);
  await reader.run();
  return { releases: reader.releases, problems: reader.problems, assumed: reader.assumed, read: reader.read };
}

const notRead = (file: string, place: Place): Finding => ({
  file,
  ...place,
  found: 'a Go template ({{ … }})',
  expected:
    'plain YAML at the level of releases: templated helmfiles are not evaluated yet (values files may be templates)',
});

function templateLine(text: string): Place | undefined {
  for (const [index, line] of text.split('\n').entries()) {
    const column = line.indexOf('{{');
    if (column >= 0 && !line.trimStart().startsWith('#')) return { line: index + 1, column: column + 1 };
  }
  return undefined;
}

class HelmfileReader {
  readonly releases: Written[] = [];
  readonly problems: Finding[] = [];
  readonly assumed: string[] = [];
  readonly read: string[] = [];
  readonly #files: Files;
  readonly #file: string;
  readonly #documents: YamlDocument[];
  readonly #repositories = new Repositories();
  #timeout = TIMEOUT;
  #environment: unknown;

  constructor(files: Files, file: string, documents: YamlDocument[]) {
    this.#files = files;
    this.#file = file;
    this.#documents = documents;
  }

  async run(): Promise<void> {
    for (const document of this.#documents) {
      if (!isObject(document.value)) {
        this.#problem(document.place([]), 'no map', 'a helmfile: a map with `releases`');
        continue;
      }
      for (const key of ['helmfiles', 'bases'] as const)
        if (list(document.value, key).length > 0)
          this.#problem(
            document.place([key]),
            `\`${key}\``,
            `all releases in this file: \`${key}\` is not followed yet`,
          );
      this.#repositories.add(document.value);
      this.#timeout = num(document.value, 'helmDefaults', 'timeout') ?? this.#timeout;
      this.#environment = dig(document.value, 'environments', 'default', 'values') ?? this.#environment;
      const releases = dig(document.value, 'releases');
      if (releases !== undefined && releases !== null && !Array.isArray(releases))
        this.#problem(document.place(['releases']), '`releases` that is no list', 'a list');
      for (const [index, release] of list(document.value, 'releases').entries())
        await this.#release(document, index, release);
    }
    const first = this.#documents[0];
    if (first && this.releases.length === 0 && this.problems.length === 0)
      this.#problem(first.place([]), 'no releases', 'a list of `releases`');
  }

  async #release(document: YamlDocument, index: number, value: unknown): Promise<void> {
    const place = (key: string, at?: number): Place =>
      document.place(['releases', index, ...(key === '' ? [] : [key]), ...(at === undefined ? [] : [at])]);
    if (!isObject(value))
      return this.#problem(place(''), 'a release that is no map', 'a map with name, namespace and chart');
    for (const key of ['name', 'namespace', 'chart', 'version', 'installed', 'condition', 'needs'])
      if (JSON.stringify(value[key] ?? null).includes('{{'))
        return void this.problems.push(notRead(this.#file, place(key)));
    for (const key of NOT_READ)
      if (value[key] !== undefined)
        this.#problem(place(key), `\`${key}\``, `all of the release here: \`${key}\` is not followed yet`);

    const name = this.#text(
      value,
      'name',
      RELEASE,
      place,
      "helm's grammar for release names: lower-case letters, digits and dashes, at most 53",
      53,
    );
    const namespace = this.#text(
      value,
      'namespace',
      NAMESPACE,
      place,
      'a namespace: lower-case letters, digits and dashes, at most 63',
      63,
    );
    const chart = this.#text(
      value,
      'chart',
      /^[^-\s]\S*$/,
      place,
      'a chart: oci://…, repository/chart or ./folder',
      500,
    );
    if (name === undefined || namespace === undefined || chart === undefined) return;
    const version = value['version'] ?? null;
    if (version !== null && (typeof version !== 'string' || !VERSION.test(version) || version.startsWith('-')))
      this.#problem(
        place('version'),
        `the version ${JSON.stringify(version)}`,
        'a chart version, quoted where YAML would read a number',
      );
    const written = list(value, 'needs').flatMap((need, at) => {
      if (typeof need === 'string' && need !== '') return [need];
      this.#problem(place('needs', at), JSON.stringify(need), 'the name of a release');
      return [];
    });
    const label = `${namespace}/${name}`;
    for (const key of ['hooks', 'jsonPatches', 'transformers', 'postRenderer'])
      if (value[key] !== undefined)
        this.assumed.push(
          `${this.#file}: release ${label} has \`${key}\`, which helmfile carries out and a rehearsal does not`,
        );
    const release: Written = {
      name,
      namespace,
      chart,
      version: typeof version === 'string' ? version : null,
      ask: this.#ask(document, chart, version, value, label),
      installed: this.#installed(value, place, label),
      needs: [],
      written,
      values: await this.#values(value, place, { name, namespace }),
      timeout: num(value, 'timeout') ?? this.#timeout,
      place,
    };
    if (isFolder(chart)) await this.#exists(this.#resolve(chart), place('chart'), `the chart ${chart}`, true);
    const twin = this.releases.find((r) => idOf(r) === idOf(release));
    if (twin)
      this.#problem(
        place('name'),
        `${idOf(release)} a second time (first in line ${twin.place('name').line})`,
        'each release once',
      );
    else this.releases.push(release);
  }

  #ask(document: YamlDocument, chart: string, version: unknown, value: unknown, label: string): string[] | null {
    const known = typeof version === 'string' ? version : null;
    const ask = this.#repositories.ask(chart, known, value, dig(document.value, 'helmDefaults'));
    if (ask === null && !isFolder(chart))
      this.assumed.push(
        `${this.#file}: the chart ${chart} of ${label} is for helmfile to fetch, and is not asked for before anything is changed`,
      );
    return ask;
  }

  #text(
    value: object,
    key: string,
    grammar: RegExp,
    place: Written['place'],
    expected: string,
    max: number,
  ): string | undefined {
    const text = str(value, key);
    if (text !== undefined && text.length <= max && grammar.test(text)) return text;
    const found = dig(value, key);
    this.#problem(place(key), found === undefined ? `no ${key}` : `the ${key} ${JSON.stringify(found)}`, expected);
    return undefined;
  }

  #installed(value: object, place: Written['place'], label: string): boolean {
    const installed = dig(value, 'installed');
    if (installed !== undefined && typeof installed !== 'boolean')
      this.#problem(place('installed'), JSON.stringify(installed), 'true or false');
    const condition = str(value, 'condition');
    if (condition === undefined) return installed !== false;
    const enabled = this.#enabled(condition);
    if (enabled === undefined)
      this.assumed.push(
        `${this.#file}: release ${label} depends on the condition ${condition}, which no plain values of the default environment tell: taken for not installed`,
      );
    return installed !== false && enabled === true;
  }

  /** A condition is a dotted path into the default environment's values, where these stand in the helmfile itself. */
  #enabled(condition: string): boolean | undefined {
    for (const values of [...(Array.isArray(this.#environment) ? this.#environment : [])].reverse()) {
      const found = dig(values, ...condition.split('.'));
      if (typeof found === 'boolean') return found;
    }
    return undefined;
  }

  /** Values files; maps written in place are the helmfile's own. `{{ .Release.Name }}` in a path is filled in, as many use it. */
  async #values(
    value: object,
    place: Written['place'],
    release: { name: string; namespace: string },
  ): Promise<string[]> {
    const paths: string[] = [];
    for (const key of ['values', 'secrets'] as const)
      for (const [index, entry] of list(value, key).entries()) {
        if (typeof entry !== 'string') continue;
        const filled = entry
          .replaceAll(/\{\{-?\s*\.Release\.Name\s*-?\}\}/g, release.name)
          .replaceAll(/\{\{-?\s*\.Release\.Namespace\s*-?\}\}/g, release.namespace);
        if (filled.includes('{{')) {
          this.assumed.push(
            `${this.#file}: the values file ${entry} of ${release.namespace}/${release.name} has a template in its name, and was not looked for`,
          );
          continue;
        }
        if (/^[a-z][a-z0-9+]*:/.test(filled)) {
          this.assumed.push(
            `${this.#file}: the values ${filled} of ${release.namespace}/${release.name} are not in the repository, and were not looked for`,
          );
          continue;
        }
        const path = this.#resolve(filled);
        paths.push(path);
        if (!/[*?[]/.test(filled)) await this.#exists(path, place(key, index), filled, false);
      }
    return paths;
  }

  #resolve(path: string): string {
    return posix.normalize(posix.join(posix.dirname(this.#file), path));
  }

  async #exists(path: string, place: Place, as: string, folder: boolean): Promise<void> {
    if (path.startsWith('../')) return this.#problem(place, as, 'a file inside the repository');
    const there = await this.#files.stat(path);
    if (!there)
      return this.#problem(
        place,
        `${as}, which is not there (${path})`,
        folder ? 'a chart folder that is there' : 'a file that is there',
      );
    if (!folder && there.kind === 'file') this.read.push(path);
  }

  #problem(place: Place, found: string, expected: string): void {
    this.problems.push({ file: this.#file, ...place, found, expected });
  }
}
