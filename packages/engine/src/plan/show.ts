import type { Action, Arg, Bytes, Ref } from '@coldstart/contract';

const hole = (ref: Ref): string => `<${ref.show ?? `${ref.ref}${ref.path ?? ''}`}>`;

const showArg = (arg: Arg): string => {
  if (typeof arg === 'string') return arg;
  if ('join' in arg) return arg.join.map((p) => (typeof p === 'string' ? p : hole(p))).join('');
  if ('file' in arg) return `<file: ${arg.show ?? showBytes(arg.file)}>`;
  return hole(arg);
};

const showBytes = (bytes: Bytes): string =>
  'text' in bytes
    ? 'text'
    : 'read' in bytes
      ? bytes.read
      : 'ref' in bytes
        ? (bytes.show ?? bytes.ref)
        : `${bytes.fn}(${bytes.in.map(showBytes).join(', ')})`;

/** An action's words for the eye, holes as `<…>`: the argv of an exec, `write PATH`, `merge PATH`. */
export function showAction(action: Action): string[] {
  if (action.do !== 'exec') return [action.do, showArg(action.path)];
  return [
    ...Object.entries(action.env ?? {}).map(([k, v]) => `${k}=${showArg(v)}`),
    action.tool,
    ...action.argv.map(showArg),
  ];
}

/** The words that `quoteWords` made one line of. */
export function unquoteWords(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|\\'|[^\s'\\]+)+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|\\'/g, (_all, inside: string | undefined) => inside ?? "'"),
  );
}

/** Words as one line that a POSIX shell reads back as the same words (holes excepted). */
export function quoteWords(words: readonly string[]): string {
  return words.map((w) => (/^[A-Za-z0-9_@%+=:,./<>~-]+$/.test(w) ? w : `'${w.replaceAll("'", `'\\''`)}'`)).join(' ');
}
