import { policyOf } from '../facts.ts';
import { applyStep } from './apply.ts';

/** A worker's certificate comes through a control plane's trustd: with a virtual endpoint it answers only after bootstrap. */
export const applyWorkers = applyStep('worker', {
  id: 'talos/apply-workers',
  title: 'Workers take their machine configs',
  needs: ['talos/nodes', 'talos/cluster', 'talos/policy', 'kubernetes/answers'],
  provides: ['talos/workers'],
  tolerate: (facts) => policyOf(facts).allowMissingWorkers,
});
