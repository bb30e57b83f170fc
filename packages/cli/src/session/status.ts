import type { Config } from '@oclif/core';
import { EXIT, type Json } from '@coldstart/contract';
import type { Answer } from '@coldstart/contract/command';
import { derive, formerRuns, type Looked } from '@coldstart/engine';
import { columns } from '../output/columns.ts';
import { seen } from '../output/look.ts';
import type { PhaseStanding, StatusDocument } from '../output/schema.ts';
import { create } from '../procedures/create.ts';
import type { Request } from './carry.ts';
import { lookAnd } from './look.ts';
import type { Session } from './open.ts';
import { standingSteps } from './steps.ts';

/** Where a cluster stands: by a look at it, phase by phase; and what the last run's journal says of where it stopped. */
export function answerStatus(config: Config, request: Request): Promise<Answer> {
  const selection = ({ kit }: Session) => ({ steps: standingSteps(kit) });
  return lookAnd(config, { ...request, selection }, async (session, looked) => {
    const document: StatusDocument = {
      schema: 'coldstart.status/1',
      cluster: session.cluster,
      phases: create.phases.map(({ id, number, title }) => ({
        id,
        number,
        title,
        ...standingOf(looked.filter((l) => l.phase === id)),
      })),
      seen: looked.map(seen),
      lastRun: await lastRun(session),
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

async function lastRun(session: Session): Promise<StatusDocument['lastRun']> {
  const last = (await formerRuns(session.world, session.stateDir)).at(-1);
  if (!last || last.records.length === 0) return null;
  const evidence = derive({ records: last.records, head: '', torn: false });
  const first = evidence.failures[0];
  return {
    run: evidence.run,
    mode: evidence.mode,
    began: evidence.started,
    outcome: last.ended ? evidence.outcome : null,
    stoppedAt: first ? { step: first.step, item: first.item, cause: first.cause } : null,
    next: evidence.next,
  };
}

function statusText({ cluster, phases, lastRun: last }: StatusDocument): string {
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
    lines.push(`last run: ${last.run} (${last.mode}): ${last.outcome ?? 'has no end: it was killed, or still runs'}`);
    if (last.stoppedAt)
      lines.push(
        `  stopped at ${last.stoppedAt.step} ${last.stoppedAt.item}: ${last.stoppedAt.cause ?? 'cause not known'}`,
      );
    if (last.next) lines.push(`  go on with: ${last.next}`);
  }
  return lines.join('\n');
}
