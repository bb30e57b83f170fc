import type { Model } from '../../model.ts';
import { leaderNow, raftIndex } from '../../etcd/life.ts';
import type { EtcdCluster, EtcdMember } from '../../etcd/cluster.ts';
import { holdsStaleEtcd } from '../../nodes/masked.ts';
import type { NodeModel } from '../../nodes/node.ts';
import type { ToolCall, ToolResult } from '../tool.ts';
import { type Client, connect, NoClient, reach, RpcError } from './client.ts';
import type { Flags } from './flags.ts';
import { eachNode, failed, table } from './say.ts';

/** How long a node tries its own etcd before it gives up. */
const CLIENT_TIMEOUT = 5000;

type Serving = { cluster: EtcdCluster; self: EtcdMember };

export async function etcdMembers(model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  return withClient(call, flags, (client) =>
    eachNode(
      client,
      'error getting members',
      async (target) =>
        agreed(
          model,
          await serving(
            model,
            call,
            client,
            target,
            'member list',
            'failed to create etcd client: error building etcd client: context deadline exceeded',
          ),
          target,
        ),
      (answers) =>
        table([
          ['NODE', 'ID', 'HOSTNAME', 'PEER URLS', 'CLIENT URLS', 'LEARNER'],
          ...answers.flatMap(({ target, answer }) =>
            answer.cluster.members.map((member) => [
              target,
              member.id,
              member.hostname,
              `https://${member.address}:2380`,
              `https://${member.address}:2379`,
              String(member.learner),
            ]),
          ),
        ]),
    ),
  );
}

export async function etcdStatus(model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  return withClient(call, flags, (client) =>
    eachNode(
      client,
      'error getting status',
      (target) =>
        serving(model, call, client, target, 'etcd status', 'failed to create etcd client: context deadline exceeded'),
      (answers) =>
        table([
          [
            'NODE',
            'MEMBER',
            'DB SIZE',
            'IN USE',
            'LEADER',
            'RAFT INDEX',
            'RAFT TERM',
            'RAFT APPLIED INDEX',
            'LEARNER',
            'PROTOCOL',
            'STORAGE',
            'ERRORS',
          ],
          ...answers.map(({ target, answer: { cluster, self } }) => {
            const index = String(raftIndex(cluster, model.clock.now));
            const leads = leaderNow(model, cluster);
            const leader = cluster.members.find((member) => member.node === leads)?.id ?? '0000000000000000';
            return [
              target,
              self.id,
              '2.5 MB',
              '1.3 MB (50.00%)',
              leader,
              index,
              String(cluster.term),
              index,
              String(self.learner),
              '3.6.4',
              '3.6.0',
              leads === null ? 'etcdserver: no leader' : '',
            ];
          }),
        ]),
    ),
  );
}

/** No member of this lab ever raises an alarm. */
export async function etcdAlarms(model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  return withClient(call, flags, (client) =>
    eachNode(
      client,
      'error getting alarms',
      (target) =>
        serving(model, call, client, target, 'etcd alarm', 'failed to create etcd client: context deadline exceeded'),
      () => '',
    ),
  );
}

async function serving(
  model: Model,
  call: ToolCall,
  client: Client,
  target: string,
  what: string,
  down: string,
): Promise<Serving> {
  const { node, via } = await reach(model, call, client, target);
  if (node.config?.role !== 'controlplane')
    throw new RpcError(`rpc error: code = Unimplemented desc = ${what} is only available on control plane nodes`, via);
  const found = servingMember(model, node);
  if (found) return found;
  await call.spend(CLIENT_TIMEOUT);
  throw new RpcError(`rpc error: code = Unknown desc = ${down}`, via);
}

/** The list of members is read through the leader: without one there is none. */
export function agreed(model: Model, found: Serving, target: string | null): Serving {
  if (leaderNow(model, found.cluster) === null)
    throw new RpcError('rpc error: code = Unavailable desc = etcdserver: no leader', target);
  return found;
}

/** The node's member, where its etcd serves. */
export function servingMember(model: Model, node: NodeModel): Serving | undefined {
  const cluster = node.etcd.cluster === null ? undefined : model.etcd.get(node.etcd.cluster);
  const self = cluster?.members.find((one) => one.node === node.name);
  if (holdsStaleEtcd(model, node)) return undefined;
  return cluster && self && node.etcd.service === 'running' ? { cluster, self } : undefined;
}

async function withClient(
  call: ToolCall,
  flags: Flags,
  work: (client: Client) => Promise<ToolResult>,
): Promise<ToolResult> {
  try {
    return await work(connect(call, flags));
  } catch (error) {
    if (error instanceof NoClient) return failed(error.message);
    throw error;
  }
}
