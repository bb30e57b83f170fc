import type { Observation } from '@coldstart/contract';
import type { TalosNode } from '../facts.ts';
import { adviceFor } from '../remedies.ts';
import type { NodeLook } from './look.ts';

/** A node of another cluster is left alone, whatever was to be done with it. */
export const foreignNode = (node: TalosNode, { signals }: NodeLook): Observation => ({
  state: 'blocked',
  refuse: true,
  signals,
  cause: `${node.name} (${node.address}) shows a certificate of another cluster's CA`,
  ...adviceFor('foreign-ca'),
});
