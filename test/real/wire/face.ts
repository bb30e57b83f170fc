import type { Model } from '../../../plugins/lab/src/model.ts';
import { isCutOff } from '../../../plugins/lab/src/nodes/masked.ts';
import type { NodeModel } from '../../../plugins/lab/src/nodes/node.ts';
import type { WireFaults } from './faults.ts';

/**
 * What a node's address shows. `own` is its cluster's CA, `foreign` another cluster's, `impostor` somebody
 * else's; `misnamed` is the own one with a certificate for another address.
 */
export type Face = 'refused' | 'silent' | 'maintenance' | 'own' | 'misnamed' | 'foreign' | 'impostor';

/**
 * The face of a node now, by its stage and by the faults of the lab and of the wire. Unlike the lab's own look it counts no
 * strike: it is asked at each tick.
 */
export const faceOf = (model: Model, faults: WireFaults, node: NodeModel): Face => {
  switch (faults.ofAddress(node.name)) {
    case 'refused':
      return 'refused';
    case 'silent':
      return 'silent';
    case 'stale-secrets':
      return 'foreign';
    case 'impostor':
      return 'impostor';
    default:
  }
  // Loopback drops no packets: the nearest to an address that does not answer is one that takes connections in silence.
  if (node.stage === 'off' || isCutOff(model, node) || model.faults.pending('unreachable', node.name)) return 'silent';
  if (model.faults.pending('refused', node.name)) return 'refused';
  if (model.faults.pending('wrong-ca', node.name)) return 'foreign';
  if (node.stage === 'maintenance') return 'maintenance';
  const up = (node.stage === 'booting' || node.stage === 'running') && node.certified && node.config !== null;
  if (!up) return 'refused';
  const misnamed = faults.ofAddress(node.name) === 'certificate' || model.faults.pending('certificate', node.name);
  return misnamed ? 'misnamed' : 'own';
};
