import type { Failure, Judgement } from '@coldstart/contract';
import { adviceFor, kindOf } from './remedies.ts';
import { faultOf, type Cause } from './talosctl/failure.ts';

/**
 * What the failure of one of this plugin's actions means. Keyed on what talosctl said, in either frame; a call that ran
 * out of time or was ended may have been carried out.
 */
export function classifyTalos(failure: Failure): Judgement {
  if (failure.action.do !== 'exec')
    return {
      kind: 'fatal',
      cause: failure.text || 'the file was changed by somebody else',
      remedy: 'Look at the file, then give the same command again.',
      page: 'files',
    };
  const cause = causeOf(failure);
  const { message } = faultOf(failure.text);
  return {
    kind: kindOf(cause),
    cause: saying(failure, cause, message),
    ...adviceFor(cause),
    ...((cause === 'foreign-ca' || cause === 'another-machine') && { refuse: true }),
  };
}

function causeOf(failure: Failure): Cause {
  if (failure.how === 'deadline') return 'deadline';
  if (failure.how === 'signal') return 'stopped';
  if (failure.how === 'spawn') return 'missing-tool';
  return faultOf(failure.text).cause;
}

function saying(failure: Failure, cause: Cause, message: string): string {
  if (cause === 'deadline') return 'talosctl gave no answer within its deadline';
  if (cause === 'stopped') return 'talosctl was ended by a signal';
  return message || `talosctl ended with exit ${failure.exit ?? 'unknown'} and said nothing`;
}
