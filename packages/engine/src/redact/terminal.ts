// oxlint-disable no-control-regex -- control characters are what is looked for here.

/** ANSI sequences: CSI, OSC and the other strings (ended or not), and two-character escapes. */
const ansi =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?/g;
/** What remains of C0 and C1 besides newline and tab; and marks that turn the direction of writing, or do not show. */
const control = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Text as a person may see it: no escape sequence, no control character; a carriage return ends a line. */
export function plain(text: string): string {
  return text.replace(ansi, '').replace(/\r\n?/g, '\n').replace(control, '');
}

/** Breaks commands that a CI runner would obey when it reads them in a log: GitHub's `::set-env …::`, `##[…]`, `##vso[…]`. */
export function withoutCommands(text: string): string {
  return text
    .replace(/^([^\S\n]*):(?=:[A-Za-z][\w-]*(?:[^\S\n][^\n]*)?::)/gm, '$1: ')
    .replace(/##(?=\[|vso\[)/g, '# #');
}
