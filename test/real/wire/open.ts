import type { Facts } from '@coldstart/contract';

import { openLab } from '../../../plugins/lab/src/index.ts';
import type { OpenLab } from '../../../plugins/lab/src/index.ts';
import type { NodeModel } from '../../../plugins/lab/src/nodes/node.ts';
import { wireFaults } from './faults.ts';
import type { WireFaults } from './faults.ts';
import type { Ground } from './machine-api.ts';
import { lifecycleOf } from './lifecycle.ts';
import { otherAuthorities, serveNode } from './node-server.ts';
import type { Call, Shared } from './node-server.ts';
import { loadProtocol } from './protocol.ts';
import { mustPlay } from './played.ts';
import { stateOf } from './state.ts';

export type WireOptions = {
  /** A repository whose addresses are this run's on loopback. */
  root: string;
  cluster: string;
  /** The surveys' facts of it, for the machines that stand there. */
  facts: Facts;
  port: number;
  seed?: number;
  /** Faults of the lab, as `--fault` names them; one that the wire does not play is an error. */
  faults?: string[];
  /** How much faster than the real one the nodes' time runs. */
  pace?: number;
  kubeconfig?: NonNullable<Ground['kubeconfig']>;
  snapshot?: NonNullable<Ground['snapshot']>;
  bootstrapped?: NonNullable<Ground['bootstrapped']>;
  /** Milliseconds after which it closes by itself. */
  within?: number;
};

/** The lab's nodes on this machine's loopback, behind Talos' own API. */
export type Wire = {
  lab: OpenLab;
  /** One more of the lab's faults from now on; throws where the wire does not play it. `lab.ask` is for the lab's own tools. */
  ask: (fault: string) => void;
  node: (name: string) => NodeModel;
  faults: WireFaults;
  /** Every call that reached a node, in the order of arrival. */
  calls: readonly Call[];
  /** Puts doors in step with the nodes at once, after a test changed one. */
  refresh: () => Promise<void>;
  close: () => Promise<void>;
  /** Closes it by itself so many real milliseconds from now, and not when `within` said. */
  closeAfter: (ms: number) => void;
};

/** How often the nodes' time and doors move, real milliseconds. */
const TICK = 20;

/** Opens the nodes. Their time runs by itself from now on. */
export const openWire = async (options: WireOptions): Promise<Wire> => {
  const pace = options.pace ?? 300;
  const names = (options.facts['talos/nodes'] as { name: string }[]).map(({ name }) => name);
  for (const fault of options.faults ?? []) mustPlay(fault, names);
  const protocol = await loadProtocol();
  const lab = await openLab({
    root: options.root,
    cluster: options.cluster,
    facts: options.facts,
    env: { HOME: '/home/operator' },
    seed: options.seed ?? 1,
    faults: options.faults ?? [],
    pace,
    disk: 'memory',
  });
  const { model } = lab;
  const faults = wireFaults();
  const calls: Call[] = [];
  const shared: Shared = {
    ground: {
      model,
      kubeconfig: options.kubeconfig ?? null,
      snapshot: options.snapshot ?? null,
      bootstrapped: options.bootstrapped ?? null,
    },
    protocol,
    state: stateOf(model, protocol),
    lifecycle: lifecycleOf(model, protocol),
    faults,
    calls,
    port: options.port,
    ...(await otherAuthorities()),
  };
  const servers = await Promise.all([...model.nodes.values()].map((node) => serveNode(shared, node)));
  const refresh = async (): Promise<void> => void (await Promise.all(servers.map((server) => server.refresh())));

  const closing = new AbortController();
  let broken: unknown;
  const running = (async () => {
    while (!closing.signal.aborted) {
      // The lab's time moves only while somebody waits in it; this is who always does.
      await lab.world.sleep(TICK * pace);
      if (!closing.signal.aborted) await refresh();
    }
  })().catch((error: unknown) => void (broken = error));

  const close = async (): Promise<void> => {
    clearTimeout(timer);
    if (closing.signal.aborted) return;
    closing.abort();
    await running;
    await Promise.all(servers.map((server) => server.close()));
    await lab.close();
    if (broken !== undefined) throw broken;
  };
  let timer: NodeJS.Timeout | undefined;
  const closeAfter = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void close(), ms).unref();
  };
  closeAfter(options.within ?? 10 * 60_000);

  const node = (name: string): NodeModel => {
    const found = model.nodes.get(name);
    if (!found) throw new Error(`no node ${name}`);
    return found;
  };
  const ask = (fault: string): void => {
    mustPlay(fault, names);
    lab.ask(fault);
  };
  return { lab, ask, node, faults, calls, refresh, close, closeAfter };
};
