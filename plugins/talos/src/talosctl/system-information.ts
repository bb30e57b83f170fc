import { parseResources, textOf } from './documents.ts';

/** What a machine's firmware says of it. Null where it says nothing, or only what the maker forgot to fill in. */
export type SystemInformation = { serial: string | null; uuid: string | null };

/** Reads `get systeminformation -o json` of one node. */
export function parseSystemInformation(stdout: string): SystemInformation {
  const [first] = parseResources(stdout);
  return {
    serial: told(textOf(first?.spec['serialnumber'])),
    uuid: told(textOf(first?.spec['uuid']))?.toLowerCase() ?? null,
  };
}

/** Values that makers of boards leave in place of a machine's own: they tell nothing, and many machines share them. */
const PLACEHOLDER =
  /^(?:0+|f+|x+|none|n\/?a|unknown|not (?:specified|applicable|available|provided)|default string|(?:system )?serial number|to be filled by o\.?e\.?m\.?|o\.?e\.?m\.?|invalid|123456789\d*|03000200-0400-0500-0006-000700080009|[0f]{8}-[0f]{4}-[0f]{4}-[0f]{4}-[0f]{12})$/i;

const told = (text: string | null): string | null =>
  text === null || text.trim() === '' || PLACEHOLDER.test(text.trim()) ? null : text.trim();
