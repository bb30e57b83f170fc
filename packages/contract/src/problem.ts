/** Exit codes of every command. */
export const EXIT = {
  done: 0,
  bug: 1,
  usage: 2,
  preflight: 3,
  failed: 4,
  refused: 5,
  check: 6,
  differs: 7,
  interrupted: 130,
} as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

const MARK = Symbol.for('coldstart.problem/1');

/**
 * An error that the operator can act on: what, why, and what to do next.
 * Recognised by a mark, not by its class, since a plugin may bring its own copy of this package.
 */
export class Problem extends Error {
  readonly [MARK] = true;
  readonly exit: Exit;
  readonly remedy: string;
  readonly page: string | undefined;
  constructor(message: string, options: { exit: Exit; remedy: string; page?: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'Problem';
    this.exit = options.exit;
    this.remedy = options.remedy;
    this.page = options.page;
  }
}

export function isProblem(error: unknown): error is Problem {
  return typeof error === 'object' && error !== null && MARK in error;
}
