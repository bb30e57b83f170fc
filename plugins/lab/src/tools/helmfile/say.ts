import { Buffer } from 'node:buffer';
import type { HelmRelease } from '../../kubernetes/releases.ts';
import type { StateRelease } from './state.ts';

/**
 * A helm call that failed, as helmfile frames it: `where` is the state file, with what
 * was being done where that is told; `stdout` is what helm said before it failed.
 */
export function helmFailed(where: string, argv: readonly string[], stderr: string, stdout = ''): string {
  const indented = (text: string): string => text.replaceAll(/^/gm, '  ');
  return [
    `in ${where}: command "helm" exited with non-zero status:`,
    '',
    'PATH:',
    '  helm',
    '',
    'ARGS:',
    ...['helm', ...argv].map((arg, index) => `  ${index}: ${arg} (${Buffer.byteLength(arg)} bytes)`),
    '',
    'ERROR:',
    '  exit status 1',
    '',
    'EXIT STATUS',
    '  1',
    '',
    'STDERR:',
    indented(stderr),
    '',
    'COMBINED OUTPUT:',
    indented(`${stdout}${stderr}`),
  ].join('\n');
}

type Row = { release: StateRelease; duration: number; installed?: HelmRelease };

/** The table at the end: `Updated Releases` or `Failed Releases`, with its coloured title. */
export function summary(title: 'Updated' | 'Failed', rows: Row[]): string {
  const cells = rows.map(({ release, duration, installed }) => [
    release.name,
    release.namespace,
    release.chart,
    installed?.version ?? '',
    `${Math.round(duration / 1000)}s`,
  ]);
  const header = ['NAME', 'NAMESPACE', 'CHART', 'VERSION', 'DURATION'];
  const widths = header.map((name, column) => Math.max(name.length, ...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: string[]): string =>
    row.map((cell, column) => (column === 4 ? cell : cell.padEnd((widths[column] ?? 0) + 3))).join('');
  const last = (row: string[]): string =>
    [...row.slice(0, 4), (row[4] ?? '').padStart(8)]
      .map((cell, column) => (column === 4 ? cell : cell.padEnd((widths[column] ?? 0) + 3)))
      .join('');
  const table = [line(header), ...cells.map(last)];
  const text = ` ${title} Releases `;
  const left = Math.max(0, Math.max(...table.map((row) => row.length)) - text.length) / 2;
  const [before, after] = [Math.floor(left), Math.ceil(left)].map((count) => '='.repeat(count));
  return `\n\u001B[1m\u001B[34m${before}${text}${after}\u001B[0m\n${table.join('\n')}\n\n`;
}
