import type { Done } from '@coldstart/contract';
import { lastLine } from './text/decode.ts';

/** Why a call told nothing, in one line. */
export function whyNot(done: Done): string {
  if (done.how === 'deadline') return 'no answer in time';
  if (done.how === 'spawn')
    return `the tool could not be started${done.stderr === '' ? '' : `: ${lastLine(done.stderr)}`}`;
  return lastLine(done.stderr) || `exit ${done.exit ?? 'unknown'}`;
}
