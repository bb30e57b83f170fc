import type { Contribution } from '@coldstart/contract';
import { talos } from '../index.ts';

/** The oclif hook `coldstart:contribute`. */
export default async function contribute(): Promise<Contribution> {
  return talos;
}
