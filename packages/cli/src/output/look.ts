import type { Looked } from '@coldstart/engine';
import { columns } from './columns.ts';
import type { LookDocument } from './schema.ts';

/** What was looked at, for `--json`. */
export function lookDocument(cluster: string, looked: readonly Looked[]): LookDocument {
  return { schema: 'coldstart.look/1', cluster, seen: looked.map(seen) };
}

export function seen({ phase, step, title, item, observation }: Looked): LookDocument['seen'][number] {
  const { state, signals, cause, remedy, page } = observation;
  return { phase, step, title, item, state, cause: cause ?? null, remedy: remedy ?? null, page: page ?? null, signals };
}

/** What was looked at, for people: a row each, and below it what is wrong with its remedy. */
export function lookText(looked: readonly Looked[]): string {
  const rows = columns(
    looked.map(({ step, item, observation, title }) => [observation.state.padEnd(10), step, item, title]),
  );
  const lines = looked.flatMap(({ observation }, index) => {
    const { state, cause, remedy, page, signals } = observation;
    const row = rows[index] ?? '';
    if (state === 'done') return [row];
    const wrong = signals.filter((signal) => !signal.ok);
    return [
      row,
      ...(cause ? [`  cause: ${cause}`] : []),
      ...wrong.map(
        ({ name, subject, expected, observed }) =>
          `    ${name}${subject ? ` ${subject}` : ''}: ${JSON.stringify(observed)}, expected ${JSON.stringify(expected)}`,
      ),
      ...(remedy ? [`  do: ${remedy}`] : []),
      ...(page ? [`  see: docs/failures/${page}.md`] : []),
    ];
  });
  const open = looked.filter(({ observation }) => observation.state !== 'done').length;
  return [...lines, '', open === 0 ? `all ${looked.length} done` : `${open} of ${looked.length} not done`].join('\n');
}
