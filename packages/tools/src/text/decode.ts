const utf8 = new TextDecoder();

/** A tool's stdout as text. */
export function textOf(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** Removes what tools paint into pipes: colours and cursor moves (helmfile and cilium do so without a terminal too). */
export function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/\u001B\[[0-9;?]*[A-Za-z]/g, '');
}

/** The last line that says something, at most `max` characters of it. */
export function lastLine(text: string, max = 300): string {
  const line = plain(text)
    .split('\n')
    .map((l) => l.trim())
    .filter((l) => l !== '')
    .at(-1);
  return line === undefined ? '' : line.length > max ? `${line.slice(0, max)}…` : line;
}
