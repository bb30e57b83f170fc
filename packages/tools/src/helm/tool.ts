import type { Tool } from '@coldstart/contract';
import { hasFlag, words } from '../argv.ts';

const VALUED = new Set([
  '--kubeconfig',
  '--kube-context',
  '--namespace',
  '-n',
  '--output',
  '-o',
  '--filter',
  '-f',
  '--values',
  '--version',
  '--registry-config',
  '--kube-apiserver',
  '--max',
  '-m',
]);
const READS = new Set([
  'list',
  'ls',
  'status',
  'history',
  'get',
  'show',
  'inspect',
  'search',
  'version',
  'env',
  'template',
  'lint',
  'verify',
]);

/** https://helm.sh/docs/helm/ */
export const helm: Tool = {
  name: 'helm',
  version: { argv: ['version', '--short'], parse: parseHelmVersion },
  // helmfile wants 3.18.6 or newer.
  known: { from: '3.18.6', below: '5.0.0' },
  reads: (argv) => READS.has(words(argv, VALUED)[0] ?? '') && !hasFlag(argv, '--output-dir'),
  env: [
    'KUBECONFIG',
    'HELM_CACHE_HOME',
    'HELM_CONFIG_HOME',
    'HELM_DATA_HOME',
    'HELM_DRIVER',
    'HELM_PLUGINS',
    'HELM_REGISTRY_CONFIG',
    'HELM_REPOSITORY_CACHE',
    'HELM_REPOSITORY_CONFIG',
    'HTTPS_PROXY',
    'NO_PROXY',
  ],
};

/** `v4.3.1+g1234567`, and `v4.3` where the build was told no more. */
export function parseHelmVersion(stdout: string): string | null {
  return stdout.match(/\bv(\d+\.\d+(?:\.\d+)?)/)?.[1] ?? null;
}
