/**
 * What a test can do to one node on the wire. `slow` and `rpc-fails` are the lab's too (`--fault slow@infra-02`), which come here
 * with the lab's counts. The other faults of the lab that nodes on the wire play are in `played.ts`.
 *
 * - `refused`: nothing listens; `silent`: connections are taken and nothing is said.
 * - `stale-secrets`: the node has another cluster's CA of the same name; `impostor`: somebody else's server answers there, which nobody takes
 *   for the node (a machine in maintenance, which is given the config, is the lab's `impostor`);
 *   `certificate`: the node's certificate is for another address.
 * - `hang`: a call is never answered; `hang-after`: it is carried out and never answered; `eof-before` and `eof-after`: the connection is closed before or after the call was
 *   carried out, without an answer; `rst-after`: the same with a reset.
 * - `slow`: a call is carried out, and its answer comes `by` milliseconds late; `rpc-fails`: it is answered with Unavailable, and
 *   nothing is done. Both also strike what a control plane passes on to the node.
 */
export type Fault = {
  node: string;
  kind:
    | 'refused'
    | 'silent'
    | 'stale-secrets'
    | 'impostor'
    | 'certificate'
    | 'hang'
    | 'hang-after'
    | 'eof-before'
    | 'eof-after'
    | 'rst-after'
    | 'slow'
    | 'rpc-fails';
  /** For what strikes a call: the method's name, e.g. `Bootstrap`; any method where it is absent. */
  method?: string;
  /** How many calls it strikes; without end where it is absent. */
  times?: number;
  /** For `slow`: real milliseconds; `SLOW` where it is absent. */
  by?: number;
};

/** Ten times what a call takes here, talosctl's own start included; real milliseconds. */
export const SLOW = 1000;

/** For how long a node that flaps answers, and for how long it does not, as in the lab; real milliseconds. */
export const FLAP = 7000;

/** What strikes a connection that a call came by. */
const ofConnections = ['hang', 'hang-after', 'eof-before', 'eof-after', 'rst-after'] as const;
/** What strikes a call, by whatever way it came. */
const ofAnswers = ['slow', 'rpc-fails'] as const;
const ofCalls: ReadonlySet<Fault['kind']> = new Set([...ofConnections, ...ofAnswers]);

export type WireFaults = {
  add: (fault: Fault) => void;
  /** Takes all faults of a node away. */
  mend: (node: string) => void;
  /** The fault of the node's address as a whole. */
  ofAddress: (node: string) => Fault['kind'] | undefined;
  /** The fault that strikes the connection of this call; counted. */
  strikes: (node: string, method: string) => (typeof ofConnections)[number] | undefined;
  /** Whether this call is answered with Unavailable; counted. */
  fails: (node: string, method: string) => boolean;
  /** By how many real milliseconds this call's answer is late; counted. */
  late: (node: string, method: string) => number;
  /** Whether a node that flaps is away now: by the real clock, since in the nodes' own time it would be away for a blink. */
  away: () => boolean;
};

export const wireFaults = (): WireFaults => {
  let faults: (Fault & { left: number })[] = [];
  const began = performance.now();
  const take = (kinds: readonly Fault['kind'][], node: string, method: string): Fault | undefined => {
    const fits = (fault: Fault & { left: number }): boolean =>
      fault.node === node && kinds.includes(fault.kind) && fault.left > 0 && (fault.method ?? method) === method;
    const fault = faults.find(fits);
    if (fault) fault.left -= 1;
    return fault;
  };
  return {
    add: (fault) => void faults.push({ ...fault, left: fault.times ?? Number.POSITIVE_INFINITY }),
    mend: (node) => void (faults = faults.filter((fault) => fault.node !== node)),
    ofAddress: (node) => faults.find((fault) => fault.node === node && !ofCalls.has(fault.kind))?.kind,
    strikes: (node, method) => take(ofConnections, node, method)?.kind as (typeof ofConnections)[number] | undefined,
    fails: (node, method) => take(['rpc-fails'], node, method) !== undefined,
    late: (node, method) => {
      const fault = take(['slow'], node, method);
      return fault ? (fault.by ?? SLOW) : 0;
    },
    away: () => Math.floor((performance.now() - began) / FLAP) % 2 === 1,
  };
};
