import { basename } from 'node:path';
import { createRedactor } from '../redact/index.ts';
import { derive } from './derive.ts';
import { lawsBroken } from './laws.ts';
import { ENDINGS, isNameOf } from './name.ts';
import { readJournal } from './read-journal.ts';
import { Evidence } from './schema.ts';
import { evidenceFiles, scanFile } from './write.ts';

/** Something that a verifier saw: an error means that the evidence does not hold. */
export type EvidenceFinding = { level: 'error' | 'note'; file: string; what: string };

export type EvidenceVerdict = {
  ok: boolean;
  findings: EvidenceFinding[];
  /** What the journal says; undefined where it cannot be read. */
  evidence: Evidence | undefined;
};

/** Nobody signed it: whoever can write all three files can make them agree. */
export const UNSIGNED = 'self-consistent, not authenticated: it is not signed';

/**
 * Derives everything again from the copy of the journal and compares. `path` names any of the three files, or their common
 * name without ending; `read` answers undefined where there is no file.
 */
export async function verifyEvidence(
  read: (path: string) => Promise<Uint8Array | undefined>,
  path: string,
): Promise<EvidenceVerdict> {
  const base = ENDINGS.reduce((name, ending) => (name.endsWith(ending) ? name.slice(0, -ending.length) : name), path);
  const findings: EvidenceFinding[] = [];
  const error = (ending: string, what: string): void =>
    void findings.push({ level: 'error', file: base + ending, what });
  const note = (ending: string, what: string): void => void findings.push({ level: 'note', file: base + ending, what });
  const verdict = (evidence?: Evidence): EvidenceVerdict => ({
    ok: findings.every((f) => f.level !== 'error'),
    findings,
    evidence,
  });

  const files = new Map<string, Uint8Array>();
  for (const ending of ENDINGS) {
    const bytes = await read(base + ending);
    if (bytes) files.set(ending, bytes);
    else error(ending, 'it is missing');
  }
  const journal = files.get('.jsonl');
  if (!journal) return verdict();

  const found = readJournal(journal);
  for (const { line, what } of found.problems) error('.jsonl', `line ${line}: ${what}`);
  for (const what of lawsBroken(found.records)) error('.jsonl', what);
  const { scan } = createRedactor();
  for (const [ending, bytes] of files)
    for (const hit of scanFile(scan, ending, bytes)) error(ending, `it holds what looks like a secret: ${hit}`);
  if (found.records[0]?.type !== 'run-start') return verdict();

  const evidence = derive(found);
  for (const [ending, expected] of Object.entries(evidenceFiles(evidence, journal))) {
    const stands = files.get(ending);
    if (stands && Buffer.compare(stands, expected) !== 0)
      error(ending, `it is not what the journal says: ${firstDifference(stands, expected)}`);
  }
  const shape = Evidence.safeParse(evidence);
  for (const { path: at, message } of shape.error?.issues ?? []) error('.json', `${at.join('.')}: ${message}`);
  if (!isNameOf(basename(base), evidence)) error('', 'its name does not agree with story, mode, cluster and date');
  if (!evidence.journal.complete)
    note('.jsonl', 'the run has no last record: it was killed, and counts as interrupted');
  if (evidence.journal.torn) note('.jsonl', 'its last line was cut off');
  for (const u of evidence.unknown) note('.jsonl', `whether ${u.step} ${u.item} ${u.action} took effect is unknown`);
  return verdict(evidence);
}

function firstDifference(stands: Uint8Array, expected: Uint8Array): string {
  let line = 1;
  let at = 0;
  while (at < stands.length && at < expected.length && stands[at] === expected[at])
    if (stands[at++] === 0x0a) line += 1;
  return `the first difference is in line ${line}`;
}
