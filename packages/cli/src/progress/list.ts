import { type DefaultRenderer, Listr, ListrLogger, type ListrTaskWrapper, ProcessOutput } from 'listr2';
import { DefaultRenderer as Renderer } from 'listr2';
import { showDuration } from '../config/duration.ts';
import type { Progress } from './index.ts';
import { brief, newRunState, type PhaseState, phaseTime, type StepState, stepTime, take } from './model.ts';
import { waitsFor } from './plain.ts';

/** listr2's renderer for a terminal on stderr: it looks at stdout alone to tell whether there is one. */
class StderrRenderer extends Renderer {
  static override nonTTY = true;
}

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, never>;
type Gate = { promise: Promise<void>; open: () => void };

/** Phases and their steps as a task list that follows the journal. A phase's steps fold away once it is done. */
export function listProgress(stderr: NodeJS.WriteStream): Progress {
  const state = newRunState();
  const gates = new Map<string, Gate>();
  const tasks = new Map<string, Task>();
  let running: Promise<unknown> = Promise.resolve();

  const stepTask = (step: StepState) => ({
    title: step.title,
    task: async (_: unknown, task: Task): Promise<void> => {
      tasks.set(step.id, task);
      refresh(step, task);
      await gateOf(gates, step.id).promise;
      settle(step, task);
    },
    exitOnError: false,
  });
  const phaseTask = (phase: PhaseState) => ({
    title: phaseTitle(phase),
    skip: async (): Promise<string | false> => {
      // It begins, or all its steps end without having been run.
      const steps = Promise.all(phase.steps.map((step) => gateOf(gates, step.id).promise));
      await Promise.race([gateOf(gates, phaseKey(phase.id)).promise, steps]);
      return wasRun(phase) ? false : `${phase.title}  not run`;
    },
    task: (_: unknown, task: Task) => {
      tasks.set(phaseKey(phase.id), task);
      return task.newListr(phase.steps.map(stepTask) as never, { concurrent: true, exitOnError: false });
    },
  });

  let began = false;
  const start = (): void => {
    began = true;
    // Stdout and stderr in each other's place: what listr2 paints on stdout belongs on stderr.
    const logger = new ListrLogger({ useIcons: true, processOutput: new ProcessOutput(stderr, process.stdout) });
    const list = new Listr(state.phases.map(phaseTask) as never, {
      concurrent: false,
      exitOnError: false,
      registerSignalListeners: false,
      renderer: StderrRenderer as never,
      rendererOptions: { logger, collapseSubtasks: true, collapseErrors: false, showErrorMessage: true } as never,
    });
    running = list.run().catch(() => undefined);
  };

  return {
    on(record) {
      take(state, record);
      // What is told before anything begins stands above the list, which keeps what others write until its end.
      if (record.type === 'outlives') this.note(waitsFor(record));
      if (!began && (record.type === 'phase-start' || record.type === 'item-start')) start();
      if (record.type === 'phase-start') gateOf(gates, phaseKey(record.phase)).open();
      if (record.type === 'phase-end') {
        const phase = state.phases.find((p) => p.id === record.phase);
        const task = tasks.get(phaseKey(record.phase));
        if (phase && task) task.title = phaseTitle(phase);
        for (const step of phase?.steps ?? []) gateOf(gates, step.id).open();
      }
      if (!('step' in record)) return;
      const phase = state.phases.find((p) => p.id === record.phase);
      const step = phase?.steps.find((s) => s.id === record.step);
      if (!phase || !step) return;
      const task = tasks.get(step.id);
      if (task) refresh(step, task);
      // The last one ends with its phase: until then the list cannot give the phase its time.
      if (hasEnded(step) && (phase.began === null || !phase.steps.every(hasEnded))) gateOf(gates, step.id).open();
    },
    note(text) {
      const task = [...tasks.values()].at(-1);
      if (task) task.output = text;
      else stderr.write(`${text}\n`);
    },
    async end() {
      for (const step of state.phases.flatMap((phase) => phase.steps)) gateOf(gates, step.id).open();
      await running;
    },
  };
}

function refresh(step: StepState, task: Task): void {
  const ended = step.items.filter((item) => item.verdict !== null).length;
  const begun = step.items.some((item) => item.began !== null);
  const count = step.items.length > 1 ? `  ${ended}/${step.items.length}` : '';
  task.title = begun ? `${step.title}${count}` : `${step.title}  waits`;
  const open = step.items.filter((item) => item.began !== null && item.verdict === null && item.doing !== '');
  const words = open
    .slice(0, 3)
    .map((item) => brief(step.items.length > 1 ? `${item.key}: ${item.doing}` : item.doing, 120));
  if (words.length > 0) task.output = words.join(' · ');
}

const isBad = (verdict: string): boolean => verdict === 'failed' || verdict === 'refused' || verdict === 'interrupted';

/** Gives a step that has ended its last words. An error is how listr2 is told of a failure. */
function settle(step: StepState, task: Task): void {
  const failed = step.items.filter(({ verdict }) => verdict !== null && isBad(verdict));
  const [first] = failed;
  if (first)
    throw new Error(
      `${step.title}: ${first.key} ${first.verdict ?? ''}${first.end?.cause ? `: ${first.end.cause}` : ''}`,
    );
  const time = stepTime(step);
  if (step.items.every(({ verdict }) => verdict === null || verdict === 'not-run')) task.skip(`${step.title}  not run`);
  else if (step.items.every(({ verdict }) => verdict === 'skipped')) task.title = `${step.title}  already done`;
  else task.title = `${step.title}  ${time === null ? '' : showDuration(time)}`;
}

/** Preflight steps are looked at before their phase begins: one that went well is not worth a phase of its own. */
const wasRun = (phase: PhaseState): boolean =>
  phase.began !== null ||
  phase.steps.some(({ items }) => items.some(({ verdict }) => verdict !== null && isBad(verdict)));

function phaseTitle(phase: PhaseState): string {
  const time = phaseTime(phase);
  const words = [
    ...(time === null ? [] : [showDuration(time)]),
    ...(phase.slo === null
      ? []
      : [`SLO ${showDuration(phase.slo)}${time !== null && time > phase.slo ? ' missed' : ''}`]),
  ];
  return words.length === 0 ? phase.title : `${phase.title}  (${words.join(', ')})`;
}

const hasEnded = (step: StepState): boolean => step.items.every((item) => item.verdict !== null);

const phaseKey = (id: string): string => `phase ${id}`;

function gateOf(gates: Map<string, Gate>, id: string): Gate {
  let gate = gates.get(id);
  if (!gate) {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = { promise, open: resolve };
    gates.set(id, gate);
  }
  return gate;
}
