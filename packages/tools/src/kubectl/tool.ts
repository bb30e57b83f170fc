import type { Tool } from '@coldstart/contract';
import { hasFlag, words } from '../argv.ts';
import { parseJson, str } from '../json.ts';

const VALUED = new Set([
  '--kubeconfig',
  '--context',
  '--cluster',
  '--user',
  '--server',
  '-s',
  '--namespace',
  '-n',
  '--output',
  '-o',
  '--selector',
  '-l',
  '--field-selector',
  '--filename',
  '-f',
  '--field-manager',
  '--timeout',
  '--request-timeout',
  '--for',
  '--raw',
  '--tail',
  '--container',
  '-c',
  '--token',
  '--certificate-authority',
  '--tls-server-name',
  '--sort-by',
  '--since',
]);

const READS = new Set([
  'get',
  'describe',
  'version',
  'cluster-info',
  'api-resources',
  'api-versions',
  'explain',
  'logs',
  'wait',
  'diff',
  'events',
  'top',
  'kustomize',
  'options',
]);
const READS_BELOW: Record<string, readonly string[]> = {
  config: ['view', 'get-contexts', 'get-clusters', 'get-users', 'current-context'],
  auth: ['can-i', 'whoami'],
  rollout: ['status', 'history'],
};

/** https://kubernetes.io/docs/reference/kubectl/ */
export const kubectl: Tool = {
  name: 'kubectl',
  version: { argv: ['version', '--client', '-o', 'json'], parse: parseKubectlVersion },
  known: { from: '1.30.0', below: '2.0.0' },
  reads: (argv) => {
    const [command, below] = words(argv, VALUED);
    if (hasFlag(argv, '--output-directory')) return false;
    return command !== undefined && (READS.has(command) || (READS_BELOW[command]?.includes(below ?? '') ?? false));
  },
  env: ['KUBECONFIG', 'HTTPS_PROXY', 'NO_PROXY'],
};

/** The client's version, e.g. `1.36.3`, of `kubectl version -o json`. */
export function parseKubectlVersion(stdout: string): string | null {
  return str(parseJson(stdout), 'clientVersion', 'gitVersion')?.match(/\d+\.\d+\.\d+/)?.[0] ?? null;
}

/** The API server's version, of the same answer without `--client`; null where the server was not asked or did not answer. */
export function parseServerVersion(stdout: string): string | null {
  return str(parseJson(stdout), 'serverVersion', 'gitVersion')?.match(/\d+\.\d+\.\d+/)?.[0] ?? null;
}
