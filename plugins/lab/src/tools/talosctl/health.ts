import type { Model } from '../../model.ts';
import { isReady } from '../../nodes/ready.ts';
import type { NodeModel } from '../../nodes/node.ts';
import { nodeAt } from '../../world/network.ts';
import { Interrupted, notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import { connect, NoClient, reach, RpcError } from './client.ts';
import type { Flags } from './flags.ts';
import { failed } from './say.ts';

const EVERY = 1000;

type Look = { controlPlanes: NodeModel[]; all: NodeModel[] };
/** `null`: met. `SKIP`: not asked of this cluster. Otherwise what is amiss. */
type Check = { title: string; met: (model: Model, look: Look) => string | null };

const booted = (node: NodeModel): boolean => node.stage === 'booting' || node.stage === 'running';
const names = (nodes: readonly NodeModel[]): string =>
  `[${nodes.map((node) => node.config?.hostname ?? node.address).join(' ')}]`;
const addresses = (nodes: readonly NodeModel[]): string => `[${nodes.map((node) => node.address).join(' ')}]`;

/** The checks of talosctl 1.13, in its order. */
export const checks: readonly Check[] = [
  {
    title: 'etcd to be healthy',
    met: (_model, { controlPlanes }) =>
      missing(
        controlPlanes,
        (node) => node.etcd.service === 'running',
        'service "etcd" not in expected state "Running"',
      ),
  },
  {
    title: 'etcd members to be consistent across nodes',
    met: (_model, { controlPlanes }) =>
      new Set(controlPlanes.map((node) => node.etcd.cluster)).size === 1
        ? null
        : 'etcd members are not consistent across nodes',
  },
  {
    title: 'etcd members to be control plane nodes',
    met: (model, { controlPlanes }) => {
      const given = new Set(controlPlanes.map((node) => node.address));
      const members = [...model.etcd.values()].flatMap((cluster) => cluster.members.map((member) => member.address));
      const other = members.filter((address) => !given.has(address));
      return other.length === 0
        ? null
        : `etcd member ips [${other.join(' ')}] are not subset of control plane node ips [${[...given].join(' ')}]`;
    },
  },
  {
    title: 'apid to be ready',
    met: (_model, { all }) =>
      missing(all, (node) => booted(node) && node.certified, 'service "apid" not in expected state "Running"'),
  },
  { title: 'all nodes memory sizes', met: () => null },
  { title: 'all nodes disk sizes', met: () => null },
  { title: 'no diagnostics', met: () => null },
  {
    title: 'kubelet to be healthy',
    met: (_model, { all }) =>
      missing(all, (node) => node.kubelet.running, 'service "kubelet" not in expected state "Running"'),
  },
  {
    title: 'all nodes to finish boot sequence',
    met: (_model, { all }) => missing(all, (node) => node.stage === 'running', 'nodes are not running'),
  },
  {
    title: 'all k8s nodes to report',
    met: (_model, { all }) => {
      const absent = all.filter((node) => !node.kubelet.registered);
      return absent.length === 0 ? null : `can't find expected node with IPs ${addresses(absent)}`;
    },
  },
  {
    title: 'all control plane static pods to be running',
    met: (_model, { controlPlanes }) => {
      const absent = controlPlanes.find((node) => !node.apiserver);
      return absent
        ? `missing static pods on node ${absent.address}: [kube-system/kube-apiserver kube-system/kube-controller-manager kube-system/kube-scheduler]`
        : null;
    },
  },
  { title: 'all control plane components to be ready', met: () => null },
  {
    title: 'all k8s nodes to report ready',
    met: (model, { all }) => {
      if (all.some((node) => node.config?.cni === 'none')) return 'SKIP';
      const not = all.filter((node) => !isReady(model, node));
      return not.length === 0 ? null : `some nodes are not ready: ${names(not)}`;
    },
  },
  { title: 'kube-proxy to report ready', met: () => 'SKIP' },
  { title: 'coredns to report ready', met: () => 'SKIP' },
  { title: 'all k8s nodes to report schedulable', met: () => null },
];

/**
 * `talosctl health`, the client's side. Killed by SIGTERM or SIGINT it exits 0, as the real one does: a killed health says
 * nothing.
 */
export async function health(model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  if (flags.one('server') !== 'false') notSimulated('talosctl', call.argv, 'health on the server; `--server=false` is');
  if (flags.has('run-e2e')) notSimulated('talosctl', call.argv, '--run-e2e');
  const until = model.clock.now + duration(flags.one('wait-timeout') ?? '20m');
  const lines: string[] = [];
  try {
    const client = connect(call, flags);
    const target = client.nodes[0] ?? '';
    await reach(model, call, client, target);
    const look = lookOf(model, flags, target);
    for (const check of checks) {
      lines.push(`waiting for ${check.title}: ...`);
      let amiss = check.met(model, look);
      for (let last: string | null = null; amiss !== null && amiss !== 'SKIP'; amiss = check.met(model, look)) {
        if (amiss !== last) lines.push(`waiting for ${check.title}: ${amiss}`);
        last = amiss;
        if (model.clock.now + EVERY > until) return failed([...lines, 'context deadline exceeded'].join('\n'));
        await call.spend(EVERY);
      }
      lines.push(`waiting for ${check.title}: ${amiss ?? 'OK'}`);
    }
    return { exit: 0, stdout: '', stderr: `${lines.join('\n')}\n` };
  } catch (error) {
    if (error instanceof NoClient || error instanceof RpcError) return failed([...lines, error.message].join('\n'));
    if (error instanceof Interrupted && error.signal !== 'SIGKILL')
      return { exit: 0, stdout: '', stderr: lines.map((line) => `${line}\n`).join('') };
    throw error;
  }
}

function lookOf(model: Model, flags: Flags, target: string): Look {
  const at = (addresses: readonly string[]): NodeModel[] =>
    addresses.map((address) => nodeAt(model, address)).filter((node) => node !== undefined);
  const controlPlanes = at(flags.all('control-plane-nodes'));
  const workers = at(flags.all('worker-nodes'));
  const own = at([target]);
  const cps = controlPlanes.length > 0 ? controlPlanes : own.filter((node) => node.config?.role === 'controlplane');
  return { controlPlanes: cps, all: [...cps, ...workers] };
}

function missing(nodes: readonly NodeModel[], met: (node: NodeModel) => boolean, why: string): string | null {
  const not = nodes.filter((node) => !met(node));
  return not.length === 0 ? null : `${why}: ${addresses(not)}`;
}

/** A Go duration in milliseconds. */
function duration(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) sum += Number(number) * units[unit!]!;
  return sum;
}
