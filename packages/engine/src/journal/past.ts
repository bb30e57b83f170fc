import type { Child, JournalRecord, Past, World } from '@coldstart/contract';
import { readJournal } from '../evidence/index.ts';

/** An earlier run of this cluster, as its journal tells. */
export type FormerRun = {
  id: string;
  path: string;
  records: JournalRecord[];
  /** It has a last record. */
  ended: boolean;
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

/** The journals below `<state>/runs`, oldest first. One that cannot be read is passed over: the world is looked at anyway. */
export async function formerRuns(world: World, state: string): Promise<FormerRun[]> {
  const runs: FormerRun[] = [];
  for (const file of await world.list(`${state}/runs`)) {
    const id = /^([^/]+)\/journal\.jsonl$/.exec(file)?.[1];
    if (id === undefined) continue;
    const path = `${state}/runs/${file}`;
    const bytes = await world.read(path, 256 * 1024 * 1024);
    if (!bytes) continue;
    const { records } = readJournal(bytes);
    runs.push({ id, path, records, ended: records.at(-1)?.type === 'run-end' });
  }
  return runs;
}

/** What was done in this generation, oldest first; an action that was begun and has no end is `open`. */
export function pastOf(runs: readonly FormerRun[], generation: number): Past[] {
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
        };
        open.set(key, began);
        past.push(began);
      } else Object.assign(open.get(key) ?? {}, { outcome: record.outcome, at: record.at });
    }
  }
  return past;
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
