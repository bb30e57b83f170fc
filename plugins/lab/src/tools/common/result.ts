import type { ToolResult } from '../tool.ts';

export const printed = (stdout: string, stderr = ''): ToolResult => ({ exit: 0, stdout, stderr });
export const failed = (stderr: string, stdout = '', exit = 1): ToolResult => ({
  exit,
  stdout,
  stderr: stderr.endsWith('\n') ? stderr : `${stderr}\n`,
});

/** JSON with its keys sorted, as Kubernetes' encoders print it. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, below]) => below !== undefined)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, below]) => [key, sorted(below)]),
  );
}
