import { at, isTrue, type KubeObject, textAt } from '../../kubernetes/object.ts';

/** Columns as kubectl prints them: as wide as their widest cell, three spaces between, none at the end. */
export function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map(
      (row) =>
        `${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + 3))).join('')}\n`,
    )
    .join('');
}

/** `kubectl get nodes [-o wide]`. */
export function nodeTable(nodes: KubeObject[], wide: boolean, now: string): string {
  const header = [
    'NAME',
    'STATUS',
    'ROLES',
    'AGE',
    'VERSION',
    ...(wide ? ['INTERNAL-IP', 'EXTERNAL-IP', 'OS-IMAGE', 'KERNEL-VERSION', 'CONTAINER-RUNTIME'] : []),
  ];
  return table([header, ...nodes.map((node) => row(node, wide, now))]);
}

function row(node: KubeObject, wide: boolean, now: string): string[] {
  const info = (key: string): string => textAt(node, 'status', 'nodeInfo', key) ?? '<unknown>';
  const addresses = at(node, 'status', 'addresses');
  const internal = Array.isArray(addresses)
    ? addresses.find((entry) => textAt(entry, 'type') === 'InternalIP')
    : undefined;
  const roles = Object.keys(node.metadata.labels ?? {}).flatMap((key) =>
    key.startsWith('node-role.kubernetes.io/') ? [key.slice(24)] : [],
  );
  const orUnknown = (text: string): string => (text === '' ? '<unknown>' : text);
  return [
    node.metadata.name,
    isTrue(node, 'Ready') ? 'Ready' : 'NotReady',
    roles.length > 0 ? roles.join(',') : '<none>',
    age(textAt(node, 'metadata', 'creationTimestamp') ?? now, now),
    info('kubeletVersion'),
    ...(wide
      ? [
          textAt(internal, 'address') ?? '<none>',
          '<none>',
          orUnknown(info('osImage')),
          info('kernelVersion'),
          info('containerRuntimeVersion'),
        ]
      : []),
  ];
}

/** A duration as kubectl shortens it: `45s`, `3m12s` below ten minutes, `33m`, `5h`. */
export function age(since: string, now: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(now) - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}
