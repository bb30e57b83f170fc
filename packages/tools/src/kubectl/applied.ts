/** One line of `kubectl apply --server-side`: `customresourcedefinition.apiextensions.k8s.io/x serverside-applied`. */
export type Applied = { kind: string; name: string };

/** What an apply says it sent. It says the same whether or not anything changed. */
export function parseApplied(stdout: string): Applied[] {
  return [...stdout.matchAll(/^(\S+?)\/(\S+) serverside-applied$/gm)].map((m) => ({
    kind: m[1] ?? '',
    name: m[2] ?? '',
  }));
}
