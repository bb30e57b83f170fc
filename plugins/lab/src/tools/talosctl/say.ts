import type { ToolResult } from '../tool.ts';
import type { Client } from './client.ts';
import { RpcError } from './client.ts';

export function said(stdout: string | Uint8Array, stderr = ''): ToolResult {
  return { exit: 0, stdout, stderr };
}

export function failed(stderr: string, stdout = ''): ToolResult {
  return { exit: 1, stdout, stderr: stderr.endsWith('\n') ? stderr : `${stderr}\n` };
}

/** Go's multierror: a control plane that passes calls on frames what its nodes said. */
export function framed(error: RpcError): string {
  return error.via === null ? error.message : `1 error occurred:\n\t* ${error.via}: ${error.message}\n\n`;
}

/** Several nodes' failures in one frame. */
export function multierror(lines: readonly string[]): string {
  return `${lines.length} error${lines.length === 1 ? '' : 's'} occurred:\n${lines.map((line) => `\t* ${line}\n`).join('')}\n`;
}

/** A table as Go's tabwriter makes it: columns three spaces apart, the last one as it is. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.slice(0, -1).forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows
    .map((row) => `${row.map((cell, at) => (at < row.length - 1 ? cell.padEnd(widths[at]! + 3) : cell)).join('')}\n`)
    .join('');
}

/**
 * Asks each node in turn. Where some answer and some do not, talosctl prints what it has, warns, and exits 0; where none
 * does, it fails with `prefix`.
 */
export async function eachNode<T>(
  client: Client,
  prefix: string,
  ask: (target: string) => Promise<T>,
  print: (answers: { target: string; answer: T }[]) => string,
  head = '',
): Promise<ToolResult> {
  const answers: { target: string; answer: T }[] = [];
  const errors: RpcError[] = [];
  // Without a client certificate the first address answers for all (talos#11773).
  const targets = client.insecure ? client.nodes.slice(0, 1) : client.nodes;
  for (const target of targets) {
    try {
      answers.push({ target, answer: await ask(target) });
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      errors.push(error);
      if (error.via === null) break;
    }
  }
  const first = errors[0];
  if (first && answers.length === 0) {
    const text =
      first.via === null ? first.message : multierror(errors.map((error) => `${error.via}: ${error.message}`));
    return failed(`${prefix}: ${text}\n`, head);
  }
  const warning =
    errors.length === 0 ? '' : `WARNING: ${multierror(errors.map((error) => `${error.via}: ${error.message}`))}\n`;
  return said(head + print(answers), warning);
}
