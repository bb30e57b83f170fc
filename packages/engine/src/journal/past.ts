import { EXIT, Problem, type Child, type JournalRecord, type Past, type World } from '@coldstart/contract';
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

/**
 * What was done in this generation, oldest first; an action that was begun and has no end is `open`. How long ago it was is
 * taken from the wall clock once, now, and goes on by the monotonic one: of a clock that was put back, it is just now.
 */
export function pastOf(runs: readonly FormerRun[], generation: number, clock: Pick<World, 'now' | 'mono'>): Past[] {
  const [now, mono] = [Date.parse(clock.now()), clock.mono()];
  const monoOf = (at: string): number => mono - Math.max(0, now - Date.parse(at));
  const past: Past[] = [];
  for (const run of runs) {
    const first = run.records[0];
    if (first?.type !== 'run-start' || first.generation !== generation) continue;
    const open = new Map<string, Past>();
    for (const record of run.records) {
      if (record.type !== 'action-start' && record.type !== 'action-end') continue;
      const key = `${record.step} ${record.item} ${record.action} ${record.attempt}`;
      if (record.type === 'action-start') {
        const began: Past = {
          run: run.id,
          step: record.step,
          item: record.item,
          action: record.action,
          outcome: 'open',
          at: record.at,
          mono: monoOf(record.at),
        };
        open.set(key, began);
        past.push(began);
      } else Object.assign(open.get(key) ?? {}, { outcome: record.outcome, at: record.at, mono: monoOf(record.at) });
    }
  }
  return past;
}

/** Files that runs without an end were about to write or had just written, by the run: no end of it is recorded. */
export function openWrites(runs: readonly FormerRun[]): { run: string; path: string }[] {
  return runs.flatMap((run) => {
    if (run.ended) return [];
    const open = new Map<string, string>();
    for (const record of run.records) {
      if (record.type !== 'action-start' && record.type !== 'action-end') continue;
      const key = `${record.step} ${record.item} ${record.action} ${record.attempt}`;
      if (record.type === 'action-end') open.delete(key);
      // Only a process has a deadline.
      else if (record.deadline === null) open.set(key, unquoteWords(record.shown)[1] ?? '');
    }
    return [...open.values()].filter((path) => path !== '').map((path) => ({ run: run.id, path }));
  });
}

/** Processes of runs that never ended, and whose own end is not recorded. */
export function openChildren(runs: readonly FormerRun[]): OpenChild[] {
  const children: OpenChild[] = [];
  for (const run of runs) {
    if (run.ended) continue;
    const open = new Map<string, OpenChild>();
    const until = new Map<string, number>();
    for (const record of run.records) {
      if (record.type !== 'action-start' && record.type !== 'action-spawned' && record.type !== 'action-end') continue;
      const { phase, step, item, action, attempt } = record;
      const key = `${step} ${item} ${action} ${attempt}`;
      if (record.type === 'action-start') until.set(key, Date.parse(record.at) + (record.deadline ?? 0));
      else if (record.type === 'action-end') open.delete(key);
      else
        open.set(key, {
          run: run.id,
          phase,
          step,
          item,
          action,
          attempt,
          until: until.get(key) ?? Date.parse(record.at),
          child: { pid: record.pid, started: record.started },
        });
    }
    children.push(...open.values());
  }
  return children;
}
