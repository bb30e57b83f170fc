import type { Files } from '@coldstart/contract';
import { loadYaml, textAt } from './yaml-file.ts';

/** Folders below the root that hold Talos configuration in the repositories that operators have. */
const ROOTS = [
  'clusters',
  'cluster',
  'talos',
  'kubernetes',
  'k8s',
  'kube',
  'setup',
  'infrastructure',
  'infra',
  'bootstrap',
  'machines',
];
/** Copies, examples and templates: never the operator's own cluster. */
const DECOYS = [
  /(?:^|\/)(?:\.archive|archive|coldstorage|docs|testdata|\.github|node_modules|\.git)\//,
  /(?:^|\/)templates?\/(?:.*\/)?config\//,
  /(?:^|\/)bootstrap\/templates\//,
  /\.backup(?:\/|$)/,
];

/** A cluster that talhelper's file describes. */
export type Place = {
  /** Its `clusterName`. */
  name: string;
  /** Folder of its talconfig.yaml, relative to the root. */
  folder: string;
  talconfig: string;
};

/** Every cluster that a `talconfig.yaml` of the repository describes, by path. */
export async function findPlaces(files: Files): Promise<Place[]> {
  const places: Place[] = [];
  for (const root of ROOTS)
    for (const below of await files.list(root)) {
      const path = `${root}/${below}`;
      if (!/(?:^|\/)talconfig\.ya?ml$/.test(path) || DECOYS.some((decoy) => decoy.test(path))) continue;
      places.push(await placeAt(files, path));
    }
  return places.sort((a, b) => (a.talconfig < b.talconfig ? -1 : 1));
}

/** The place in a folder that the operator named; undefined where it has no talconfig.yaml. */
export async function placeIn(files: Files, folder: string): Promise<Place | undefined> {
  const clean = folder.replace(/\/+$/, '');
  for (const name of ['talconfig.yaml', 'talconfig.yml'])
    if ((await files.stat(`${clean}/${name}`))?.kind === 'file') return placeAt(files, `${clean}/${name}`);
  return undefined;
}

async function placeAt(files: Files, talconfig: string): Promise<Place> {
  const folder = talconfig.slice(0, talconfig.lastIndexOf('/'));
  const loaded = await loadYaml(files, talconfig);
  const told = 'file' in loaded ? textAt(loaded.file.documents[0], 'clusterName') : null;
  return {
    name:
      told ??
      folder
        .split('/')
        .filter((part) => part !== 'talos')
        .at(-1) ??
      folder,
    folder,
    talconfig,
  };
}

/** The places of a cluster: by its name, else by the folder's (`clusters/main/talos` for `main`). */
export function placesOf(places: readonly Place[], cluster: string): Place[] {
  const named = places.filter((place) => place.name === cluster);
  return named.length > 0 ? named : places.filter((place) => place.folder.split('/').includes(cluster));
}
