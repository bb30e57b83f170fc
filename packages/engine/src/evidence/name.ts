import type { Evidence } from './schema.ts';

export const ENDINGS = ['.txt', '.json', '.jsonl'] as const;
export type Ending = (typeof ENDINGS)[number];

type Named = Pick<Evidence, 'story' | 'mode' | 'cluster' | 'started'>;

/** Names for one run's evidence, without ending, in the order in which they are tried: the day, then with the time, then numbered. */
export function* evidenceNames(evidence: Named): Generator<string> {
  const [day = '', time = ''] = evidence.started.replaceAll(/[-:]/g, '').split(/[T.]/);
  const base = `${part(evidence.story)}-${evidence.mode}-${part(evidence.cluster)}-${day}`;
  yield base;
  yield `${base}-${time}`;
  for (let n = 2; n < 10_000; n++) yield `${base}-${time}-${n}`;
}

/** Whether a file's name (without ending) is one that this evidence may have. */
export function isNameOf(name: string, evidence: Named): boolean {
  const [base = '', timed = ''] = evidenceNames(evidence).take(2);
  return (
    name === base ||
    name === timed ||
    (name.startsWith(`${timed}-`) && /^[2-9]$|^[1-9]\d{1,3}$/.test(name.slice(timed.length + 1)))
  );
}

/** A part of a file name: letters, digits, `.`, `_` and `-`, and neither hidden nor like a flag. */
const part = (text: string): string => text.replace(/[^\w.-]+/g, '-').replace(/^[.-]+/, '') || 'none';
