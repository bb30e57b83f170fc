import type { Facts, Json, Step } from '@coldstart/contract';

/** What is known so far: facts of the surveys, and what steps provided once they were done. */
export class FactStore {
  readonly #facts: Record<string, Json>;

  constructor(survey: Facts) {
    this.#facts = { ...survey };
  }

  all(): Facts {
    return this.#facts;
  }

  /** Keeps what a step's items observed when they were done. With `forEach`, a fact is a record by item key. */
  provide(step: Step, observed: readonly { key: string; facts: Facts | undefined }[]): void {
    for (const name of step.provides) {
      if (!step.forEach) {
        const value = observed[0]?.facts?.[name];
        if (value !== undefined) this.#facts[name] = value;
        continue;
      }
      const byItem: Record<string, Json> = {};
      for (const { key, facts } of observed) {
        const value = facts?.[name];
        if (value !== undefined) byItem[key] = value;
      }
      this.#facts[name] = byItem;
    }
  }
}
