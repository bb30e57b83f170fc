import type { Ms } from '@coldstart/contract';
import type { Durations } from '../model.ts';

/** What the bound is taken over: the machines, and how many may be sent their config at once. */
export type Shape = {
  /** In the repository's order. */
  nodes: readonly { name: string; role: 'controlplane' | 'worker' }[];
  /** How many apply calls run side by side; `all` for no bound. The install is not bounded by it. */
  width: number | 'all';
  /** Least time between two looks of a caller who waits; a change is seen at most this much later. 0 for a caller who sees all. */
  look?: Ms;
};

/**
 * The earliest moment (ms after the first apply) at which all nodes of a bare cluster can be registered, whoever drives it:
 * the longest path over the nodes' own durations in the order of C3 (control planes by width, bootstrap on the first, the API,
 * then workers by width). Computed from the model's durations alone: no run, no journal.
 */
export function makespanBound(durations: Pick<Durations, 'peek'>, shape: Shape): Ms {
  const look = shape.look ?? 0;
  const controlPlanes = shape.nodes.filter((node) => node.role === 'controlplane').map((node) => node.name);
  const workers = shape.nodes.filter((node) => node.role === 'worker').map((node) => node.name);
  const first = controlPlanes[0];
  if (first === undefined) return 0;

  const booted = startedAt(durations, controlPlanes, shape.width, 0, (name, sent) => sent + bootOf(durations, name));
  const all = Math.max(...booted.values());
  // Phase order: every control plane is configured and up before bootstrap is asked for.
  const available = Math.max(all, booted.get(first)! + durations.peek('node/bootstrap-available', first));
  const bootstrapped = seen(available, look) + callOf(durations, first) + durations.peek('talosctl/bootstrap', first);
  const etcd = bootstrapped + durations.peek('etcd/start', first);
  const api = etcd + durations.peek('node/apiserver', first);
  const voters = joined(durations, controlPlanes.slice(1), etcd);

  const sentWorkers = startedAt(
    durations,
    workers,
    shape.width,
    seen(api, look),
    (name, sent) => sent + bootOf(durations, name),
  );
  const ends = [api, ...voters.values()];
  for (const name of controlPlanes) ends.push(api + durations.peek('node/kubelet', name));
  for (const [name, at] of sentWorkers)
    ends.push(at + durations.peek('node/certificate', name) + durations.peek('node/kubelet', name));
  return Math.max(...ends);
}

/** When each has booted: its apply begins as soon as one of `width` slots is free. */
function startedAt(
  durations: Pick<Durations, 'peek'>,
  names: readonly string[],
  width: number | 'all',
  from: Ms,
  until: (name: string, sent: Ms) => Ms,
): Map<string, Ms> {
  const length = Math.max(1, Math.min(width === 'all' ? names.length : width, names.length));
  const slots = Array.from({ length }, () => from);
  const done = new Map<string, Ms>();
  for (const name of names) {
    const slot = slots.indexOf(Math.min(...slots));
    const sent = slots[slot]! + applyOf(durations, name);
    slots[slot] = sent;
    done.set(name, until(name, sent));
  }
  return done;
}

/** Further control planes become voters one after the other. */
function joined(durations: Pick<Durations, 'peek'>, names: readonly string[], from: Ms): Map<string, Ms> {
  const voters = new Map<string, Ms>();
  let at = from;
  for (const name of names) {
    at += durations.peek('etcd/join', name) + durations.peek('etcd/promote', name);
    voters.set(name, at);
  }
  return voters;
}

const callOf = (durations: Pick<Durations, 'peek'>, name: string): Ms =>
  durations.peek('talosctl/start', 'talosctl') + durations.peek('talosctl/rpc', name);
const applyOf = (durations: Pick<Durations, 'peek'>, name: string): Ms =>
  callOf(durations, name) + durations.peek('talosctl/apply', name);
const bootOf = (durations: Pick<Durations, 'peek'>, name: string): Ms =>
  durations.peek('node/install', name) + durations.peek('node/reboot', name);
const seen = (at: Ms, look: Ms): Ms => (look === 0 ? at : Math.ceil(at / look) * look);
