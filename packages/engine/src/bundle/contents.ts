import type { Json } from '@coldstart/contract';
import { derive } from '../evidence/derive.ts';
import { readJournal } from '../evidence/read-journal.ts';
import { renderText } from '../evidence/render-text.ts';
import type { Evidence } from '../evidence/schema.ts';
import { failedItems } from './failures.ts';

/** A file to be, before it is masked and bounded. `lines`: it may be cut in the middle; a document is whole or left out. */
export type Draft = { name: string; about: string; kind: 'document' | 'lines'; source: Uint8Array | Json };

export type LeftOut = { name: string; why: string };

/** What a bundle is made of. Each document is put in by its name, e.g. `plan` as `plan.json`. */
export type BundleParts = {
  /** The raw bytes of the run's journal; null where there is no run, with the reason where it could not be read. */
  journal: Uint8Array | { missing: string } | null;
  documents: readonly { name: string; about: string; value: Json }[];
  leftOut?: readonly LeftOut[];
};

/** More failed items than anybody reads one by one; all of them stand in the evidence. */
const MOST_FAILURES = 100;
const NAME = 30;

/** The files of a bundle, the most telling first: what does not fit any more is of less use. `mask` is for what becomes a name. */
export function draftsOf(
  parts: BundleParts,
  mask: (text: string) => string,
): { evidence: Evidence | null; drafts: Draft[]; leftOut: LeftOut[] } {
  const leftOut: LeftOut[] = [...(parts.leftOut ?? [])];
  const documents = parts.documents.map(({ name, about, value }): Draft => {
    return { name: `${name}.json`, about, kind: 'document', source: value };
  });
  const { journal } = parts;
  if (journal === null || 'missing' in journal) {
    leftOut.push({ name: 'journal.jsonl', why: journal?.missing ?? 'no run of this cluster is recorded here' });
    return { evidence: null, drafts: documents, leftOut };
  }
  const bytes: Draft = { name: 'journal.jsonl', about: "the run's journal", kind: 'lines', source: journal };
  const read = readJournal(journal);
  const [problem] = read.problems;
  if (problem) leftOut.push({ name: 'a whole journal', why: `it is damaged, line ${problem.line}: ${problem.what}` });
  if (read.records[0]?.type !== 'run-start') {
    leftOut.push({ name: 'evidence.txt', why: 'the journal does not begin with the start of a run' });
    return { evidence: null, drafts: [...documents, bytes], leftOut };
  }
  const evidence = derive(read);
  const failed = failedItems(read);
  if (failed.length > MOST_FAILURES)
    leftOut.push({
      name: 'failures/',
      why: `${failed.length - MOST_FAILURES} more items failed than the ${MOST_FAILURES} that are here; evidence.json has them`,
    });
  const failures = failed.slice(0, MOST_FAILURES).map((item, at): Draft => {
    const about = `${item.verdict}: ${item.step} ${item.item}, with its looks, actions and diagnosis`;
    const name = `failures/${String(at + 1).padStart(2, '0')}-${slug(mask(`${item.step} ${item.item}`))}.json`;
    return { name, about, kind: 'document', source: item as unknown as Json };
  });
  return {
    evidence,
    drafts: [
      {
        name: 'evidence.txt',
        about: 'what the run came to, derived from its journal',
        kind: 'lines',
        source: new TextEncoder().encode(renderText(evidence)),
      },
      ...failures,
      ...documents,
      bytes,
      {
        name: 'evidence.json',
        about: 'the same as evidence.txt, for programs',
        kind: 'document',
        source: evidence as unknown as Json,
      },
    ],
    leftOut,
  };
}

/** A part of a file name: what tar takes without extensions has 100 characters in all. */
const slug = (text: string): string =>
  text
    .replaceAll(/[^\w.]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, NAME);
