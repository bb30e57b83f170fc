import type { Ms } from '@coldstart/contract';
import type { Clock, Random } from '../model.ts';
import { draw } from './durations.ts';
import type { KubeObject } from './object.ts';
import { at } from './object.ts';
import { seconds, type Stored } from './store.ts';

/** How long a definition that the fault `crd-slow` struck stays unestablished: longer than anybody waits. */
export const SLOW: Ms = 15 * 60_000;

/** When the API server has established a definition. `slow`: moments before which those that the fault struck are not. */
export function establishedAt(definition: Stored, random: Random, slow: Readonly<Record<string, Ms>>): Ms {
  const { name } = definition.object.metadata;
  return slow[name] ?? definition.at + draw(random, 'crd established', name);
}

/** The definition with the conditions that the API server has set by now. */
export function withConditions(definition: Stored, established: Ms, clock: Clock): KubeObject {
  const up = clock.now >= established;
  const names = at(definition.object, 'spec', 'names') ?? {};
  const since = seconds(clock.wall(definition.at));
  return {
    ...definition.object,
    status: {
      acceptedNames: names,
      storedVersions: [at(definition.object, 'spec', 'versions', 0, 'name') ?? ''],
      conditions: [
        {
          type: 'NamesAccepted',
          status: 'True',
          reason: 'NoConflicts',
          message: 'no conflicts found',
          lastTransitionTime: since,
        },
        {
          type: 'Established',
          status: up ? 'True' : 'False',
          reason: up ? 'InitialNamesAccepted' : 'Installing',
          message: 'the initial names have been accepted',
          lastTransitionTime: up ? seconds(clock.wall(established)) : since,
        },
      ],
    },
  };
}
