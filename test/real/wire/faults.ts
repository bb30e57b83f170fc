/**
 * What a test can do to one node on the wire.
 *
 * - `refused`: nothing listens; `silent`: connections are taken and nothing is said.
 * - `stale-secrets`: the node has another cluster's CA of the same name; `impostor`: somebody else's server answers there;
 *   `certificate`: the node's certificate is for another address.
 * - `hang`: a call is never answered; `hang-after`: it is carried out and never answered; `eof-before` and `eof-after`: the connection is closed before or after the call was
 *   carried out, without an answer; `rst-after`: the same with a reset.
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
    | 'rst-after';
  /** For what strikes a call: the method's name, e.g. `Bootstrap`; any method where it is absent. */
  method?: string;
  /** How many calls it strikes; without end where it is absent. */
  times?: number;
};

const ofCalls: ReadonlySet<Fault['kind']> = new Set([
  'hang',
  'hang-after',
  'eof-before',
  'eof-after',
  'rst-after',
] as const);

export type WireFaults = {
  add: (fault: Fault) => void;
  /** Takes all faults of a node away. */
  mend: (node: string) => void;
  /** The fault of the node's address as a whole. */
  ofAddress: (node: string) => Fault['kind'] | undefined;
  /** The fault that strikes this call; counted. */
  strikes: (node: string, method: string) => Fault['kind'] | undefined;
};

export const wireFaults = (): WireFaults => {
  let faults: (Fault & { left: number })[] = [];
  return {
    add: (fault) => void faults.push({ ...fault, left: fault.times ?? Number.POSITIVE_INFINITY }),
    mend: (node) => void (faults = faults.filter((fault) => fault.node !== node)),
    ofAddress: (node) => faults.find((fault) => fault.node === node && !ofCalls.has(fault.kind))?.kind,
    strikes: (node, method) => {
      const fits = (fault: Fault & { left: number }): boolean =>
        fault.node === node && ofCalls.has(fault.kind) && fault.left > 0 && (fault.method ?? method) === method;
      const fault = faults.find(fits);
      if (fault) fault.left -= 1;
      return fault?.kind;
    },
  };
};
