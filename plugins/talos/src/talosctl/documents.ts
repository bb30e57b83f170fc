/** One document of `talosctl get -o json`. `node` is empty in maintenance. */
export type Resource = {
  metadata: { id: string; namespace: string; type: string; created?: string; phase?: string };
  node: string;
  spec: Record<string, unknown>;
};

/** More documents than any node has of one kind; beyond it the output is not what we asked for. */
const MOST = 10_000;

/**
 * Reads what `talosctl get -o json` prints: JSON documents one after another, not an array.
 * Throws SyntaxError on anything else, also on a document that is cut off.
 */
export function parseResources(stdout: string): Resource[] {
  const resources: Resource[] = [];
  for (const text of splitDocuments(stdout)) {
    const value: unknown = JSON.parse(text);
    if (!isResource(value)) throw new SyntaxError('a document of talosctl get has no metadata or spec');
    resources.push(value);
    if (resources.length > MOST) throw new SyntaxError(`more than ${MOST} documents`);
  }
  return resources;
}

/** Splits at the closing brace of each top-level object; braces in strings do not count. */
function splitDocuments(text: string): string[] {
  const documents: string[] = [];
  let depth = 0;
  let start = -1;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (inString) {
      if (c === '\\') i++;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === '{') {
      if (depth === 0) start = i;
      depth++;
    } else if (c === '}') {
      depth--;
      if (depth === 0) documents.push(text.slice(start, i + 1));
      if (depth < 0) throw new SyntaxError('a closing brace without an opening one');
    } else if (depth === 0 && c !== undefined && c.trim() !== '')
      throw new SyntaxError(`unexpected ${JSON.stringify(c)} between documents`);
  }
  if (depth !== 0) throw new SyntaxError('the last document is cut off');
  return documents;
}

function isResource(value: unknown): value is Resource {
  if (typeof value !== 'object' || value === null) return false;
  const { metadata, spec } = value as Partial<Resource>;
  return (
    typeof metadata === 'object' &&
    metadata !== null &&
    typeof metadata.id === 'string' &&
    typeof spec === 'object' &&
    spec !== null
  );
}

/** A text of a spec, or null where it is absent or something else. */
export const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
export const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
export const flagOf = (value: unknown): boolean | null => (typeof value === 'boolean' ? value : null);
