export { readJournal, type JournalProblem, type JournalRead } from './read-journal.ts';
export { derive } from './derive.ts';
export { Evidence, type EvidenceAction, type EvidenceItem, type EvidencePhase, type EvidenceStep, evidenceJsonSchema } from './schema.ts';
