import type { Failure, Judgement } from '@coldstart/contract';
import { lastLine } from './text/decode.ts';

/**
 * What a tool's failure is known by. The first rule whose pattern is found in the text judges; `$<name>` in its cause stands
 * for what the pattern's group of that name found.
 */
export type FailureRule = { pattern: RegExp } & Judgement;

/**
 * Judges a failed call. A deadline, a signal, or a text that no rule knows is ambiguous: only a look tells.
 * A tool that could not be started at all did nothing.
 */
export function judge(failure: Omit<Failure, 'action'>, rules: readonly FailureRule[], tool: string): Judgement {
  for (const { pattern, ...judgement } of rules) {
    const found = pattern.exec(failure.text);
    if (!found) continue;
    const cause = judgement.cause.replaceAll(/\$<(\w+)>/g, (_, name: string) => found.groups?.[name] ?? '');
    return { ...judgement, cause };
  }
  if (failure.how === 'spawn')
    return {
      kind: 'fatal',
      cause: `${tool} could not be started${failure.text === '' ? '' : `: ${lastLine(failure.text)}`}`,
      remedy: `Install ${tool}, or put it on the PATH, and run the same command again.`,
    };
  if (failure.how === 'deadline')
    return {
      kind: 'ambiguous',
      cause: `${tool} did not answer in time`,
      remedy: 'Run the same command again: it looks at the cluster first.',
    };
  if (failure.how === 'signal')
    return {
      kind: 'ambiguous',
      cause: `${tool} was ended by a signal`,
      remedy: 'Run the same command again: it looks at the cluster first.',
    };
  return {
    kind: 'ambiguous',
    cause: `${tool} failed (exit ${failure.exit ?? 'unknown'})${failure.text === '' ? '' : `: ${lastLine(failure.text)}`}`,
    remedy: `Read what ${tool} said above, mend it, and run the same command again.`,
  };
}
