/**
 * Reads a table that talosctl prints: columns stand under their headings, and cells may hold single spaces (`2.5 MB`).
 * Cells are cut at the places of the headings, so an empty cell stays empty. Headings are two spaces or more apart.
 */
export function parseTable(stdout: string): Record<string, string>[] {
  const [head, ...lines] = stdout.split('\n').filter((line) => line.trim() !== '');
  if (head === undefined) return [];
  const columns = [...head.matchAll(/\S+(?: \S+)*/g)].map((match) => ({ title: match[0], at: match.index }));
  return lines.map((line) =>
    Object.fromEntries(columns.map(({ title, at }, i) => [title, line.slice(at, columns[i + 1]?.at).trim()])),
  );
}
