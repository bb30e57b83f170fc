import { below, decode, isTree, type Tree } from './document.ts';

/**
 * What Talos finds wrong with a machine config for `metal` mode, in its words and its order; empty when it is valid.
 * Throws `Undecodable` where it does not decode.
 */
export function faultsOf(bytes: Uint8Array): string[] {
  const { config } = decode(bytes);
  const machine = config['machine'];
  const cluster = config['cluster'];
  const found: string[] = [];
  if (!isTree(machine)) found.push('machine instructions are required');
  if (!isTree(cluster)) found.push('cluster instructions are required');
  if (!isTree(machine) || !isTree(cluster)) return found;

  const type = machine['type'];
  const controlPlane = type === 'controlplane' || type === 'init';
  if (!controlPlane) {
    if (cluster['etcd'] !== undefined) found.push('etcd config is only allowed on control plane machines');
    if (below(cluster, 'ca')['key'] !== undefined && below(cluster, 'ca')['key'] !== '')
      found.push('cluster CA key is not allowed on non-controlplane nodes (.cluster.ca)');
  }
  if (!controlPlane && type !== 'worker' && type !== 'join')
    found.push(`unknown machine type ${JSON.stringify(type ?? '')}`);
  const install = below(config, 'machine.install');
  if (!given(install, 'disk') && !isTree(install['diskSelector']))
    found.push('either install disk or diskSelector should be defined');
  const endpoint = below(cluster, 'controlPlane')['endpoint'];
  if (typeof endpoint !== 'string' || endpoint === '') found.push('cluster controlplane endpoint is required');
  else if (!/^https:\/\/[^/\s]+$/.test(endpoint.replace(/\/$/, ''))) found.push('invalid controlplane endpoint');
  return found;
}

function given(tree: Tree, key: string): boolean {
  return typeof tree[key] === 'string' && tree[key] !== '';
}
