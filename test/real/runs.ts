import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { JournalRecord, Plan } from '@coldstart/contract';
import type { Evidence } from '@coldstart/engine';

import type { Finished } from './children.ts';
import { busy } from './received.ts';
import type { ReceivedCall } from './received.ts';

/** What `cluster create --json` prints. */
export type RunDocument = {
  schema: 'coldstart.run/1';
  exit: number;
  evidence: Evidence;
  failure: {
    step: string;
    item: string;
    cause: string;
    remedy: string | null;
    page: string | null;
    next: string;
  } | null;
  journal: string;
  files: string[];
};

/** What `cluster plan --json` prints. */
export type PlanView = { digest: string; plan: Plan; seen: { step: string; item: string; state: string }[] };

/** A run's document; where it printed none, an error with what it said. */
export const resultOf = (done: Finished): RunDocument => {
  let document: Partial<RunDocument> = {};
  try {
    document = JSON.parse(done.stdout) as Partial<RunDocument>;
  } catch {
    // Told below, with everything that it said.
  }
  if (document.exit === undefined || document.exit !== done.exit) {
    throw new Error(`exit ${done.exit ?? done.signal}: ${done.stdout}\n${done.stderr}`);
  }
  return document as RunDocument;
};

export const stepsOf = ({ phases }: Evidence) => phases.flatMap(({ steps }) => steps);

export const journalOf = async (root: string, { journal }: RunDocument): Promise<JournalRecord[]> =>
  (await readFile(join(root, journal), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as JournalRecord);

/** Processor time of one process, in milliseconds, as it stood at moments (milliseconds since 1970). */
export type Spent = { at: number; ms: number }[];

/** Clock ticks in a second: Linux has told every program 100 for decades. */
const TICKS = 100;

/** Notes the processor time of a process, its children left out, until it is gone. */
export const watchSpent = (pid: number): { end: () => Spent } => {
  const spent: Spent = [];
  const note = (): void => {
    try {
      // The name, which may hold anything, ends with the last parenthesis; utime and stime are the 14th and 15th field.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      spent.push({ at: new Date().getTime(), ms: ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS });
    } catch {
      clearInterval(timer);
    }
  };
  const timer = setInterval(note, 100);
  note();
  return {
    end: () => {
      clearInterval(timer);
      return spent;
    },
  };
};

const spentBetween = (spent: Spent, from: number, to: number): number => {
  const at = (moment: number): number => spent.findLast((one) => one.at <= moment)?.ms ?? 0;
  return at(to) - at(from);
};

export type PhaseTime = {
  phase: string;
  wall: number;
  /** While at least one tool ran for something else than preparing charts. */
  tools: number;
  /** While only charts were being prepared. */
  charts: number;
  /** While no tool ran: waiting until it is time to look again, and our own work. */
  neither: number;
  /** Processor time of coldstart's own process; null where it was not watched. */
  own: number | null;
};

/** How long each phase of a run took, and the whole of it. `calls` are those that the tools received from outside. */
export const timesOf = (
  { evidence }: RunDocument,
  records: readonly JournalRecord[],
  calls: readonly ReceivedCall[],
  spent: Spent | null = null,
): PhaseTime[] => {
  const at = (type: string, phase: string): number =>
    Date.parse(records.find((record) => record.type === type && 'phase' in record && record.phase === phase)?.at ?? '');
  const spans = evidence.phases
    .map(({ id }) => [`phase ${id}`, at('phase-start', id), at('phase-end', id)] as const)
    .filter(([, from, to]) => to >= from);
  const whole = [`run (${calls.length} calls)`, Date.parse(evidence.started), Date.parse(evidence.ended)] as const;
  const waitedFor = calls.filter(({ argv }) => !argv.includes('template'));
  return [...spans, whole].map(([phase, from, to]) => {
    const [tools, all] = [busy(waitedFor, from, to), busy(calls, from, to)].map(Math.round) as [number, number];
    const own = spent && Math.round(spentBetween(spent, from, to));
    return { phase, wall: to - from, tools, charts: all - tools, neither: to - from - all, own };
  });
};

/** Prints such times for whoever reads the lane's output. */
export const tellTimes = (who: string, times: readonly PhaseTime[]): void => {
  for (const { phase, wall, tools, charts, neither, own } of times) {
    const parts = [`tools ${tools} ms`, `only charts ${charts} ms`, `neither ${neither} ms`].join(' + ');
    const work =
      own === null
        ? ''
        : `; of it our own work (processor time of coldstart) ${own} ms, waiting for others ${Math.max(0, wall - own)} ms`;
    process.stderr.write(`${who}: ${phase}: ${wall} ms = ${parts}${work}\n`);
  }
};
