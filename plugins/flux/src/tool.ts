import type { Tool } from '@coldstart/contract';
import { hasFlag, words } from '@coldstart/tools';

const VALUED = new Set([
  '--kubeconfig',
  '--context',
  '--namespace',
  '-n',
  '--timeout',
  '--output',
  '-o',
  '--status-selector',
  '--log-level',
]);
const KUSTOMIZE_VALUED = new Set(['--load-restrictor', '--output', '-o', '--env', '-e', '--reorder', '--mount']);

/** https://fluxcd.io/flux/cmd/ */
export const flux: Tool = {
  name: 'flux',
  version: { argv: ['version', '--client'], parse: (stdout) => stdout.match(/flux: v?(\d+\.\d+\.\d+)/)?.[1] ?? null },
  known: { from: '2.3.0', below: '3.0.0' },
  reads: (argv) =>
    ['check', 'get', 'version', 'tree', 'trace', 'stats', 'events', 'logs'].includes(words(argv, VALUED)[0] ?? ''),
  env: ['KUBECONFIG', 'HTTPS_PROXY', 'NO_PROXY'],
};

/** https://kubectl.docs.kubernetes.io/references/kustomize/ */
export const kustomize: Tool = {
  name: 'kustomize',
  version: { argv: ['version'], parse: (stdout) => stdout.match(/v?(\d+\.\d+\.\d+)/)?.[1] ?? null },
  known: { from: '5.0.0', below: '6.0.0' },
  // A build may call plugins of the repository where it is told to; nothing here tells it to.
  reads: (argv) =>
    ['build', 'version'].includes(words(argv, KUSTOMIZE_VALUED)[0] ?? '') &&
    !hasFlag(argv, '-o', '--output', '--enable-alpha-plugins', '--enable-exec', '--enable-helm'),
  env: [],
};

/** https://github.com/yannh/kubeconform */
export const kubeconform: Tool = {
  name: 'kubeconform',
  version: { argv: ['-v'], parse: (stdout) => stdout.match(/v?(\d+\.\d+\.\d+)/)?.[1] ?? null },
  known: { from: '0.6.0', below: '1.0.0' },
  reads: () => true,
  env: ['HTTPS_PROXY', 'NO_PROXY'],
};
