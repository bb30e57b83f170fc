import { applyStep } from './apply.ts';

export const applyControlplanes = applyStep('controlplane', {
  id: 'talos/apply-controlplanes',
  title: 'Control planes take their machine configs',
  needs: ['talos/nodes', 'talos/cluster', 'talos/policy'],
  provides: ['talos/applied'],
});
