import { EXIT, isProblem, type Event, type Json, type Plan, type Problem } from '@coldstart/contract';
import { formerRuns, openWrites, pastOf, refuseNewer, type FormerRun } from '../journal/past.ts';
import { openStateFolder } from '../journal/state-folder.ts';
import { openJournal } from '../journal/writer.ts';
import { plansActions } from '../plan/changes.ts';
import { orderSteps, type Order, type Placed } from '../plan/order.ts';
import { takeLock } from '../world/lock.ts';
import { borrowFacts, type Missing } from './borrow.ts';
import { closingLooks } from './closing.ts';
import type { RunContext } from './context.ts';
import { FactStore } from './facts.ts';
import { generationOf, retirePins, runId } from './identify.ts';
import { Interrupted, orStopped } from './interrupt.ts';
import { keepEvidence, keepFormerEvidence } from './keep-evidence.ts';
import { clearLock } from './merge-lock.ts';
import { absences, opening } from './opening.ts';
import type { Failed, RunOptions, RunResult } from './options.ts';
import { settleOutlived } from './outlived.ts';
import { PhaseMarks } from './phase-marks.ts';
import { Preparations } from './prepare.ts';
import { SharedLocks } from './shared-locks.ts';
import { Hearing } from './witness.ts';
import { carryStep, isGood, notRun, worst, type StepResult } from './step.ts';

/** Carries a plan out. It always ends with a last journal record and with evidence, unless the disk is gone or the process is killed. */
export async function run(options: RunOptions): Promise<RunResult> {
  const { world, kit, plan } = options;
  const order = orderSteps(kit, options.procedure, options.facts, options.selection);
  await openStateFolder(world, options.stateDir.split('/')[0] ?? options.stateDir);
  const id = await runId(world, options.stateDir);
  const changes = plansActions(plan);
  const lock = !changes
    ? undefined
    : await takeLock(world, `${options.stateDir}/lock`, {
        run: id,
        procedure: plan.procedure,
        ...(options.consents?.['takeover'] !== undefined && { takeover: options.consents['takeover'] }),
      });
  let locks: SharedLocks | undefined;
  try {
    const former = await formerRuns(world, options.stateDir);
    if (changes) refuseNewer(former);
    const repin = options.consents?.['repin'];
    const retired =
      repin === undefined ? undefined : await retirePins(world, plan.cluster, repin, { id, stop: options.stop });
    const generation = await generationOf(world, plan.cluster);
    // The run ends when it is told to, and when its lock is lost.
    const lost = new AbortController();
    if (options.stop.aborted) lost.abort();
    options.stop.addEventListener('abort', () => lost.abort(), { once: true });
    const journal = openJournal(world, `${options.stateDir}/runs/${id}/journal.jsonl`, {
      mask: (event) => options.redactor.json(event as unknown as Json) as unknown as Event,
      ...(options.on && { on: options.on }),
    });
    const context: RunContext = {
      id,
      cluster: plan.cluster,
      kit,
      world,
      journal,
      masks: options.redactor,
      stop: lost.signal,
      past: pastOf(former, generation, world),
    };
    await journal.write(opening(options, order, id, generation));
    if (retired !== undefined) await journal.write({ type: 'deviation', what: retired, subject: null });
    for (const what of lock?.deviations ?? []) await journal.write({ type: 'deviation', what, subject: null });
    for (const what of options.deviations ?? []) await journal.write({ type: 'deviation', what, subject: null });
    for (const what of absences(order)) await journal.write({ type: 'deviation', what, subject: null });
    // Without the lock, a run that has no end may be one that is on its way beside this one.
    const killed = changes ? former : [];
    for (const what of await keepFormerEvidence(options, killed))
      await journal.write({ type: 'deviation', what, subject: null });
    for (const [what, words] of Object.entries(options.consents ?? {}))
      await journal.write({ type: 'consent', what, words });

    let overtaken: Problem | undefined;
    locks = new SharedLocks(context, {
      locks: changes ? [...kit.locks.values()] : [],
      procedure: plan.procedure,
      takeover: options.consents?.['takeover'] !== undefined,
      lose: (problem) => {
        overtaken = problem;
        lost.abort();
      },
    });
    const hearing = new Hearing(context, options.facts);
    const carried = await carry(context, options, order, { former, killed }, locks, hearing);
    await locks.release();
    await hearing.end();
    const ended: Ended = overtaken ? stoppedBy(overtaken, context, options) : carried;
    await journal.write({
      type: 'run-end',
      outcome: ended.outcome,
      exit: ended.exit,
      cause: ended.failure ? `${ended.failure.step} ${ended.failure.item}: ${ended.failure.cause}` : null,
      next: ended.failure?.next ?? (ended.outcome === 'interrupted' ? options.command : null),
    });
    const evidence = await keepEvidence(options, journal.bytes());
    return { id, ...ended, journal: journal.path, evidence };
  } finally {
    await locks?.release().catch(() => {});
    await lock?.release();
  }
}

