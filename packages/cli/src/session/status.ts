import type { Config } from '@oclif/core';
import { EXIT, type Json } from '@coldstart/contract';
import type { Answer } from '@coldstart/contract/command';
import { canLive, derive, formerRuns, lockHolder, type Looked } from '@coldstart/engine';
import { columns } from '../output/columns.ts';
import { seen } from '../output/look.ts';
import type { PhaseStanding, StatusDocument, Unbundled } from '../output/schema.ts';
import { create } from '../procedures/create.ts';
import type { Request } from './carry.ts';
import { lookAnd } from './look.ts';
import type { Session } from './open.ts';
import { standingSteps } from './steps.ts';

/** Where a cluster stands: by a look at it, phase by phase; and what the last run's journal says of where it stopped. */
export function answerStatus(config: Config, request: Request): Promise<Answer> {
  const selection = ({ kit }: Session) => ({ steps: standingSteps(kit) });
  return lookAnd(config, { ...request, selection }, async (session, looked) => {
    const document: Unbundled<StatusDocument> = {
      schema: 'coldstart.status/1',
      cluster: session.cluster,
      phases: create.phases.map(({ id, number, title }) => ({
        id,
        number,
        title,
        ...standingOf(looked.filter((l) => l.phase === id)),
      })),
      seen: looked.map(seen),
      ...(await journals(session)),
    };
    return { exit: EXIT.done, result: document as unknown as Json, text: statusText(document) };
  });
}

function standingOf(looked: readonly Looked[]): {
  standing: PhaseStanding;
  done: number;
  of: number;
  missing: string | null;
} {
  const done = looked.filter(({ observation }) => observation.state === 'done').length;
  const first = looked.find(({ observation }) => observation.state !== 'done');
  const { step, item, observation } = first ?? {};
  const missing = first ? `${step} ${item}: ${observation?.cause ?? observation?.state}` : null;
  return { standing: standing(looked, done), done, of: looked.length, missing };
}

function standing(looked: readonly Looked[], done: number): PhaseStanding {
  if (looked.length === 0) return 'not-installed';
  if (done === looked.length) return 'done';
  if (done > 0 || looked.some(({ observation }) => observation.state === 'converging')) return 'begun';
  return looked.every(({ observation }) => observation.state === 'unknown') ? 'unknown' : 'not-begun';
}

/** What the journals say: of the last run that can be told of, and of those that cannot. */
async function journals(session: Session): Promise<Pick<StatusDocument, 'lastRun' | 'unreadable'>> {
  const runs = await formerRuns(session.world, session.stateDir);
  const unreadable = runs.flatMap(({ id, damage }) => (damage === null ? [] : [{ run: id, cause: damage }]));
  // What stands in one whose middle is damaged is still the best that is known.
  const last = runs.findLast(({ records }) => records[0]?.type === 'run-start');
  if (!last) return { lastRun: null, unreadable };
  const evidence = derive({ records: last.records, head: '', torn: false });
  const first = evidence.failures[0];
  const lastRun = {
    run: evidence.run,
    mode: evidence.mode,
    began: evidence.started,
    outcome: last.ended ? evidence.outcome : null,
    runs: !last.ended && (await isHeld(session, evidence.run)),
    stoppedAt: first ? { step: first.step, item: first.item, cause: first.cause } : null,
    unknown: evidence.unknown.map(({ step, item, action }) => ({ step, item, action })),
    next: evidence.next,
  };
  return { lastRun, unreadable };
}

/** Whether the process that began it holds the lock and lives; of another machine's that cannot be told, so it counts as alive. */
async function isHeld({ world, stateDir }: Session, run: string): Promise<boolean> {
  const holder = await lockHolder(world, `${stateDir}/lock`);
  if (holder?.run !== run) return false;
  return holder.host !== world.host().host || canLive(world, holder);
}

function statusText({ cluster, phases, lastRun: last, unreadable }: Unbundled<StatusDocument>): string {
  const rows = phases.map(({ number, id, standing: stands, done, of, missing }) => [
    String(number),
    id,
    stands.replace('-', ' '),
    of === 0 ? '' : `${done}/${of}`,
    missing ?? '',
  ]);
  const lines = [
    `cluster ${cluster}`,
    ...columns([['', 'PHASE', 'STANDS', 'DONE', 'FIRST THING MISSING'], ...rows]),
    '',
  ];
  if (!last) lines.push('no run of it is recorded here');
  else {
    const ended = last.outcome ?? (last.runs ? 'it is on its way' : 'it was killed, its journal has no end');
    lines.push(`last run: ${last.run} (${last.mode}): ${ended}`);
    if (last.stoppedAt)
      lines.push(
        `  stopped at ${last.stoppedAt.step} ${last.stoppedAt.item}: ${last.stoppedAt.cause ?? 'cause not known'}`,
      );
    for (const { step, item, action } of last.runs ? [] : last.unknown)
      lines.push(`  whether ${step} ${item} ${action} took effect is not recorded; the next run looks before it acts`);
    if (last.next) lines.push(`  go on with: ${last.next}`);
  }
  for (const { run, cause } of unreadable) lines.push(`the journal of run ${run} is damaged: ${cause}`);
  return lines.join('\n');
}
