import { parseFault } from '../../../plugins/lab/src/faults/parse.ts';

/**
 * The lab's faults that nodes on the wire play. The others would strike inside the lab alone, where nobody on the wire sees
 * them, so they are refused when the nodes are opened.
 */
export const played: ReadonlySet<string> = new Set([
  // By the address (`face.ts`).
  'unreachable',
  'refused',
  'off',
  'flaps',
  'certificate',
  'impostor',
  'wrong-ca',
  'bond',
  // By the call (`node-server.ts`, `machine-api.ts`).
  'slow',
  'rpc-fails',
  'apply-hangs',
  'eof-after-success',
  'taken',
  'boot-image-older',
  // By the node's own life and what it shows of itself, which are the lab's.
  'disk-mismatch',
  'link-down',
  'image-pull',
  'back-to-maintenance',
  'other-media',
  'mtu',
  'reboots',
  'disk-errors',
  'clock',
  'bootstrap-early',
  'stale-etcd',
  'etcd-no-spec',
  'crash',
  'learner-stuck',
]);

/** Those that the lab counts by connections, which a port that refuses cannot count. */
const uncounted: ReadonlySet<string> = new Set(['unreachable', 'refused']);

/** Throws where the wire does not play a fault as the lab does. */
export const mustPlay = (fault: string, nodes: readonly string[]): void => {
  const { name, count } = parseFault(fault, nodes);
  if (!played.has(name)) throw new Error(`nodes on the wire do not play the lab's fault ${name}`);
  if (uncounted.has(name) && Number.isFinite(count))
    throw new Error(`nodes on the wire do not count connections: ${fault}`);
};
