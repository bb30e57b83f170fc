import { cp, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parse, stringify } from 'yaml';

import { cacheFolder, digestOf, fillAtomically, sweep } from './toolchain/cache.ts';
import { copyWritable, moduleFolder } from './toolchain/go.ts';

/** A row of charts/mapping.yaml, where each field is explained. */
export type Row = {
  reference: string;
  version: string;
  module?: string;
  sum?: string;
  chart?: string;
  chartYaml?: string;
  folder?: string;
  crds?: string;
  crdsWhen?: string;
};

/** A chart that stands in a folder of its name, with the version that references to it carry. */
export type Chart = { folder: string; version: string };

const self = fileURLToPath(import.meta.url);
const beside = fileURLToPath(new URL('charts/', import.meta.url));

export const readMapping = async (): Promise<Row[]> => {
  const { charts } = parse(await readFile(join(beside, 'mapping.yaml'), 'utf8')) as { charts: Row[] };
  return charts;
};

const filesUnder = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
};

/** Everything that the assembled chart depends on; a module's content is its sum. */
const digest = async (row: Row): Promise<string> => {
  const own = row.folder === undefined ? [] : await filesUnder(join(beside, row.folder));
  const parts = await Promise.all([self, ...own].map((file) => readFile(file)));
  return digestOf([JSON.stringify(row), ...own.map((file) => basename(file)), ...parts]);
};

const nameOf = (row: Row): string => row.reference.split('/').at(-1) ?? '';

/**
 * Chart.yaml with the row's version. Dependencies are left out: a module brings no packed charts, Helm refuses a
 * chart whose dependency is not there, and those of the charts here are optional and off.
 */
const stampChartYaml = async (folder: string, row: Row): Promise<void> => {
  const source = join(folder, row.chartYaml ?? 'Chart.yaml');
  const chart = parse(await readFile(source, 'utf8')) as Record<string, unknown>;
  delete chart['dependencies'];
  await rm(source);
  await rm(join(folder, 'Chart.lock'), { force: true });
  await writeFile(join(folder, 'Chart.yaml'), stringify({ ...chart, name: nameOf(row), version: row.version }));
};

/** Definitions as files of the chart, and one template that prints them: their text may hold braces. */
const addDefinitions = async (folder: string, source: string, when?: string): Promise<void> => {
  const files = (await stat(source)).isFile() ? [source] : await filesUnder(source);
  for (const file of files.filter((path) => path.endsWith('.yaml') && basename(path) !== 'kustomization.yaml')) {
    await cp(file, join(folder, 'definitions', basename(file)));
  }
  const print =
    '{{- range $path, $_ := .Files.Glob "definitions/*.yaml" }}\n---\n{{ $.Files.Get $path }}\n{{- end }}\n';
  await mkdir(join(folder, 'templates'), { recursive: true });
  await writeFile(
    join(folder, 'templates/definitions-of-module.yaml'),
    when ? `{{- if ${when} }}\n${print}{{- end }}\n` : print,
  );
};

const assemble = async (row: Row, into: string): Promise<void> => {
  const module = row.module === undefined ? undefined : (await moduleFolder(row.module, row.sum)).dir;
  const source = row.folder === undefined ? join(module ?? '', row.chart ?? '') : join(beside, row.folder);
  await copyWritable(source, into);
  await stampChartYaml(into, row);
  if (row.crds !== undefined) await addDefinitions(into, join(module ?? '', row.crds), row.crdsWhen);
};

/** The charts of charts/mapping.yaml by reference, each assembled in the cache where it is not there yet. */
export const chartFolders = async (): Promise<Map<string, Chart>> => {
  const charts = new Map<string, Chart>();
  for (const row of await readMapping()) {
    const shelf = join(cacheFolder(), 'charts', nameOf(row));
    const place = join(shelf, (await digest(row)).slice(0, 16));
    await sweep(shelf);
    const stands = await stat(place).then(
      () => true,
      () => false,
    );
    if (!stands) await fillAtomically(place, (temporary) => assemble(row, join(temporary, nameOf(row))));
    charts.set(row.reference, { folder: join(place, nameOf(row)), version: row.version });
  }
  return charts;
};
