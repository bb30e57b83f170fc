import type { Ms } from '@coldstart/contract';
import { CILIUM } from './charts/definitions.ts';
import { crds } from './charts/parts.ts';
import type { ControlPlane } from './control-plane.ts';
import { draw } from './durations.ts';
import { helmReleases } from './flux/helm-releases.ts';
import { instances } from './flux/instances.ts';
import { kustomizations } from './flux/kustomizations.ts';
import { sources } from './flux/sources.ts';
import { podsOf } from './workloads.ts';
import { BUILT_IN, findType, type ResourceType } from './kinds.ts';

/** Something that a controller does by itself at a moment of the world. */
export type Chore = { at: Ms; key: string; run: (at: Ms) => void };

/** A controller: what it has to do next, as things stand. Asked again after each chore. */
export type Controller = (plane: ControlPlane) => Chore[];

/** cilium-operator registers Cilium's own definitions when its first pod runs. */
const ciliumOperator: Controller = (plane) => {
  if (plane.notes['cilium-operator'] !== undefined) return [];
  const operator = plane.store
    .byKind('Deployment')
    .find(({ object }) => object.metadata.labels?.['io.cilium/app'] === 'operator');
  if (operator === undefined) return [];
  const first = Math.min(...podsOf(operator, plane.ground).map((pod) => pod.ready));
  if (first === Infinity) return [];
  return [
    {
      at: first + draw(plane.model.random, 'object taken up by an operator', 'cilium'),
      key: 'cilium-operator',
      run: (at) => {
        plane.notes['cilium-operator'] = at;
        const definition = findType(BUILT_IN, 'CustomResourceDefinition') as ResourceType;
        for (const object of crds('cilium', CILIUM))
          plane.store.apply(definition, object, { manager: 'cilium-operator', force: true, at });
      },
    },
  ];
};

export const CONTROLLERS: readonly Controller[] = [ciliumOperator, instances, sources, kustomizations, helmReleases];
