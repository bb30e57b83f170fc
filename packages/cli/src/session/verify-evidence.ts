import { basename, join, relative, resolve } from 'node:path';
import { EXIT, type Json, Problem } from '@coldstart/contract';
import type { Answer } from '@coldstart/contract/command';
import { type EvidenceFinding, readJournal, verifyEvidence } from '@coldstart/engine';
import type { EvidenceDocument } from '../output/schema.ts';
import { listFiles, readWhole } from './disk.ts';

const MAX_BYTES = 256 * 1024 * 1024;
const JOURNAL = 'journal.jsonl';
const ENDING = /\.(jsonl|json|txt)$/;

/**
 * Checks evidence: one run's files by any of their names, or all below a folder. A bare journal has nothing beside it to
 * compare with: its chain and its records are checked.
 */
export async function answerEvidence(path: string): Promise<Answer> {
  const at = resolve(process.cwd(), path);
  const targets = await targetsOf(at, path);
  const findings: EvidenceFinding[] = [];
  for (const target of targets)
    findings.push(...(basename(target) === JOURNAL ? await checkJournal(target) : await checkFiles(target)));
  const shown = findings.map((finding) => ({ ...finding, file: relative(process.cwd(), finding.file) }));
  const errors = shown.filter(({ level }) => level === 'error');
  const notes = shown.filter(({ level }) => level === 'note');
  const line = ({ file, what }: EvidenceFinding): string => `${file}: ${what}`;
  const document: EvidenceDocument = {
    schema: 'coldstart.evidence-check/1',
    path,
    checked: targets.map((target) => relative(process.cwd(), target)),
    valid: errors.length === 0,
    findings: errors.map(line),
    notes: [...notes.map(line), 'self-consistent, not authenticated: nothing is signed'],
  };
  return {
    exit: document.valid ? EXIT.done : EXIT.check,
    result: document as unknown as Json,
    text: evidenceText(document),
  };
}

async function targetsOf(at: string, told: string): Promise<string[]> {
  const none = new Problem(`there is no evidence in ${told}`, {
    exit: EXIT.usage,
    remedy: 'name a journal, an evidence file, or a folder that holds them',
  });
  const files = await listFiles(at);
  if (!files) {
    if (basename(at) === JOURNAL) return [at];
    const base = at.replace(ENDING, '');
    for (const file of [at, `${base}.jsonl`]) if (await readWhole(file, MAX_BYTES)) return [base];
    throw none;
  }
  const journals = files.filter((file) => file.endsWith('.jsonl'));
  if (journals.length === 0) throw none;
  return journals.map((file) => join(at, basename(file) === JOURNAL ? file : file.replace(ENDING, '')));
}

async function checkFiles(base: string): Promise<EvidenceFinding[]> {
  const { findings } = await verifyEvidence((path) => readWhole(path, MAX_BYTES), base);
  return findings;
}

async function checkJournal(file: string): Promise<EvidenceFinding[]> {
  const bytes = await readWhole(file, MAX_BYTES);
  if (!bytes) return [{ level: 'error', file, what: 'it is missing' }];
  const { problems, records, torn } = readJournal(bytes);
  const findings: EvidenceFinding[] = problems.map(({ line, what }) => ({
    level: 'error',
    file,
    what: `line ${line}: ${what}`,
  }));
  if (records.at(-1)?.type !== 'run-end')
    findings.push({ level: 'note', file, what: 'the run has no last record: it was killed, or still runs' });
  if (torn) findings.push({ level: 'note', file, what: 'its last line was cut off' });
  return findings;
}

function evidenceText({ checked, valid, findings, notes }: EvidenceDocument): string {
  return [
    ...checked.map((target) => `checked ${target}`),
    ...findings.map((finding) => `  wrong: ${finding}`),
    ...notes.map((note) => `  note: ${note}`),
    valid ? 'the evidence agrees with its journals' : `${findings.length} findings: the evidence does not hold`,
  ].join('\n');
}
