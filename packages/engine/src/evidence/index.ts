export { readJournal, type JournalProblem, type JournalRead } from './read-journal.ts';
export { derive } from './derive.ts';
export { mayMeet } from './criteria.ts';
export {
  Evidence,
  type EvidenceAction,
  type EvidenceCriterion,
  type EvidenceItem,
  type EvidencePhase,
  type EvidenceStep,
  evidenceJsonSchema,
} from './schema.ts';
export { renderText } from './render-text.ts';
export { renderJson } from './render-json.ts';
export { writeEvidence } from './write.ts';
export { UNSIGNED, verifyEvidence, type EvidenceFinding, type EvidenceVerdict } from './verify.ts';
export { duration, utc } from './words.ts';
