import type {
  ChangingStep,
  Explanation,
  Facts,
  Failure,
  Judgement,
  Observation,
  Settle,
  Signal,
  Step,
  Verdict,
} from '@coldstart/contract';

/** How an item ends, and why: what its record says. */
export type Ending = {
  verdict: Verdict;
  signals: Signal[];
  cause?: string;
  remedy?: string;
  page?: string;
  facts?: Facts | undefined;
  diagnose?: boolean;
  /** The look or the tool itself said why going on is in vain: nothing that is found later is a better cause. */
  told?: boolean;
  /** How long it was waited for, as the cause's last words. */
  waited?: string;
};

const LOOK = 'Look at the signals of this step.';

/** It is as it is wanted. */
export const reached = (verdict: 'done' | 'skipped', { signals, facts }: Observation): Ending => ({
  verdict,
  signals,
  facts,
});

/** A look said that going on is in vain. `acted`: something was sent before. */
export const blocked = (seen: Observation, acted: boolean): Ending => ({
  verdict: seen.refuse === true ? 'refused' : 'failed',
  signals: seen.signals,
  cause: seen.cause ?? firstBad(seen.signals) ?? 'it is blocked',
  remedy: seen.remedy ?? LOOK,
  ...pageOf(seen.page),
  diagnose: seen.refuse !== true && acted,
  told: true,
});

/** It did not come about within its time (`waited`, ms). `open`: nobody knows whether what may be sent once took effect. */
export function timedOut(
  seen: Observation,
  {
    waited,
    settle,
    judged,
    open,
  }: { waited: number; settle: Settle | undefined; judged: Judgement | undefined; open: boolean },
): Ending {
  const long = settle ? ` (waited ${Math.round(waited / 1000)} s)` : '';
  return {
    verdict: seen.refuse === true || open ? 'refused' : 'failed',
    signals: seen.signals,
    cause: `${seen.cause ?? firstBad(seen.signals) ?? `still ${seen.state}`}${long}`,
    waited: long,
    remedy: seen.remedy ?? judged?.remedy ?? LOOK,
    ...pageOf(seen.page ?? judged?.page),
    diagnose: true,
  };
}

/** It was sent as often as it may be, and is needed still. */
export const spent = (seen: Observation, judged: Judgement | undefined, attempts: number): Ending => ({
  verdict: 'failed',
  signals: seen.signals,
  cause: judged?.cause ?? seen.cause ?? `not there after ${attempts} tries`,
  remedy: judged?.remedy ?? seen.remedy ?? 'Look at the evidence of this run.',
  ...pageOf(judged?.page ?? seen.page),
  diagnose: true,
});

/** A tool said why trying again is in vain. */
export const fatal = (seen: Observation, judged: Judgement): Ending => ({
  verdict: judged.refuse ? 'refused' : 'failed',
  signals: seen.signals,
  cause: judged.cause,
  remedy: judged.remedy,
  ...pageOf(judged.page),
  diagnose: true,
  told: true,
});

/** A guard said no before anything was sent. */
export const refused = (
  seen: Observation,
  said: { cause: string; remedy?: string | undefined; page?: string | undefined },
): Ending => ({
  verdict: 'refused',
  signals: seen.signals,
  cause: said.cause,
  remedy: said.remedy ?? 'Look at why it was refused before anything else.',
  ...pageOf(said.page),
});

/** What a failure means; what could not even be put together is fatal whatever the step would say. */
export function judge(step: ChangingStep, failure: Failure): Judgement {
  if (failure.how !== 'unfilled') return step.classify(failure);
  return {
    kind: 'fatal',
    cause: `${failure.action.id} could not be put together: ${failure.text}`,
    remedy: 'Mend what it is made from, as the cause says.',
  };
}

/** What the gathered signals come to, for a step that can tell; a plugin's mistake here must not hide the failure itself. */
export function explanation(step: Step, gathered: readonly Signal[]): Explanation | undefined {
  if (gathered.length === 0) return undefined;
  try {
    return step.explain?.(gathered);
  } catch {
    return undefined;
  }
}

const pageOf = (page: string | undefined): { page?: string } => (page === undefined ? {} : { page });

function firstBad(signals: readonly Signal[]): string | undefined {
  const bad = signals.find((s) => !s.ok);
  return (
    bad &&
    `${bad.name}${bad.subject ? ` of ${bad.subject}` : ''}: expected ${JSON.stringify(bad.expected)}, observed ${JSON.stringify(bad.observed)}`
  );
}
