import { hash } from 'node:crypto';
import type { JournalRecord } from '@coldstart/contract';
import { Event, Link } from '@coldstart/contract/schema';

/** What is wrong with a line (the first is 1). */
export type JournalProblem = { line: number; what: string };

export type JournalRead = {
  /** Every line that is a record; the chain may be broken between them, which `problems` says. */
  records: JournalRecord[];
  problems: JournalProblem[];
  /** The last line was cut off: the process ended while it wrote. Not a problem; that line is not a record. */
  torn: boolean;
  /** SHA-256 (hex) of the last whole raw line; of the empty string where there is none. */
  head: string;
};

const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes);
const NEWLINE = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a journal's raw bytes: each line's schema, its canonical form, its place in the chain, its times.
 * Never throws; what cannot be read is a problem.
 */
export function readJournal(bytes: Uint8Array): JournalRead {
  const records: JournalRecord[] = [];
  const problems: JournalProblem[] = [];
  let prev = sha256(new Uint8Array());
  let mono = 0;
  let start = 0;
  let line = 0;
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
    const raw = bytes.subarray(start, end);
    start = end + 1;
    line += 1;
    const wrong = (what: string): void => void problems.push({ line, what });
    const record = readLine(raw, wrong);
    if (record) {
      if (record.seq !== line - 1) wrong(`seq is ${record.seq}, expected ${line - 1}`);
      if (record.prev !== prev) wrong('prev is not the digest of the line before');
      if (record.mono < mono) wrong('its monotonic time lies before that of the line before');
      mono = record.mono;
      records.push(record);
    }
    prev = sha256(raw);
  }
  return { records, problems, torn: start < bytes.length, head: prev };
}

function readLine(raw: Uint8Array, wrong: (what: string) => void): JournalRecord | undefined {
  let value: unknown;
  let text: string;
  try {
    text = utf8.decode(raw);
    value = JSON.parse(text);
  } catch {
    wrong('it is not a JSON text');
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    wrong('it is not an object');
    return undefined;
  }
  // Blanks, escapes and doubled names would let two different lines say the same.
  if (JSON.stringify(value) !== text) wrong('it is not in canonical form');
  const { seq, at, mono, prev, ...rest } = value as Record<string, unknown>;
  const link = Link.safeParse({ seq, at, mono, prev });
  const event = Event.safeParse(rest);
  for (const { path, message } of [...(link.error?.issues ?? []), ...(event.error?.issues ?? [])])
    wrong(path.length > 0 ? `${path.join('.')}: ${message}` : message);
  if (!link.success || !event.success) return undefined;
  if (!isInstant(link.data.at)) wrong(`at: ${link.data.at} is no moment in time`);
  return { ...link.data, ...event.data };
}

/** Whether a text of the right shape is a real moment: not the 30th of February. */
function isInstant(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text;
}
