import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

import { leaderNow } from '../../../plugins/lab/src/etcd/life.ts';
import type { Model } from '../../../plugins/lab/src/model.ts';
import { isCutOff } from '../../../plugins/lab/src/nodes/masked.ts';
import type { NodeModel } from '../../../plugins/lab/src/nodes/node.ts';
import type { WireFaults } from './faults.ts';

/** Kubernetes' own port on control planes and the virtual address. */
export const API = 6443;

/**
 * The addresses at which Kubernetes' API answers now: of each node whose API server is up and which is not hidden, and the virtual
 * one where such a node holds it. As in the lab, an API server whose etcd takes no writes is down.
 */
export const apiAddresses = (model: Model, faults: WireFaults): Set<string> => {
  const { nodes, etcd } = model;
  const answers = (node: NodeModel | undefined): node is NodeModel => {
    if (!node?.apiserver || faults.ofAddress(node.name) !== undefined) return false;
    if (node.stage === 'off' || isCutOff(model, node) || model.faults.pending('unreachable', node.name)) return false;
    const cluster = etcd.get(node.etcd.cluster ?? '');
    return cluster !== undefined && leaderNow(model, cluster) !== null;
  };
  const found = new Set([...nodes.values()].filter(answers).map(({ address }) => address));
  for (const { vip } of etcd.values()) {
    const holder = vip === null ? undefined : nodes.get(vip);
    if (answers(holder) && holder.config?.vip) found.add(holder.config.vip);
  }
  return found;
};

/** The ports of Kubernetes' API at addresses of this run, which lead to the control plane. */
export type ApiDoors = {
  /** Opens those that are shut, and shuts all others: nobody is taken there any more, and who is connected is cut off. */
  only: (hosts: ReadonlySet<string>) => void;
  /** Shuts all of them. Rejects where one could not be opened. */
  close: () => Promise<void>;
};

/** `port` is that of the control plane on loopback; null while there is none, and all is shut. */
export const apiDoors = (port: () => number | null): ApiDoors => {
  const doors = new Map<string, { server: Server; sockets: Set<Socket>; settled: Promise<void> }>();
  const failed: Error[] = [];
  const open = (host: string, target: number): void => {
    const sockets = new Set<Socket>();
    const track = (socket: Socket): Socket => {
      sockets.add(socket);
      return socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    };
    const server = createServer((socket) => {
      const through = track(connect(target, '127.0.0.1'));
      track(socket).pipe(through).pipe(socket);
      socket.once('close', () => through.destroy());
      through.once('close', () => socket.destroy());
    });
    const settled = new Promise<void>((resolve) => {
      server.once('listening', resolve).once('error', (cause) => {
        const why = `Kubernetes' API could not be opened there: ${cause.message}`;
        failed.push(new Error(`${host}:${API}: ${why}`, { cause }));
        resolve();
      });
    });
    doors.set(host, { server: server.listen(API, host), sockets, settled });
  };
  const shut = async (host: string): Promise<void> => {
    const door = doors.get(host);
    doors.delete(host);
    if (!door) return;
    if (!door.server.listening) await door.settled;
    // Stops listening at once; the callback comes with the last connection, or at once where it never listened.
    const closed = new Promise<void>((resolve) => door.server.close(() => resolve()));
    for (const socket of door.sockets) socket.destroy();
    await closed;
  };
  return {
    only: (hosts) => {
      const target = port();
      for (const host of doors.keys()) if (target === null || !hosts.has(host)) void shut(host);
      if (target === null) return;
      for (const host of hosts) if (!doors.has(host)) open(host, target);
    },
    close: async () => {
      await Promise.all([...doors.keys()].map(shut));
      const [first] = failed;
      if (first) throw first;
    },
  };
};
