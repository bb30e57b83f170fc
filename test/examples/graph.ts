/**
 * What is wrong with a graph of names: edges to names that are not there, and one cycle if there is any.
 *
 * @param edges name → names that come before it
 */
export function graphProblems(edges: Map<string, string[]>): string[] {
  const problems: string[] = [];
  for (const [name, before] of edges) {
    for (const each of before) if (!edges.has(each)) problems.push(`${name} needs ${each}, which is not there`);
  }
  const finished = new Set<string>();
  const visit = (name: string, path: string[]): void => {
    if (finished.has(name)) return;
    if (path.includes(name)) {
      problems.push(`cycle: ${[...path.slice(path.indexOf(name)), name].join(' → ')}`);
      return;
    }
    for (const each of edges.get(name) ?? []) visit(each, [...path, name]);
    finished.add(name);
  };
  for (const name of edges.keys()) visit(name, []);
  return problems;
}
