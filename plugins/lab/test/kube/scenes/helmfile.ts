import { expect } from 'vitest';
import { type Scene, charts, helmfiles, installed, TIMES } from './scene.ts';

const pulls = {
  'pull.yaml': `releases:
  - {name: there, namespace: d, chart: oci://127.0.0.2:5055/charts/chart, version: 0.1.0, plainHttp: true}
  - {name: missing, namespace: d, chart: oci://127.0.0.2:5055/charts/chart, version: 9.9.9, plainHttp: true}
`,
};

const repositories = {
  'classic.yaml': `repositories:
  - {name: classic, url: http://127.0.0.1:5056}
releases:
  - {name: there, namespace: d, chart: classic/chart, version: 0.1.0}
  - {name: missing, namespace: d, chart: classic/chart, version: 9.9.9}
`,
};

/** Charts print notes, titles are centred over their table, and durations are the machine's. */
const HELMFILE_SAYS: [RegExp, string][] = [
  ...TIMES,
  [/^(?:TEST SUITE: None\n)?NOTES:\n[\s\S]*?(?=^Listing releases)/gm, ''],
  [/=+ (Updated|Failed) Releases =+/g, '= $1 Releases ='],
  [/ +\d+s$/gm, ' DURATION'],
  [/[ \t]+$/gm, ''],
  [/[ ]{3,}/g, '   '],
  [/\t\d+ +\t/g, '\tREVISION\t'],
  [/^REVISION: \d+$/gm, 'REVISION: N'],
  // Both charts are got ready at once: which line comes first is chance.
  [/^(Building dependency release=\w+, chart=\S+\n)+/gm, 'Building\n'],
  [/\t(?:cilium|coredns)-[\d.]+\t[\d.]+/g, '\tCHART'],
  [/(\.\/coredns|install\/kubernetes\/cilium)   [\d.]+ /g, '$1   VERSION '],
];

function circular(): string {
  return 'releases:\n  - {name: a, namespace: d, chart: ./coredns, needs: [d/b]}\n  - {name: b, namespace: d, chart: ./coredns, needs: [d/a]}\n';
}

/** Recordings of helmfile. */
export const ofHelmfile: Record<string, Scene> = {
  'helmfile/bad-yaml': {
    files: { 'badyaml.yaml': 'releases:\n  - a\n b: [\n' },
    same: [[/yaml: line.*$/m, 'yaml: …']],
  },
  'helmfile/list-json': { files: helmfiles },
  'helmfile/missing-file': {},
  'helmfile/missing-values': {
    files: {
      ...charts,
      'missing-values.yaml': 'releases:\n  - {name: a, namespace: d, chart: ./coredns, values: [nothere.yaml]}\n',
    },
  },
  'helmfile/needs-circular': { files: { ...charts, 'needs-circular.yaml': circular() }, same: HELMFILE_SAYS },
  'helmfile/needs-circular-template': { files: { ...charts, 'needs-circular.yaml': circular() }, same: HELMFILE_SAYS },
  'helmfile/needs-missing': {
    files: {
      ...charts,
      'needs-missing.yaml': 'releases:\n  - {name: a, namespace: d, chart: ./coredns, needs: [nothere]}\n',
    },
  },
  'helmfile/no-such-context': {
    files: helmfiles,
    same: [
      ...HELMFILE_SAYS,
      [/\/tmp\/\S+ \(\d+ bytes\)/g, 'TMP'],
      [/(install\/kubernetes\/cilium) \(\d+ bytes\)/g, '$1'],
    ],
  },
  'helmfile/pull': {
    files: pulls,
    same: [[/^Digest: sha256:[0-9a-f]{64}$/gm, 'Digest: SHA-256']],
    // What the chart renders is the chart's own.
    judge: (told) => expect(told.stdout).toContain('name: there'),
  },
  'helmfile/pull-cached': {
    files: pulls,
    given: (world) => world.run('helmfile', ['-f', 'pull.yaml', '-l', 'name=there', 'template']),
    judge: (told) => expect(told.stdout).toContain('name: there'),
  },
  'helmfile/pull-missing': { files: pulls, faults: { 'chart-missing': 1 } },
  'helmfile/repository': { files: repositories, judge: (told) => expect(told.stdout).toContain('name: there') },
  'helmfile/repository-missing': { files: repositories, faults: { 'chart-missing': 1 } },
  'helmfile/required-env': {
    files: { 'envvar.yaml.gotmpl': `releases:\n${' '.repeat(69)}{{ requiredEnv "CLUSTER_ID" }}\n` },
  },
  'helmfile/selector': { files: helmfiles, given: installed, same: HELMFILE_SAYS },
  'helmfile/sync-noop': { files: helmfiles, given: installed, same: HELMFILE_SAYS },
  'helmfile/unknown-selector': { files: helmfiles },
  'helmfile/version': {},
};