type Ended = Pick<RunResult, 'outcome' | 'exit' | 'failure'>;

async function carry(
  context: RunContext,
  options: RunOptions,
  order: Order,
  { former, killed }: Record<'former' | 'killed', readonly FormerRun[]>,
  locks: SharedLocks,
  hearing: Hearing,
): Promise<Ended> {
  try {
    await settleOutlived(context, killed);
    // Whose process is alive keeps its lock, so this may be done beside another run too.
    for (const { run: of, path } of openWrites(former)) await clearLock(context.world, path, of, context);
    const witnessed = hearing.ask();
    const facts = new FactStore(options.facts);
    // Before preflight: where another machine is at work, its nodes look as if they were broken.
    await locks.take(facts.all());
    const preparations = new Preparations(context);
    const preflight = await carryPreflight(context, options, order, facts, preparations);
    await orStopped(witnessed, context.stop);
    if (preflight) return preflight;
    const missing = await borrowFacts(context, options.kit, options.procedure, order, facts);
    await locks.take(facts.all());
    for (const { placed, plan } of stepsOf(options.plan, order))
      for (const item of plan.items) preparations.add(placed.phase, placed.step, item.key, item.prepare, options.facts);
    const results = await carryAll(
      context,
      options,
      order,
      facts,
      preparations,
      new Map(missing.map((m) => [m.step, m])),
      locks,
    );
    await preparations.settled();
    await orStopped(hearing.ask(), context.stop);
    const verdict = verdictOf(results, context, options);
    if (verdict.outcome !== 'done') return verdict;
    return verdictOf(await closingLooks(context, order, results, facts), context, options);
  } catch (error) {
    if (error instanceof Interrupted || context.stop.aborted)
      return { outcome: 'interrupted', exit: EXIT.interrupted, failure: null };
    if (isProblem(error) && error.exit !== EXIT.bug) return stoppedBy(error, context, options);
    const cause = context.masks.text(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return {
      outcome: 'bug',
      exit: EXIT.bug,
      failure: { step: 'coldstart', item: '', cause, remedy: 'Report this.', page: null, next: options.command },
    };
  }
}

/** Something outside the steps that the operator must mend, e.g. a lock that another machine left beside a file. */
function stoppedBy(problem: Problem, context: RunContext, options: RunOptions): Ended {
  const refused = problem.exit === EXIT.refused;
  return {
    outcome: refused ? 'refused' : 'failed',
    exit: refused ? EXIT.refused : EXIT.failed,
    failure: {
      step: 'coldstart',
      item: '',
      cause: context.masks.text(problem.message),
      remedy: problem.remedy,
      page: problem.page ?? null,
      next: options.command,
    },
  };
}

/** Looks at everything that must hold before anything is changed, all at once; says all that is wrong. */
async function carryPreflight(
  context: RunContext,
  options: RunOptions,
  order: Order,
  facts: FactStore,
  preparations: Preparations,
): Promise<Ended | undefined> {
  const steps = [...stepsOf(options.plan, order)].filter(({ placed }) => placed.step.kind === 'preflight');
  const results = await Promise.all(
    steps.map((s) => carryStep(context, { ...s, only: options.selection?.items ?? [], facts, preparations })),
  );
  const gravest = worst(results.map((r) => r.verdict));
  if (gravest === undefined || isGood(gravest)) return undefined;
  if (gravest === 'interrupted') return { outcome: 'interrupted', exit: EXIT.interrupted, failure: null };
  const failure = firstFailure(results, options);
  return gravest === 'refused'
    ? { outcome: 'refused', exit: EXIT.refused, failure }
    : { outcome: 'preflight', exit: EXIT.preflight, failure };
}

function* stepsOf(
  plan: Plan,
  order: Order,
): Generator<{ placed: Placed; plan: Plan['phases'][number]['steps'][number] }> {
  for (const phase of order.phases)
    for (const placed of phase.steps) {
      const planned = plan.phases.find((p) => p.id === phase.id)?.steps.find((s) => s.id === placed.step.id);
      if (!planned) throw new Error(`the plan has no step ${placed.step.id}`);
      yield { placed, plan: planned };
    }
}

/** Carries every step out as soon as what it waits for has ended well; what waits for something that failed is not run. */
async function carryAll(
  context: RunContext,
  options: RunOptions,
  order: Order,
  facts: FactStore,
  preparations: Preparations,
  missing: ReadonlyMap<string, Missing>,
  locks: SharedLocks,
): Promise<StepResult[]> {
  const running = new Map<string, Promise<StepResult>>();
  const phases = new PhaseMarks(context, order);
  const only = options.selection?.items ?? [];
  for (const { placed, plan } of stepsOf(options.plan, order)) {
    const { step } = placed;
    if (step.kind === 'preflight') continue;
    const carried = (async (): Promise<StepResult> => {
      const before = await Promise.all(placed.waitsFor.flatMap((id) => running.get(id) ?? []));
      const stopper = before.find((r) => !isGood(r.verdict) && !(step.despite ?? []).includes(r.id));
      const lacking = placed.borrows.map((id) => missing.get(id)).find((m) => m !== undefined);
      let result: StepResult;
      if (stopper || lacking !== undefined || context.stop.aborted) {
        const cause = stopper
          ? `${stopper.id} ${stopper.verdict === 'not-run' ? 'was not run' : stopper.verdict}`
          : lacking !== undefined
            ? `${lacking.step} is not done (${lacking.cause})`
            : 'the run was interrupted';
        const items = await Promise.all(
          plan.items.map((i) => notRun(context, placed.phase, step.id, i.key, cause, stopper ? undefined : lacking)),
        );
        result = {
          id: step.id,
          verdict: lacking && !stopper ? (lacking.refuse ? 'refused' : 'failed') : 'not-run',
          items,
        };
      } else {
        await phases.enter(placed.phase);
        result = await carryStep(context, { placed, plan, only, facts, preparations });
      }
      await phases.leave(placed.phase, result);
      if (isGood(result.verdict)) await locks.take(facts.all());
      return result;
    })();
    carried.catch(() => {});
    running.set(step.id, carried);
  }
  const settled = await Promise.allSettled(running.values());
  const broken = settled.find((s) => s.status === 'rejected');
  if (broken) throw broken.reason;
  return settled.map((s) => (s as PromiseFulfilledResult<StepResult>).value);
}

function verdictOf(results: readonly StepResult[], context: RunContext, options: RunOptions): Ended {
  const gravest = worst(results.map((r) => r.verdict));
  if (gravest === 'interrupted' || context.stop.aborted)
    return { outcome: 'interrupted', exit: EXIT.interrupted, failure: null };
  if (gravest === 'refused') return { outcome: 'refused', exit: EXIT.refused, failure: firstFailure(results, options) };
  if (gravest === 'failed' || gravest === 'not-run')
    return { outcome: 'failed', exit: EXIT.failed, failure: firstFailure(results, options) };
  return { outcome: 'done', exit: EXIT.done, failure: null };
}

function firstFailure(results: readonly StepResult[], options: RunOptions): Failed | null {
  const bad = results.flatMap((r) => r.items.map((i) => ({ step: r.id, ...i }))).filter((i) => !isGood(i.verdict));
  const first = bad.find((i) => i.verdict === 'refused') ?? bad.find((i) => i.verdict === 'failed') ?? bad[0];
  if (!first) return null;
  return {
    step: first.step,
    item: first.key,
    cause: first.cause ?? first.verdict,
    remedy: first.remedy,
    page: first.page,
    next: options.command,
  };
}
