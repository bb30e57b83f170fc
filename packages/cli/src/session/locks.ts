import type { Plan } from '@coldstart/contract';
import { plansActions } from '@coldstart/engine';
import type { LockToTake } from '../output/schema.ts';
import type { Session } from './open.ts';

/** The locks that a run would take, in the order in which it takes them. One whose facts nothing can tell is not taken. */
export function locksOf(session: Pick<Session, 'kit' | 'cluster' | 'repository' | 'stateDir'>): LockToTake[] {
  const { kit, cluster, stateDir } = session;
  const { facts } = session.repository;
  const provided = [...kit.steps.values()].flatMap((step) => step.provides);
  const shared = [...kit.locks.values()].filter(({ needs }) =>
    needs.every((need) => need in facts || provided.includes(need)),
  );
  return [
    { id: 'file', where: `the file ${stateDir}/lock` },
    ...shared.map(({ id, where }) => ({ id, where: where({ cluster, facts }) })),
  ];
}

/** The locks that a run of this plan would take. */
export const locksFor = (session: Session, plan: Plan): LockToTake[] => (plansActions(plan) ? locksOf(session) : []);
