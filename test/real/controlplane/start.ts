import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Toolchain } from '../toolchain/build.ts';
import { familyModule } from '../toolchain/go.ts';
import type { ToolName } from '../toolchain/table.ts';
import { apiClient } from './api.ts';
import type { Api } from './api.ts';
import { auditLog, harnessGroup } from './audit.ts';
import type { Audit } from './audit.ts';
import * as components from './components.ts';
import type { Component, Layout } from './components.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { followNetwork } from './network.ts';
import { nodeObject } from './nodes.ts';
import type { NodeSpec } from './nodes.ts';
import { makePki } from './pki.ts';
import type { Pki } from './pki.ts';
import { followOperator } from './operator.ts';
import { egress, standBehindServices } from './services.ts';
import type { Services } from './services.ts';
import { startSupervisor } from './supervised.ts';
import { untilServed } from './until-served.ts';

/** The tools that it is made of. */
export const controlPlaneTools = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
] as const satisfies ToolName[];

export type ControlPlaneOptions = {
  toolchain: Pick<Toolchain, (typeof controlPlaneTools)[number]>;
  /** An existing folder for all files: certificates, etcd's data, logs, the audit log. */
  dir: string;
  nodes: NodeSpec[];
  /** Its certificates, made before; else it has an authority of its own. */
  pki?: Pki;
  /** The context in the kubeconfig. */
  context: string;
  /** The cluster's range of service addresses, as its machine configs say. */
  serviceRange?: string;
  /** Whether pods may run on control planes. */
  schedulableControlPlanes?: boolean;
  /** Milliseconds after which it ends by itself, with everything. */
  within?: number;
};

export type ControlPlane = {
  server: string;
  /** Where its etcd answers, without TLS: `127.0.0.1:PORT`. */
  etcd: string;
  context: string;
  /** The operator's kubeconfig (user `operator`, `system:masters`), without a current-context. */
  kubeconfig: string;
  /** Each component's pid by name, and the supervisor's. */
  pids: () => Record<string, number>;
  audit: Audit;
  /** The API as the harness sees it; what it does is no client's change. */
  api: Api;
  addNode: (node: NodeSpec) => Promise<void>;
  /** What the API server asked of Services so far: `cert-manager-webhook.cert-manager.svc clusterissuers`. */
  asked: () => string[];
  /** Milliseconds until it served. */
  servedAfter: number;
  /** Ends everything and waits for it. Again is fine. */
  stop: () => Promise<void>;
};

const here = fileURLToPath(new URL('.', import.meta.url));

/** kwok's own stages for pods and heartbeats, and ours for the network. */
const stageFiles = async (): Promise<string[]> => {
  const { dir } = await familyModule('kwok', 'sigs.k8s.io/kwok');
  const files: string[] = [];
  for (const folder of ['pod/fast', 'node/heartbeat-with-lease']) {
    const path = join(dir, 'kustomize/stage', folder);
    for (const name of await readdir(path)) {
      if (name.endsWith('.yaml') && name !== 'kustomization.yaml') files.push(join(path, name));
    }
  }
  return [...files, join(here, 'stages/node-network-ready.yaml')];
};

