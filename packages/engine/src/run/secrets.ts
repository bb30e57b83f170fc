const WORD = /[^\s"'`:,{}[\]]+(?:[:,][^\s"'`,{}[\]]+)*/g;
/** Words that are names rather than values: lower-case names and dotted names, addresses, versions. */
const PLAIN = /^(?:[a-z]+(?:[-./][a-z0-9]+)*|[A-Z][A-Za-z]+|v?\d+(?:\.\d+)*(?:[/:]\d+)*|https?:\S*)$/;

/**
 * Registers what is secret in an output, before anything of it can be shown: with `known` (the template it was made
 * from) every word that is not in it; without, every word that does not look like a name.
 */
export function registerSecrets(
  masks: { register(value: string): void },
  output: Uint8Array,
  known: Uint8Array | undefined,
): void {
  const text = new TextDecoder().decode(output);
  const words = new Set(text.match(WORD) ?? []);
  const isPublic = known ? new Set(new TextDecoder().decode(known).match(WORD) ?? []) : undefined;
  for (const word of words)
    if (word.length >= 6 && (isPublic ? !isPublic.has(word) : !PLAIN.test(word))) masks.register(word);
  if (known) {
    const lines = new Set(
      new TextDecoder()
        .decode(known)
        .split('\n')
        .map((l) => l.trim()),
    );
    for (const line of text.split('\n')) {
      const value = line
        .trim()
        .replace(/^[^:\s]+:\s+/, '')
        .replace(/^["']|["']$/g, '');
      if (value.length >= 6 && !lines.has(line.trim())) masks.register(value);
    }
  }
}
