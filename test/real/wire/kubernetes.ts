import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { parse } from 'yaml';

import type { NodeModel } from '../../../plugins/lab/src/nodes/node.ts';
import { adminConfig } from '../../../plugins/lab/src/tools/talosctl/kubeconfig.ts';
import { makePki } from '../controlplane/pki.ts';
import type { Pki } from '../controlplane/pki.ts';
import { startControlPlane } from '../controlplane/start.ts';
import type { ControlPlane, ControlPlaneOptions } from '../controlplane/start.ts';
import { apiAddresses, apiDoors } from './api-doors.ts';
import { followKubelets } from './kubelets.ts';
import type { Wire, WireOptions } from './open.ts';
import { snapshotOf } from './snapshot.ts';

/** The part of a control plane's machine config from which Talos makes its Kubernetes. */
type Config = {
  cluster: {
    ca: { crt: string; key: string };
    serviceAccount: { key: string };
    network: { serviceSubnets: string[] };
    apiServer: { certSANs: string[] };
  };
};

/** A real control plane that stands behind nodes on the wire. */
export type Behind = Required<Pick<WireOptions, 'kubeconfig' | 'snapshot' | 'bootstrapped'>> & {
  /** The control plane; waits until `talosctl bootstrap` has brought one to life. Rejects where it could not start. */
  plane: () => Promise<ControlPlane>;
  /**
   * From now on its API answers at a node's address once the model's API server there is up, and at the virtual address
   * once a node holds it, and no longer than that; nodes register when their kubelets do, and are not Ready while they run no more. A node that a fault hides does neither.
   */
  follow: (wire: Wire) => void;
  close: () => Promise<void>;
};

const configOf = (node: NodeModel): Config =>
  parse(Buffer.from(node.config?.bytes ?? '', 'base64').toString('utf8')) as Config;
const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

/**
 * Makes a control plane as Talos does: from the machine config that the bootstrapped node has, with the authority that stands
 * in it. Nothing runs before `bootstrapped`; credentials are real before that, as Talos' are. `addresses` are what its
 * certificate holds, `dir` an existing folder.
 */
export const clusterBehind = (options: {
  toolchain: ControlPlaneOptions['toolchain'];
  dir: string;
  addresses: readonly string[];
  /** Milliseconds after which the control plane ends by itself. */
  within?: number;
}): Behind => {
  const { dir, toolchain } = options;
  let pki: Promise<Pki> | undefined;
  let plane: ControlPlane | undefined;
  let begun = false;
  const life = Promise.withResolvers<ControlPlane>();
  // Nobody may be waiting when it fails; whoever waits is told.
  life.promise.catch(() => {});

  const pkiOf = (node: NodeModel): Promise<Pki> => {
    const { cluster } = configOf(node);
    const sans = cluster.apiServer.certSANs.filter((name) => /^[\d.]+$/.test(name));
    return (pki ??= makePki(join(dir, 'pki'), {
      given: {
        ca: { cert: decoded(cluster.ca.crt), key: decoded(cluster.ca.key) },
        serviceAccount: decoded(cluster.serviceAccount.key),
      },
      addresses: [...new Set([...sans, ...options.addresses])].filter((address) => address !== '127.0.0.1'),
    }));
  };
  const start = async (node: NodeModel): Promise<ControlPlane> => {
    await mkdir(dir, { recursive: true });
    const [serviceRange = ''] = configOf(node).cluster.network.serviceSubnets;
    const context = node.config?.clusterName ?? '';
    const within = options.within === undefined ? {} : { within: options.within };
    plane = await startControlPlane({
      toolchain,
      dir,
      nodes: [],
      context,
      serviceRange,
      pki: await pkiOf(node),
      ...within,
    });
    return plane;
  };

  const doors = apiDoors(() => (plane ? Number(new URL(plane.server).port) : null));
  /** Nodes that have registered, and whether their kubelets run now. */
  const running = new Map<string, boolean>();
  let kubelets: ReturnType<typeof followKubelets> | undefined;
  let adding: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const look = ({ lab: { model }, faults }: Wire): void => {
    if (!plane) return;
    const { addNode, api } = plane;
    doors.only(apiAddresses(model, faults));
    for (const node of model.nodes.values()) {
      if (faults.ofAddress(node.name)) continue;
      if (!node.config) continue;
      const { hostname, role } = node.config;
      const { registered: runs } = node.kubelet;
      // Only what changes is worth a word to the API server.
      if (running.get(node.name) === runs || (!runs && !running.has(node.name))) continue;
      const known = running.has(node.name);
      running.set(node.name, runs);
      const follows = (kubelets ??= followKubelets(api));
      adding = adding.then(() =>
        known ? follows(hostname, runs) : addNode({ name: hostname, role, address: node.address }),
      );
    }
  };

  return {
    kubeconfig: async (node, model) => {
      if (!node.config) throw new Error(`${node.name} has no config`);
      const { cert, key } = await (await pkiOf(node)).client('admin', ['system:masters']);
      const base64 = (text: string): string => Buffer.from(text).toString('base64');
      return adminConfig(model, node.config)
        .replace(/(?<=client-certificate-data: ).*/, base64(cert))
        .replace(/(?<=client-key-data: ).*/, base64(key));
    },
    snapshot: async function* () {
      yield* snapshotOf((await life.promise).etcd);
    },
    bootstrapped: (node) => {
      if (!begun) life.resolve(start(node));
      begun = true;
    },
    plane: () => life.promise,
    follow: (wire) => {
      timer = setInterval(() => look(wire), 50);
    },
    close: async () => {
      clearInterval(timer);
      try {
        await doors.close();
      } finally {
        await adding.catch(() => {});
        if (begun) await life.promise.then((up) => up.stop()).catch(() => {});
      }
    },
  };
};