/** Starts etcd, the API server, controller manager, scheduler and kwok on free ports of 127.0.0.1. */
export const startControlPlane = async (options: ControlPlaneOptions): Promise<ControlPlane> => {
  const { dir, toolchain, context } = options;
  const began = performance.now();
  await mkdir(join(dir, 'logs'), { recursive: true });
  const stages = await stageFiles();
  const pki = options.pki ?? (await makePki(join(dir, 'pki')));
  const supervisor = await startSupervisor(options.within ?? 30 * 60_000);
  const stopping = new AbortController();
  let following: Promise<unknown> = Promise.resolve();
  let services: Services | undefined;
  const stop = async (): Promise<void> => {
    stopping.abort();
    await following;
    await supervisor.end();
    await services?.close();
  };

  try {
    const [etcd = 0, etcdPeer = 0, api = 0, controllerManager = 0, scheduler = 0, kwok = 0] = supervisor.ports;
    const server = `https://127.0.0.1:${api}`;
    const kubeconfigFor = async (user: string, groups: string[], file: string, name?: string): Promise<string> => {
      const client = await pki.client(user, groups);
      const access = { server, ca: pki.ca, client, context: name ?? 'default', current: name === undefined };
      await writeKubeconfig(file, access);
      return file;
    };
    const layout: Layout = {
      dir,
      pki,
      ports: { etcd, etcdPeer, api, controllerManager, scheduler, kwok },
      kubeconfigs: {
        controllerManager: await kubeconfigFor(
          'system:kube-controller-manager',
          [],
          join(dir, 'controller-manager.json'),
        ),
        scheduler: await kubeconfigFor('system:kube-scheduler', [], join(dir, 'scheduler.json')),
        kwok: await kubeconfigFor('kwok', ['system:masters', harnessGroup], join(dir, 'kwok.json')),
      },
      serviceRange: options.serviceRange ?? '10.0.0.0/24',
      auditPolicy: join(here, 'audit-policy.yaml'),
      auditLog: join(dir, 'logs/audit.jsonl'),
      egress: join(dir, 'egress.json'),
      stages,
    };
    const socket = join(dir, 'services.sock');
    await writeFile(layout.egress, egress(socket));
    const standing = await standBehindServices(pki, socket);
    services = standing;
    const kubeconfig = await kubeconfigFor('operator', ['system:masters'], join(dir, 'kubeconfig'), context);
    const harness = apiClient(server, pki.ca, await pki.client('harness', ['system:masters', harnessGroup]));

    const logOf = (name: string): string => join(dir, 'logs', `${name}.log`);
    const start = (component: Component): Promise<number> =>
      supervisor.start({
        name: component.name,
        file: toolchain[component.name].path,
        argv: component.argv,
        // What the API server trusts where a webhook names no authority.
        env: { PATH: '', HOME: dir, SSL_CERT_FILE: pki.ca.certFile },
        log: logOf(component.name),
      });
    const served = (name: string, what: string, look: () => Promise<boolean>): Promise<void> =>
      untilServed(supervisor, { name, what, log: logOf(name), within: 120_000 }, look);

    await start(components.etcd(layout));
    await served('etcd', '/health', async () => (await fetch(`http://127.0.0.1:${etcd}/health`)).ok);
    await start(components.apiServer(layout));
    await served('kube-apiserver', '/readyz', async () => (await harness.send('GET', '/readyz')).status === 200);
    await start(components.controllerManager(layout));
    await start(components.scheduler(layout));
    await start(components.kwok(layout));
    await served('kube-controller-manager', 'the first service account', async () => {
      const account = await harness.send('GET', '/api/v1/namespaces/default/serviceaccounts/default');
      return account.status === 200;
    });
    await served('kwok', '/healthz', async () => (await fetch(`http://127.0.0.1:${kwok}/healthz`)).ok);

    const addNode = async (node: NodeSpec): Promise<void> => {
      const object = nodeObject(node, options.schedulableControlPlanes ?? false);
      const answer = await harness.send('POST', '/api/v1/nodes', object);
      if (answer.status !== 201) throw new Error(`node ${node.name}: ${answer.status} ${JSON.stringify(answer.body)}`);
    };
    for (const node of options.nodes) await addNode(node);
    following = Promise.all([followNetwork(harness, stopping.signal), followOperator(harness, stopping.signal)]);

    return {
      server,
      etcd: `127.0.0.1:${etcd}`,
      context,
      kubeconfig,
      pids: () => ({ supervisor: supervisor.pid, ...Object.fromEntries(supervisor.pids) }),
      audit: auditLog(layout.auditLog),
      api: harness,
      addNode,
      asked: standing.asked,
      servedAfter: Math.round(performance.now() - began),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
