/**
 * Remembers what a pure function of texts gave, for the last `most` different arguments: certificates and configs are read
 * again at every call of a tool, and seldom differ.
 */
export function memo<A extends string[], R>(work: (...texts: A) => R, most = 64): (...texts: A) => R {
  const known = new Map<string, R>();
  return (...texts) => {
    const key = texts.join('\0');
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = work(...texts);
    if (known.size >= most) known.delete(known.keys().next().value!);
    known.set(key, made);
    return made;
  };
}
