import type { Evidence } from './schema.ts';

/** The evidence for machines: names in the order of the schema, two blanks, a newline at the end. */
export const renderJson = (evidence: Evidence): string => `${JSON.stringify(evidence, null, 2)}\n`;
