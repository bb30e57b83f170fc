import { dirname, isAbsolute, relative } from 'node:path/posix';
import type { Failure, Judgement, Tool } from '@coldstart/contract';
import {
  HELM_RULES,
  hasFlag,
  helmArgv,
  judge,
  plain,
  words,
  type FailureRule,
  type KubeAccess,
} from '@coldstart/tools';

const VALUED = new Set([
  '--file',
  '-f',
  '--kubeconfig',
  '--kube-context',
  '--selector',
  '-l',
  '--environment',
  '-e',
  '--kube-version',
  '--log-level',
  '--namespace',
  '-n',
  '--helm-binary',
  '-b',
  '--output',
  '--args',
]);
const READS = new Set(['template', 'list', 'lint', 'build', 'version', 'show-dag', 'status']);

/** https://helmfile.readthedocs.io/ */
export const helmfile: Tool = {
  name: 'helmfile',
  version: { argv: ['--version'], parse: parseHelmfileVersion },
  known: { from: '1.0.0', below: '2.0.0' },
  reads: (argv) => {
    const command = words(argv, VALUED)[0];
    if (command === undefined) return argv.includes('--version');
    return READS.has(command) && !hasFlag(argv, '--output-dir', '--validate');
  },
  env: [
    'KUBECONFIG',
    'HELM_CACHE_HOME',
    'HELM_CONFIG_HOME',
    'HELM_DATA_HOME',
    'HELM_PLUGINS',
    'HELM_REGISTRY_CONFIG',
    'HELMFILE_CACHE_HOME',
    'HELMFILE_ENVIRONMENT',
    'SOPS_AGE_KEY_FILE',
    'HTTPS_PROXY',
    'NO_PROXY',
  ],
};

export function parseHelmfileVersion(stdout: string): string | null {
  return stdout.match(/helmfile version v?(\d+\.\d+\.\d+)/)?.[1] ?? null;
}

/** How helmfile is ended: helm marks what it was doing as failed when it is asked to stop, and needs time for that. */
export const STOP = { signal: 'SIGTERM', grace: 60_000, kill: true } as const;

/**
 * The one release that a selector names, in one file: `-l name=…,namespace=…`. helmfile calls helm in that file's folder
 * (helmfile 1.8), so a kubeconfig inside the repository is named from there.
 */
export function helmfileArgv(
  access: KubeAccess,
  file: string,
  release: { name: string; namespace: string } | null,
  ...rest: string[]
): string[] {
  const selector = release ? ['--selector', `name=${release.name},namespace=${release.namespace}`] : [];
  const path = isAbsolute(access.path) ? access.path : relative(dirname(file), access.path);
  return ['--file', file, ...helmArgv({ ...access, path }, ...selector, ...rest)];
}

const RULES: readonly FailureRule[] = [
  {
    pattern: /cycle detected/,
    kind: 'fatal',
    cause: '`needs` in the helmfile form a circle',
    remedy: 'Take one of the `needs` away; the message names the releases of the circle.',
  },
  {
    pattern: /depend\(s\) on an undefined release/,
    kind: 'fatal',
    cause: '`needs` in the helmfile name a release that is not there',
    remedy: 'Mend the name in `needs`, or add the release.',
  },
  {
    pattern: /no releases found that matches specified selector/,
    kind: 'fatal',
    cause: 'helmfile finds no release of this name in the file',
    remedy: 'Look whether the release is disabled by a condition or an environment of the helmfile.',
  },
  {
    pattern: /chart directory at (?<folder>\S+) is corrupted/,
    kind: 'fatal',
    cause: 'half of a chart lies in the cache of helmfile, at $<folder>: a pull was broken off there',
    remedy: 'Take that folder away, or run `helmfile cache cleanup`; then run the same command again.',
    page: 'chart',
  },
  {
    pattern: /timeout waiting for (?:exclusive|shared) file lock on chart/,
    kind: 'transient',
    cause: 'another helmfile is fetching the same chart into the same cache',
    remedy: 'Wait until it is done, or end it; then run the same command again.',
    page: 'chart',
  },
  {
    pattern: /is not found|values file matching "[^"]*" does not exist/,
    kind: 'fatal',
    cause: 'a file that the helmfile names is not there',
    remedy: 'Mend the path in the helmfile.',
  },
  {
    pattern: /required env var `[^`]*` is not set/,
    kind: 'fatal',
    cause: 'the helmfile wants an environment variable that is not set',
    remedy: 'Set it before you run the command again; the message names it.',
  },
  {
    pattern: /failed to read [^\n]*: reading document|error during [^\n]* parsing|error converting YAML/,
    kind: 'fatal',
    cause: 'helmfile cannot read the helmfile or one of its values files',
    remedy: 'Mend what the message names.',
  },
  {
    pattern: /unknown command "diff" for "helm"/,
    kind: 'fatal',
    cause: 'the helm-diff plugin is missing',
    remedy: 'Install it with `helm plugin install`, or use `sync`, which needs none.',
  },
];

/** What a failed helmfile call means; what helm said below it counts too. */
export function helmfileFailure(failure: Omit<Failure, 'action'>): Judgement {
  return judge({ ...failure, text: plain(failure.text) }, [...RULES, ...HELM_RULES], 'helmfile');
}
