import type { Finding } from '@coldstart/contract';
import { readYaml, str } from '@coldstart/tools';

/** Kubernetes makes these itself. */
const BUILT_IN = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** The names in a manifest of Namespaces, and whatever else stands in it as a problem. */
export function readNamespaces(file: string, bytes: Uint8Array): { names: string[]; problems: Finding[] } {
  const { documents, problems } = readYaml(file, bytes);
  const names: string[] = [];
  for (const document of documents) {
    const kind = str(document.value, 'kind');
    const name = str(document.value, 'metadata', 'name');
    if (kind !== 'Namespace')
      problems.push({
        file,
        ...document.place(['kind']),
        found: kind === undefined ? 'no kind' : `the kind ${kind}`,
        expected: 'Namespaces only',
      });
    else if (name === undefined || !NAME.test(name))
      problems.push({
        file,
        ...document.place(['metadata', 'name']),
        found: name === undefined ? 'no name' : `the name "${name}"`,
        expected: 'a namespace: lower-case letters, digits and dashes, at most 63',
      });
    else names.push(name);
  }
  return { names, problems };
}

/** All namespaces that must be there before the first release, sorted. */
export const wantedNamespaces = (...groups: readonly string[][]): string[] =>
  [...new Set(groups.flat())].filter((n) => !BUILT_IN.has(n)).sort();
