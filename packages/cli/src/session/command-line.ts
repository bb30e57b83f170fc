import { quoteWords } from '@coldstart/engine';

/** Flags that belong to one run and not to the next: a consent is given once, a rehearsed fault is lifted, a file is there now. */
const ONCE = new Set(['--takeover', '--repin', '--accept-machine', '--fault', '--bundle-file']);

/** The command as it was typed, as the one to go on with. */
export function commandLine(bin: string, typed: readonly string[]): string {
  const words: string[] = [];
  for (let i = 0; i < typed.length; i++) {
    const word = typed[i] ?? '';
    if (ONCE.has(word)) i += 1;
    else if (!ONCE.has(word.split('=')[0] ?? '')) words.push(word);
  }
  return quoteWords([bin, ...words]);
}
