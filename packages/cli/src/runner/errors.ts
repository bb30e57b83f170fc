import { EXIT, type Exit, isProblem } from '@coldstart/contract';

/**
 * An error as the operator gets it.
 * - `operator`  something that they can act on: message, remedy, page
 * - `usage`     flags and arguments
 * - `bug`       ours: asks for a report
 * - `exit`      not an error: a command that ended early and has said all
 */
export type Told = {
  kind: 'operator' | 'usage' | 'bug' | 'exit';
  exit: Exit;
  message: string;
  remedy: string;
  page: string | null;
  /** For a bug only. */
  stack: string | null;
};

export function describeError(error: unknown): Told {
  if (isProblem(error)) {
    return {
      kind: 'operator',
      exit: error.exit,
      message: error.message,
      remedy: error.remedy,
      page: error.page ?? null,
      stack: null,
    };
  }
  const { message, stack, oclif, code } = asError(error);
  const exit = oclif?.exit;
  if (code === 'EEXIT')
    return { kind: 'exit', exit: (exit ?? 0) as Exit, message, remedy: '', page: null, stack: null };
  if (exit !== undefined) {
    return {
      kind: 'usage',
      exit: EXIT.usage,
      message: withoutFrame(message),
      remedy: 'see --help of this command',
      page: null,
      stack: null,
    };
  }
  return {
    kind: 'bug',
    exit: EXIT.bug,
    message: message || String(error),
    remedy:
      'This is a bug in coldstart or one of its plugins. Please report it with these lines and the output of "coldstart --version".',
    page: null,
    stack: stack ?? null,
  };
}

/** What `--json` prints where a command came to no result. */
export function errorDocument(told: Told): { schema: 'coldstart.error/1'; error: Omit<Told, 'stack'> } {
  const { stack: _, ...error } = told;
  return { schema: 'coldstart.error/1', error };
}

export function errorText(told: Told): string {
  const lines = [`error: ${told.message}`];
  if (told.kind === 'bug' && told.stack) lines.push(...told.stack.split('\n').slice(1, 9));
  if (told.remedy) lines.push(told.kind === 'bug' ? told.remedy : `  do: ${told.remedy}`);
  if (told.page) lines.push(`  see: docs/failures/${told.page}.md`);
  return `${lines.join('\n')}\n`;
}

/** oclif's words without what it puts round them. */
function withoutFrame(message: string): string {
  return message
    .replace(/^The following errors? occurred:\s*/, '')
    .replace(/\n?See more help with --help\s*$/, '')
    .trim();
}

type ErrorLike = { message: string; stack?: string; code?: string; oclif?: { exit?: number } };
function asError(error: unknown): ErrorLike {
  return typeof error === 'object' && error !== null && 'message' in error
    ? (error as ErrorLike)
    : { message: String(error) };
}
