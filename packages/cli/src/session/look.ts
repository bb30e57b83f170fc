import type { Config } from '@oclif/core';
import { EXIT, type Exit, type Json, type Procedure } from '@coldstart/contract';
import type { Answer } from '@coldstart/contract/command';
import { formerRuns, generationOf, look, type Looked, pastOf, type Selection } from '@coldstart/engine';
import { lockLines } from '../output/plan-text.ts';
import { lookDocument, lookTable, lookText, type Table } from '../output/look.ts';
import { untilStopped } from '../terminal/signals.ts';
import { withBundle } from './bundle.ts';
import { checkItems, type Flags } from './flags.ts';
import { locksOf } from './locks.ts';
import { inSession, type Session } from './open.ts';

export type LookRequest = {
  cluster: string;
  flags: Flags;
  procedure: Procedure;
  selection: Selection | ((session: Session) => Selection);
  table?: Table;
  /** Says which locks a run would take, too. */
  locks?: true;
};

/** Looks at steps without changing anything, takes no lock, and hands what it saw to `answer`. */
export async function lookAnd(
  config: Config,
  request: LookRequest,
  answer: (session: Session, looked: Looked[]) => Answer | Promise<Answer>,
): Promise<Answer> {
  return untilStopped((stop) =>
    inSession(config, { ...request, stop: stop.signal }, async (session) => {
      const selection = typeof request.selection === 'function' ? request.selection(session) : request.selection;
      checkItems(session.kit, selection, session.repository.facts);
      const former = await formerRuns(session.world, session.stateDir);
      const all = await look(session.kit, request.procedure, {
        cluster: session.cluster,
        world: session.world,
        stop: stop.signal,
        past: pastOf(former, await generationOf(session.world, session.cluster), session.world),
        facts: session.repository.facts,
        selection,
        ...(selection.items && { items: selection.items }),
      });
      await session.rehearsal?.save();
      // A selected step brings its phase's preflight along, which says whether one may act, not what stands.
      const { steps } = selection;
      const looked = steps ? all.filter(({ step }) => steps.includes(step)) : all;
      return withBundle(config, session, await answer(session, looked), { looked });
    }),
  );
}

/** Looks at steps and answers with what was seen; `fails` is the exit code where not all is done. */
export function answerLook(config: Config, request: LookRequest, fails: Exit = EXIT.check): Promise<Answer> {
  return lookAnd(config, request, (session, looked) => {
    const locks = request.locks && locksOf(session);
    const text = request.table ? lookTable(looked, request.table) : lookText(looked);
    return {
      exit: looked.every(({ observation }) => observation.state === 'done') ? EXIT.done : fails,
      result: { ...lookDocument(session.cluster, looked), ...(locks && { locks }) } as unknown as Json,
      text: [text, ...lockLines(locks ?? [])].join('\n'),
    };
  });
}
