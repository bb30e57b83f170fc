import type { Verdict } from '@coldstart/contract';
import type { Order } from '../plan/order.ts';
import type { RunContext } from './context.ts';
import { worst, type StepResult } from './step.ts';

/** Journals when a phase's first step begins and when its last one ends. */
export class PhaseMarks {
  readonly #context: RunContext;
  readonly #left = new Map<string, number>();
  readonly #entered = new Set<string>();
  readonly #results = new Map<string, StepResult[]>();

  constructor(context: RunContext, order: Order) {
    this.#context = context;
    for (const phase of order.phases)
      this.#left.set(phase.id, phase.steps.filter((p) => p.step.kind !== 'preflight').length);
  }

  async enter(phase: string): Promise<void> {
    if (this.#entered.has(phase)) return;
    this.#entered.add(phase);
    await this.#context.journal.write({ type: 'phase-start', phase });
  }

  async leave(phase: string, result: StepResult): Promise<void> {
    const results = [...(this.#results.get(phase) ?? []), result];
    this.#results.set(phase, results);
    if (results.length < (this.#left.get(phase) ?? 0) || !this.#entered.has(phase)) return;
    const verdict: Verdict = worst(results.map((r) => r.verdict)) ?? 'done';
    await this.#context.journal.write({ type: 'phase-end', phase, verdict });
  }
}
