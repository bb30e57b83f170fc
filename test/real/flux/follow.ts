import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { parse } from 'yaml';

import { follow } from '../controlplane/follow.ts';
import type { ControlPlane } from '../controlplane/start.ts';
import type { Ended } from '../controlplane/supervised.ts';
import type { Built } from '../toolchain/build.ts';
import { argvOf, healthOf, isController, namespace } from './controllers.ts';
import type { ControllerName } from './controllers.ts';
import { reconcileInstance } from './operator.ts';
import type { FluxInstance } from './operator.ts';
import { untilAnswers } from './wait.ts';
import type { Sources } from './sources.ts';

export type FluxOptions = {
  plane: Pick<ControlPlane, 'api' | 'server' | 'kubeconfig'>;
  sources: Sources;
  toolchain: Record<ControllerName | 'flux', Built>;
  /** An existing folder for kubeconfigs and artifacts. */
  dir: string;
};

export type Flux = {
  /** The pids of the controllers that run, by name. */
  processes: () => Record<string, number>;
  /** Controllers that ended without having been told to. */
  ended: () => Ended[];
  /** What went wrong while following, newest last. */
  errors: () => string[];
  /** Ends the controllers, and follows no more. */
  stop: () => Promise<void>;
};

type Deployment = {
  metadata: { name: string };
  spec: { replicas?: number; template: { spec: { containers: { args?: string[] }[] } } };
};

/**
 * Brings Flux' controllers to life as the cluster says: while a controller's Deployment wants a replica, its process
 * runs (kwok's pods have none), with the arguments that the Deployment has beside those of controllers.ts; and what a FluxInstance asks for is carried out in place of flux-operator.
 */
export const followFlux = ({ plane, sources, toolchain, dir }: FluxOptions): Flux => {
  const { api } = plane;
  const { supervisor, ports } = sources;
  const stopping = new AbortController();
  /** The arguments of those that are to run, and of those that do. */
  const wanted = new Map<ControllerName, readonly string[]>();
  const running = new Map<ControllerName, readonly string[]>();
  const errors: string[] = [];
  const note = (error: unknown): void => {
    if (!stopping.signal.aborted) errors.push((error as Error).message);
  };

  const startController = async (name: ControllerName, more: readonly string[]): Promise<void> => {
    const home = join(dir, name);
    await mkdir(join(home, 'artifacts'), { recursive: true });
    const kubeconfig = join(home, 'kubeconfig');
    await writeAccess(plane, name, kubeconfig);
    await supervisor.start({
      name,
      file: toolchain[name].path,
      argv: [...argvOf(name, ports, join(home, 'artifacts')), ...more],
      env: { PATH: '', HOME: home, TMPDIR: home, KUBECONFIG: kubeconfig, RUNTIME_NAMESPACE: namespace },
      log: sources.logOf(name),
    });
  };

  // One after another, so that what is wanted last is what there is.
  let turn: Promise<void> = Promise.resolve();
  const settle = (name: ControllerName): void => {
    turn = turn
      .then(async () => {
        const [want, has] = [wanted.get(name), running.get(name)];
        if (stopping.signal.aborted || want?.join('\n') === has?.join('\n')) return;
        if (has) {
          running.delete(name);
          await supervisor.stop(name);
        }
        if (want) {
          await startController(name, want);
          running.set(name, want);
        }
      })
      .catch(note);
  };
  const deployments = follow<Deployment>(
    api,
    `/apis/apps/v1/namespaces/${namespace}/deployments`,
    ({ type, object: { metadata, spec } }) => {
      if (!isController(metadata.name)) return;
      if (type === 'DELETED' || spec.replicas === 0) wanted.delete(metadata.name);
      else wanted.set(metadata.name, spec.template.spec.containers[0]?.args ?? []);
      settle(metadata.name);
    },
    stopping.signal,
  );

  const untilReady = async (components: readonly string[]): Promise<void> => {
    for (const name of components.filter(isController)) {
      await untilAnswers(supervisor, name, `http://${healthOf(name, ports)}/readyz`, sources.logOf(name));
    }
  };
  const versionOf = (name: string): string => toolchain[isController(name) ? name : 'flux'].version;
  const carriedOut = new Map<string, number>();
  let instances: Promise<void> = Promise.resolve();
  const reconcile = (instance: FluxInstance): void => {
    const { name, generation, deletionTimestamp } = instance.metadata;
    if (deletionTimestamp !== undefined || carriedOut.get(name) === generation) return;
    carriedOut.set(name, generation);
    instances = instances
      .then(() => reconcileInstance(api, instance, versionOf, untilReady, stopping.signal))
      .catch(async (error: unknown) => {
        note(error);
        carriedOut.delete(name);
        await sleep(1_000, undefined, { signal: stopping.signal });
        reconcile(instance);
      })
      .catch(() => {});
  };
  const asked = follow<FluxInstance>(
    api,
    `/apis/fluxcd.controlplane.io/v1/namespaces/${namespace}/fluxinstances`,
    ({ type, object }) => {
      if (type !== 'DELETED') reconcile(object);
    },
    stopping.signal,
  );

  return {
    processes: () =>
      Object.fromEntries(
        [...running.keys()].map((name) => [name, supervisor.pids.get(name) ?? 0] satisfies [string, number]),
      ),
    ended: () => supervisor.ended().filter(({ name }) => isController(name) && running.has(name)),
    errors: () => [...errors],
    stop: async () => {
      stopping.abort();
      await Promise.all([deployments, asked, turn, instances]);
      await Promise.all([...running.keys()].map((name) => supervisor.stop(name)));
      running.clear();
    },
  };
};

/** A kubeconfig with a token of the controller's own ServiceAccount, as its pod would have. */
const writeAccess = async (plane: FluxOptions['plane'], name: string, file: string): Promise<void> => {
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7_200 } };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const answer = await plane.api.send<{ status?: { token: string } }>('POST', path, request);
  const token = answer.body.status?.token;
  if (token === undefined) throw new Error(`no token for ${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
  type Config = { clusters: { cluster: { 'certificate-authority-data': string } }[] };
  const { clusters } = parse(await readFile(plane.kubeconfig, 'utf8')) as Config;
  const authority = clusters[0]?.cluster['certificate-authority-data'];
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: plane.server, 'certificate-authority-data': authority } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
};
