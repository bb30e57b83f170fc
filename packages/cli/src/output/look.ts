import type { Json } from '@coldstart/contract';
import type { Looked } from '@coldstart/engine';
import { columns } from './columns.ts';
import type { LookDocument, Unbundled } from './schema.ts';

/** What was looked at, for `--json`. */
export function lookDocument(cluster: string, looked: readonly Looked[]): Unbundled<LookDocument> {
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
  return [...looked.flatMap((one, at) => [rows[at] ?? '', ...troubles(one)]), '', summary(looked)].join('\n');
}

export type Table = { fact: string; columns: string[] };

/** Items as a table of what their looks gave; below it what is wrong with each. What a look did not tell is `-`. */
export function lookTable(looked: readonly Looked[], { fact, columns: names }: Table): string {
  const rows = looked.map(({ item, observation }) => {
    const told = observation.facts?.[fact];
    const parts = typeof told === 'object' && told !== null && !Array.isArray(told) ? told : {};
    return [item, ...names.map((name) => cell(parts[name]))];
  });
  const [head = '', ...lines] = columns([['NAME', ...names.map((name) => name.toUpperCase())], ...rows]);
  return [head, ...looked.flatMap((one, at) => [lines[at] ?? '', ...troubles(one)]), '', summary(looked)].join('\n');
}

const cell = (value: Json | undefined): string =>
  value === undefined || value === null || value === ''
    ? '-'
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);

function troubles({ observation }: Looked): string[] {
  const { state, cause, remedy, page, signals } = observation;
  if (state === 'done') return [];
  const wrong = signals.filter((signal) => !signal.ok);
  return [
    ...(cause ? [`  cause: ${cause}`] : []),
    ...wrong.map(
      ({ name, subject, expected, observed }) =>
        `    ${name}${subject ? ` ${subject}` : ''}: ${JSON.stringify(observed)}, expected ${JSON.stringify(expected)}`,
    ),
    ...(remedy ? [`  do: ${remedy}`] : []),
    ...(page ? [`  see: docs/failures/${page}.md`] : []),
  ];
}

function summary(looked: readonly Looked[]): string {
  const open = looked.filter(({ observation }) => observation.state !== 'done').length;
  return open === 0 ? `all ${looked.length} done` : `${open} of ${looked.length} not done`;
}
