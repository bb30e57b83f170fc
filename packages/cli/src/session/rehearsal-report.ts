import { showDuration } from '../config/duration.ts';
import type { RunDocument } from '../output/schema.ts';
import type { Session } from './open.ts';
import type { Rehearsal } from './rehearsal.ts';

/** What a rehearsal adds to a run's summary: what it read and assumed, the faults that fired, and whether the world is whole. */
export function rehearsalText({ repository }: Session, { lab, seed, faults }: Rehearsal): string {
  const verdict = lab.verdict();
  const fired = Object.entries(lab.fired());
  const assumed = [...repository.assumed, ...lab.assumed];
  return [
    `rehearsal: seed ${seed}, ${showDuration(lab.elapsed())} of virtual time; no machine was touched`,
    `read: ${repository.read.length} files`,
    ...repository.read.map((file) => `  ${file}`),
    `assumed:${assumed.length === 0 ? ' nothing' : ''}`,
    ...assumed.map((what) => `  ${what}`),
    ...(faults.length > 0
      ? ['faults:', ...fired.map(([name, count]) => `  ${name}: fired ${count} ${count === 1 ? 'time' : 'times'}`)]
      : []),
    verdict.whole ? 'the simulated world is whole' : 'the simulated world is not whole:',
    ...verdict.findings.map((finding) => `  ${finding}`),
  ].join('\n');
}

export function rehearsalDocument(
  { repository }: Session,
  { lab, seed, faults }: Rehearsal,
): NonNullable<RunDocument['rehearsal']> {
  return {
    seed,
    faults,
    fired: { ...lab.fired() },
    virtualMs: lab.elapsed(),
    read: repository.read,
    assumed: [...repository.assumed, ...lab.assumed],
    verdict: { ...lab.verdict() },
    lab: lab.describe(),
  };
}
