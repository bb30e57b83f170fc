import { posix, resolve } from 'node:path';
import type { Json, Lab, LabOptions, Received } from '@coldstart/contract';
import { VirtualClock } from '../clock/clock.ts';
import { type DurationTable, drawing } from '../clock/durations.ts';
import { seeded } from '../clock/random.ts';
import { etcdEvents } from '../etcd/life.ts';
import { playing } from '../faults/faults.ts';
import { kubernetes } from '../kubernetes/index.ts';
import type { KubernetesModel, Model } from '../model.ts';
import { nodeDurations } from '../nodes/durations.ts';
import { nodeEvents } from '../nodes/life.ts';
import { machine } from '../nodes/machine.ts';
import { tools } from '../tools/index.ts';
import { verdictOf } from '../verdict/verdict.ts';
import { Overlay } from '../world/files.ts';
import { apiAt, dial } from '../world/network.ts';
import type { LabProcess } from '../world/process.ts';
import { type Ground, RehearsalWorld } from '../world/world.ts';
import { withBytes, withoutSecrets } from './configs.ts';
import { configFiles, expectedFrom } from './expected.ts';
import { decodeWorld, encode } from './saved.ts';

/** A lab, and what tests and the benchmark look at beyond the contract. */
export type OpenLab = Lab & {
  readonly world: RehearsalWorld;
  /** The world as the next process of coldstart has it: after the fault `killed`, or for a second operator beside the first. */
  process(): RehearsalWorld;
  /** Resolves when the present `world` was killed by the fault; its calls are never answered again. */
  readonly died: Promise<void>;
  readonly model: Model;
  /** One more fault from now on. Throws a Problem where there is no such fault or node. */
  ask(fault: string): void;
  /** Ends every fault, as if somebody had mended it. */
  lift(): void;
};

export type OpenOptions = LabOptions & { /** Replaces durations by name. */ durations?: DurationTable };

/**
 * Opens a simulated world for a cluster: bare nodes, or the world that an earlier rehearsal saved.
 * Throws a Problem where what was surveyed cannot be simulated, a fault is unknown, or the saved world does not fit.
 */
export async function openLab(options: OpenOptions): Promise<OpenLab> {
  const root = resolve(options.root);
  const saved = options.saved ? decodeWorld(options.saved, options.cluster) : undefined;
  const expected = expectedFrom(options.cluster, options.facts);
  const assumed = new Set<string>();
  const assume = (what: string): void => void assumed.add(what);
  const clock = new VirtualClock(
    options.pace,
    saved?.clock,
    options.wall === undefined ? undefined : Date.parse(options.wall),
  );
  const random = seeded(options.seed, saved?.random.seed === options.seed ? saved.random.drawn : 0);
  const faults = playing(
    options.faults,
    expected.nodes.map((node) => node.name),
    random,
    assume,
  );
  const durations = drawing({ ...nodeDurations, ...options.durations }, random, assume, saved?.durations);
  const scratch = '/lab/scratch';
  const files = new Overlay(
    { state: posix.join(root, '.coldstart'), scratch, real: options.disk === 'real' },
    saved?.files,
  );
  const nodes = new Map(expected.nodes.map((node) => [node.name, machine(node, random, assume)]));
  const configs = configFiles(expected).flatMap((path) => files.read(posix.resolve(root, path)) ?? []);
  for (const node of saved?.nodes ?? [])
    nodes.set(node.name, { ...nodes.get(node.name)!, ...withBytes(node, configs) });
  const received: Received[] = [];

  const model: Model = {
    clock,
    events: clock,
    random,
    durations,
    expected,
    nodes,
    etcd: new Map((saved?.etcd ?? []).map((cluster) => [cluster.id, cluster])),
    apis: new Map<string, KubernetesModel>(),
    remotes: new Map(Object.entries(saved?.remotes ?? {}).map(([url, refs]) => [url, new Map(Object.entries(refs))])),
    pulled: new Set(saved?.pulled),
    files,
    faults,
    received,
    assumed,
    findings: new Set(),
    root,
    dial: (host, port) => dial(model, host, port),
    apiAt: (host, port) => apiAt(model, host, port),
    apiOf: (id) => {
      const made = model.apis.get(id) ?? kubernetes(model, id, null);
      model.apis.set(id, made);
      return made;
    },
  };
  nodeEvents(model);
  etcdEvents(model);
  for (const [id, state] of Object.entries(saved?.apis ?? {})) model.apis.set(id, kubernetes(model, id, state as Json));

  let pid = saved?.nextPid ?? 1000;
  const ground: Ground = {
    model,
    clock,
    files,
    faults,
    root,
    scratch,
    env: options.env,
    processes: new Map<number, LabProcess>(),
    worlds: new Set(),
    nextPid: () => pid++,
    calls: { changing: 0 },
    boot: random.hex(16, 'boot'),
  };
  let world = new RehearsalWorld(ground);
  const touchAll = (): void => {
    for (const api of model.apis.values()) api.touch();
  };

  return {
    get world() {
      return world;
    },
    get died() {
      return world.died;
    },
    process: () => (world = new RehearsalWorld(ground)),
    model,
    ask: (fault) => {
      faults.ask(fault);
      touchAll();
    },
    lift: () => {
      faults.lift();
      touchAll();
    },
    get assumed() {
      return [...assumed];
    },
    verdict: () => verdictOf(model),
    received: () => received,
    fired: () => {
      // The Kubernetes side catches up with its time when it is looked at, and only then do its faults strike.
      for (const api of model.apis.values()) api.state();
      return faults.fired();
    },
    elapsed: () => clock.now,
    save: () =>
      encode({
        cluster: options.cluster,
        clock: clock.save(),
        random: random.save(),
        durations: durations.save(),
        nodes: [...nodes.values()].map(withoutSecrets),
        etcd: [...model.etcd.values()],
        apis: Object.fromEntries([...model.apis].map(([id, api]) => [id, api.save()])),
        remotes: Object.fromEntries([...model.remotes].map(([url, refs]) => [url, Object.fromEntries(refs)])),
        pulled: [...model.pulled],
        files: files.save(),
        nextPid: pid,
      }),
    describe: () => ({
      seed: options.seed,
      virtualMs: clock.now,
      faults: faults.orders.map(({ asked, name, at }) => ({ asked, name, at })),
      tools: tools.map(({ name, version }) => ({ name, version })),
      nodes: [...nodes.values()].map(({ name, address, stage, version }) => ({ name, address, stage, version })),
      etcdClusters: [...model.etcd.keys()],
    }),
    close: async () => {
      world.kill();
      for (const process of ground.processes.values()) process.signal('SIGKILL');
    },
  };
}
