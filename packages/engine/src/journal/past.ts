import {
  EXIT,
  Problem,
  type Child,
  type JournalRecord,
  type Past,
  type RecordOf,
  type World,
} from '@coldstart/contract';
import { actionName } from '../evidence/items.ts';
import { readJournal, type JournalRead } from '../evidence/read-journal.ts';
import { unquoteWords } from '../plan/show.ts';

/** An earlier run of this cluster, as its journal tells. */
export type FormerRun = {
  id: string;
  path: string;
  records: JournalRecord[];
  /** It has a last record. */
  ended: boolean;
  /** Why it is no whole account of that run, in words; null where it is one, also where its last line was cut off. */
  damage: string | null;
  /** The schema that a newer coldstart wrote it in; null where it is ours, or cannot be told. */
  newer: string | null;
};

export type OpenChild = {
  run: string;
  phase: string;
  step: string;
  item: string;
  action: string;
  attempt: number;
  child: Child;
  /** Wall clock at which its time is up, ms since 1970. */ until: number;
};

/** The journals below `<state>/runs`, oldest first. What cannot be read of one is passed over: the world is looked at anyway. */
export async function formerRuns(world: World, state: string): Promise<FormerRun[]> {
  const runs: FormerRun[] = [];
  for (const file of await world.list(`${state}/runs`)) {
    const id = /^([^/]+)\/journal\.jsonl$/.exec(file)?.[1];
    if (id === undefined) continue;
    const path = `${state}/runs/${file}`;
    const bytes = await world.read(path, 256 * 1024 * 1024);
    if (!bytes) continue;
    const read = readJournal(bytes);
    const { records } = read;
    const ended = records.at(-1)?.type === 'run-end';
    runs.push({ id, path, records, ended, damage: damageOf(read), newer: newerSchema(bytes) });
  }
  return runs;
}

function damageOf({ records, problems }: JournalRead): string | null {
  const [first] = problems;
  if (first) return `line ${first.line}: ${first.what}`;
  if (records.length === 0) return 'it holds no whole record';
  return records[0]?.type === 'run-start' ? null : 'it does not begin with the start of a run';
}

const SCHEMA = /^\{[^\n]{0,400}?"schema":"(coldstart\.journal\/(\d+))"/;

/** By its first line alone, of which only this much is taken for granted. */
function newerSchema(bytes: Uint8Array): string | null {
  const [, schema, version] = SCHEMA.exec(new TextDecoder().decode(bytes.subarray(0, 512))) ?? [];
  return schema !== undefined && Number(version) > 1 ? schema : null;
}

/** What a newer coldstart began may be of a kind that is not known here: nothing is changed beside it. */
export function refuseNewer(runs: readonly FormerRun[]): void {
  const found = runs.find(({ newer }) => newer !== null);
  if (!found) return;
  throw new Problem(
    `The run ${found.id} was journalled by a newer coldstart (${found.newer}); this one writes coldstart.journal/1.`,
    {
      exit: EXIT.refused,
      remedy: `Go on with that version. Where it has surely ended, move ${found.path.replace(/\/journal\.jsonl$/, '')} away: the world itself is looked at all the same.`,
      page: 'newer-journal',
    },
  );
}

type Told = {
  phase: string;
  step: string;
  item: string;
  action: string;
  attempt: number;
  start?: RecordOf<'action-start'>;
  spawned?: RecordOf<'action-spawned'>;
  end?: RecordOf<'action-end'>;
};

/** All that a journal tells of each action, by attempt, in the order in which they were begun. */
function actionsOf({ records }: FormerRun): Told[] {
  const told = new Map<string, Told>();
  for (const record of records) {
    if (record.type !== 'action-start' && record.type !== 'action-spawned' && record.type !== 'action-end') continue;
    const { phase, step, item, action, attempt } = record;
    const name = actionName(record);
    const one = told.get(name) ?? { phase, step, item, action, attempt };
    if (record.type === 'action-start') one.start = record;
    else if (record.type === 'action-spawned') one.spawned = record;
    else one.end = record;
    told.set(name, one);
  }
  return [...told.values()];
}

/** What runs without an end had begun, and of which no end is recorded. */
const unended = (runs: readonly FormerRun[]): { run: string; told: Told }[] =>
  runs
    .filter(({ ended }) => !ended)
    .flatMap((run) => actionsOf(run).flatMap((told) => (told.end ? [] : [{ run: run.id, told }])));

/**
 * What was done in this generation, oldest first; an action that was begun and has no end is `open`. How long ago it was is
 * taken from the wall clock once, now, and goes on by the monotonic one: of a clock that was put back, it is just now.
 */
export function pastOf(runs: readonly FormerRun[], generation: number, clock: Pick<World, 'now' | 'mono'>): Past[] {
  const [now, mono] = [Date.parse(clock.now()), clock.mono()];
  const monoOf = (at: string): number => mono - Math.max(0, now - Date.parse(at));
  return runs.flatMap((run) => {
    const first = run.records[0];
    if (first?.type !== 'run-start' || first.generation !== generation) return [];
    return actionsOf(run).flatMap(({ step, item, action, start, end }): Past[] => {
      if (!start) return [];
      const { at } = end ?? start;
      return [{ run: run.id, step, item, action, outcome: end?.outcome ?? 'open', at, mono: monoOf(at) }];
    });
  });
}

/** Files that runs without an end were about to write or had just written, by the run: no end of it is recorded. */
export const openWrites = (runs: readonly FormerRun[]): { run: string; path: string }[] =>
  unended(runs).flatMap(({ run, told: { start } }) => {
    // Only a process has a deadline.
    const path = start?.deadline === null ? unquoteWords(start.shown)[1] : undefined;
    return path === undefined || path === '' ? [] : [{ run, path }];
  });

/** Processes of runs that never ended, and whose own end is not recorded. */
export const openChildren = (runs: readonly FormerRun[]): OpenChild[] =>
  unended(runs).flatMap(({ run, told: { start, spawned, phase, step, item, action, attempt } }) => {
    if (!spawned) return [];
    const until = Date.parse((start ?? spawned).at) + (start?.deadline ?? 0);
    return [{ run, phase, step, item, action, attempt, until, child: { pid: spawned.pid, started: spawned.started } }];
  });
