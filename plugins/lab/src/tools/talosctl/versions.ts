/** Versions of Talos, as far as talosctl compares them. */
export function numbers(version: string): [number, number, number] {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : [0, 0, 0];
}

export function below(version: string, other: string): boolean {
  const [a, b] = [numbers(version), numbers(other)];
  const at = [0, 1, 2].find((index) => a[index] !== b[index]);
  return at !== undefined && a[at]! < b[at]!;
}

/** What talosctl warns of a node that runs an older version than its own; undefined where it does not. */
export function older(target: string, server: string, client: string): string | undefined {
  if (!below(server, client)) return undefined;
  return `WARNING: ${target}: server version ${server.replace(/^v/, '')} is older than client version ${client}`;
}
