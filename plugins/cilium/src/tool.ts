import type { Tool } from '@coldstart/contract';
import { words, type KubeAccess } from '@coldstart/tools';

const VALUED = new Set([
  '--kubeconfig',
  '--context',
  '--namespace',
  '-n',
  '--helm-release-name',
  '--as',
  '--as-group',
  '--wait-duration',
  '--output',
  '-o',
  '--worker-count',
]);
const READS: Record<string, readonly string[] | true> = {
  status: true,
  version: true,
  config: ['view'],
  bgp: ['peers', 'routes'],
  features: ['status'],
};

/** https://docs.cilium.io/en/stable/cmdref/cilium/ */
export const cilium: Tool = {
  name: 'cilium',
  version: { argv: ['version', '--client'], parse: parseCiliumVersion },
  known: { from: '0.16.0', below: '1.0.0' },
  reads: (argv) => {
    const [command = '', below = ''] = words(argv, VALUED);
    const reads = Object.hasOwn(READS, command) ? READS[command] : undefined;
    return reads === true || (reads?.includes(below) ?? false);
  },
  env: ['KUBECONFIG', 'HTTPS_PROXY', 'NO_PROXY'],
};

/** `cilium-cli: v0.18.3 compiled with …`; a build from source tells no version. */
export function parseCiliumVersion(stdout: string): string | null {
  return stdout.match(/^cilium-cli: v?(\d+\.\d+\.\d+)/m)?.[1] ?? null;
}

/** A cilium argv that names its kubeconfig, context and namespace. */
export function ciliumArgv(access: KubeAccess, namespace: string, ...rest: string[]): string[] {
  return ['--kubeconfig', access.path, '--context', access.context, '--namespace', namespace, ...rest];
}
