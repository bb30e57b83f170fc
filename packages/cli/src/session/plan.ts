import { resolve } from 'node:path';
import type { Config } from '@oclif/core';
import { EXIT, type Json, type Plan } from '@coldstart/contract';
import type { Answer } from '@coldstart/contract/command';
import { look, type Looked, planDigest } from '@coldstart/engine';
import { planText } from '../output/plan-text.ts';
import type { LockToTake } from '../output/schema.ts';
import { untilStopped } from '../terminal/signals.ts';
import { withBundle } from './bundle.ts';
import type { Request } from './carry.ts';
import { checkExpected } from './expected-plan.ts';
import { isOn, text } from './flags.ts';
import { locksFor } from './locks.ts';
import { findTools, inSession, planFor } from './open.ts';
import { writeWhole } from './disk.ts';

/** Answers the plan, and beside it what a look shows to be done already. Changes nothing; `--offline` looks at nothing. */
export async function answerPlan(config: Config, request: Request): Promise<Answer> {
  return untilStopped((stop) =>
    inSession(config, { ...request, stop: stop.signal }, async (session) => {
      const { flags, procedure, selection } = request;
      const plan = await planFor(session, procedure, await findTools(session), selection);
      await checkExpected(plan, text(flags, 'plan'));
      const looked = isOn(flags, 'offline')
        ? null
        : await look(session.kit, procedure, {
            cluster: session.cluster,
            world: session.world,
            stop: stop.signal,
            past: [],
            facts: session.repository.facts,
            selection,
            ...(selection.items && { items: selection.items }),
          });
      const out = text(flags, 'out');
      const locks = locksFor(session, plan);
      if (out !== undefined)
        await writeWhole(resolve(process.cwd(), out), new TextEncoder().encode(`${JSON.stringify(plan, null, 2)}\n`));
      const answer = {
        exit: EXIT.done,
        result: planDocument(plan, looked, locks),
        text: planText(plan, { looked, facts: session.repository.facts, procedure, out, locks }),
      };
      return withBundle(config, session, answer, { plan, ...(looked && { looked }) });
    }),
  );
}

function planDocument(plan: Plan, looked: readonly Looked[] | null, locks: LockToTake[]): Json {
  return {
    schema: 'coldstart.plan-view/1',
    digest: planDigest(plan),
    plan: plan as unknown as Json,
    seen:
      looked === null
        ? null
        : looked.map(({ step, item, observation }) => ({
            step,
            item,
            state: observation.state,
            cause: observation.cause ?? null,
          })),
    locks,
  };
}
