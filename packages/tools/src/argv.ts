/**
 * The words of an argv that are no flags and no values of flags: the command and what follows.
 * `valued` names the flags whose value is the next word (`--context infra`); `--context=infra` needs no mention.
 */
export function words(argv: readonly string[], valued: ReadonlySet<string>): string[] {
  const found: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word === '--') return [...found, ...argv.slice(i + 1)];
    if (word.startsWith('-') && word !== '-') {
      if (valued.has(word)) i++;
      continue;
    }
    found.push(word);
  }
  return found;
}

/** Whether a flag stands in an argv, as `--flag` or `--flag=value`. */
export function hasFlag(argv: readonly string[], ...flags: string[]): boolean {
  return argv.some((word) => flags.some((flag) => word === flag || word.startsWith(`${flag}=`)));
}
