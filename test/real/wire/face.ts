import type { Model } from '../../../plugins/lab/src/model.ts';
import { isImpostor } from '../../../plugins/lab/src/nodes/impostor.ts';
import { hasBooted } from '../../../plugins/lab/src/nodes/masked.ts';
import type { NodeModel } from '../../../plugins/lab/src/nodes/node.ts';
import type { WireFaults } from './faults.ts';

/**
 * What a node's address shows. `own` is its cluster's CA, `foreign` another cluster's, `impostor` somebody else's server;
 * `stranger` is another machine in maintenance; `misnamed` is the own one with a certificate for another address.
 */
export type Face = 'refused' | 'silent' | 'maintenance' | 'stranger' | 'own' | 'misnamed' | 'foreign' | 'impostor';

/** A face, and the fault of the lab that it is for, if any. */
export type Seen = { face: Face; fault: string | null };

/**
 * The face of a node now, by its stage and by the faults of the lab and of the wire, in the lab's own order. Unlike the lab's
 * look it counts no strike: it is asked at each tick.
 */
export const seenOf = (model: Model, faults: WireFaults, node: NodeModel): Seen => {
  const pending = (fault: string): boolean => model.faults.pending(fault, node.name);
  const plain = (face: Face): Seen => ({ face, fault: null });
  switch (faults.ofAddress(node.name)) {
    case 'refused':
      return plain('refused');
    case 'silent':
      return plain('silent');
    case 'stale-secrets':
      return plain('foreign');
    case 'impostor':
      return plain('impostor');
    default:
  }
  // Loopback drops no packets: the nearest to an address that does not answer is one that takes connections in silence.
  for (const fault of ['unreachable', 'off', ...(hasBooted(node) ? ['bond'] : [])])
    if (pending(fault)) return { face: 'silent', fault };
  if (node.stage === 'off') return plain('silent');
  if (pending('refused')) return { face: 'refused', fault: 'refused' };
  if (pending('flaps') && faults.away()) return { face: 'refused', fault: 'flaps' };
  if (pending('impostor')) return { face: 'stranger', fault: 'impostor' };
  if (pending('wrong-ca')) return { face: 'foreign', fault: 'wrong-ca' };
  if (node.stage === 'maintenance') return plain('maintenance');
  const up = (node.stage === 'booting' || node.stage === 'running') && node.certified && node.config !== null;
  if (!up) return plain('refused');
  if (pending('certificate')) return { face: 'misnamed', fault: 'certificate' };
  return plain(faults.ofAddress(node.name) === 'certificate' ? 'misnamed' : 'own');
};

export const faceOf = (model: Model, faults: WireFaults, node: NodeModel): Face => seenOf(model, faults, node).face;

/** Whether what answers at the node's address is in maintenance: the node, or another machine in its place. */
export const answersInMaintenance = (model: Model, node: NodeModel): boolean =>
  node.stage === 'maintenance' || isImpostor(model, node);
