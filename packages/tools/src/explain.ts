import type { Explanation, Signal } from '@coldstart/contract';

/** What one kind of bad signal means: the first rule of a list that fits any signal gives the cause. */
export type Rule = {
  /** The signal's name. */
  signal: RegExp;
  /** What it observed; anything where absent. */
  observed?: RegExp;
  cause: (signal: Signal, observed: string, match: RegExpExecArray | null) => string;
  remedy: (signal: Signal, match: RegExpExecArray | null) => string;
  page: string;
};

/** Makes a step's `explain` of rules, the most telling first: a cause lies before what merely follows from it. */
export function explaining(rules: readonly Rule[]): (gathered: readonly Signal[]) => Explanation | undefined {
  return (gathered) => {
    const bad = gathered.filter((signal) => !signal.ok);
    for (const rule of rules)
      for (const signal of bad) {
        const observed = typeof signal.observed === 'string' ? signal.observed : JSON.stringify(signal.observed);
        const match = rule.observed ? rule.observed.exec(observed) : null;
        if (!rule.signal.test(signal.name) || (rule.observed && !match)) continue;
        return {
          cause: rule.cause(signal, observed, match),
          remedy: rule.remedy(signal, match),
          page: rule.page,
        };
      }
    return undefined;
  };
}
