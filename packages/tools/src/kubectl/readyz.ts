/** What `kubectl get --raw /readyz[?verbose]` says: ready or not, and which checks failed. */
export type Readyz = { ready: boolean; failed: string[] };

/** `/readyz` answers `ok`; with `?verbose` a line for each check and a last one. A failing one is answered by an error that holds the lines. */
export function parseReadyz(text: string): Readyz {
  const failed = [...text.matchAll(/^\[-\](\S+)/gm)].map((m) => m[1] ?? '');
  return { ready: failed.length === 0 && (/^ok\s*$/.test(text) || /^readyz check passed\s*$/m.test(text)), failed };
}
