import type { Config } from '@oclif/core';
import type { Answer } from '@coldstart/contract/command';
import { EXIT, type Json, Problem, type Procedure } from '@coldstart/contract';
import { derive, openStateFolder, readJournal, run, type RunResult, type Selection } from '@coldstart/engine';
import type { RunDocument, Unbundled } from '../output/schema.ts';
import { openProgress } from '../progress/index.ts';
import { summaryText } from '../progress/summary.ts';
import { variable } from '../terminal/environment.ts';
import { writeErr } from '../terminal/output.ts';
import { untilStopped } from '../terminal/signals.ts';
import { bundleText, withBundle, writeBundle } from './bundle.ts';
import { checkExpected } from './expected-plan.ts';
import { type Flags, isOn, text } from './flags.ts';
import { findTools, inSession, planFor, type Session, STATE } from './open.ts';
import type { Rehearsal } from './rehearsal.ts';
import { answerPlan } from './plan.ts';
import { sloOf } from './slo.ts';
import { rehearsalDocument, rehearsalText } from './rehearsal-report.ts';

const MAX_JOURNAL = 256 * 1024 * 1024;

/** What is to be carried out; `command` is the line to go on with after a failure. */
export type Request = { cluster: string; flags: Flags; procedure: Procedure; selection: Selection; command: string };

/** Runs a procedure, or a part of it; with `--dry-run` answers the plan instead. */
export async function answerRun(config: Config, request: Request): Promise<Answer> {
  if (isOn(request.flags, 'dry-run')) return answerPlan(config, request);
  const consents = consentsOf(request);
  return untilStopped((stop) =>
    inSession(config, { ...request, stop: stop.signal }, async (session) => {
      const { procedure, selection, flags } = request;
      const tools = await findTools(session);
      const plan = await planFor(session, procedure, tools, selection);
      await checkExpected(plan, text(flags, 'plan'));

      // A rehearsal writes its journal below .coldstart/ too, and only the real world may put a .gitignore there.
      if (session.rehearsal) await openStateFolder(session.real, STATE);
      const progress = await openProgress({ verbose: isOn(flags, 'verbose') });
      stop.say = (message) => progress.note(message);
      for (const note of notesOf(session)) progress.note(note);
      const carried = run({
        kit: session.kit,
        procedure,
        plan,
        facts: session.repository.facts,
        world: session.world,
        redactor: session.redactor,
        stateDir: session.stateDir,
        evidenceDir: session.evidenceDir,
        version: config.version,
        story: session.configuration.evidence.story,
        slo: sloOf(plan, session.kit, session.repository.facts, session.configuration.slo),
        selection,
        deviations: deviationsOf(flags),
        consents,
        tools,
        ...(session.rehearsal && { rehearsal: { seed: session.rehearsal.seed, faults: session.rehearsal.faults } }),
        on: (record) => progress.on(record),
        stop: stop.signal,
        command: request.command,
      });
      try {
        const result = await orKilled(session.rehearsal, carried).finally(() => progress.end());
        return await withBundle(config, session, await answerOf(session, result), {
          journal: result.journal,
          plan,
        });
      } catch (error) {
        // A killed process writes nothing any more, and a rehearsed one is to be like it.
        const bundle = error === KILLED ? null : await writeBundle(config, session, { plan, error });
        if (bundle) writeErr(`${bundleText(bundle)}\n`);
        throw error;
      }
    }),
  );
}

async function answerOf(session: Session, result: RunResult): Promise<Answer> {
  const journal = await session.world.read(result.journal, MAX_JOURNAL);
  const evidence = derive(readJournal(journal ?? new Uint8Array()));
  const summary = summaryText(evidence, { journal: result.journal, files: result.evidence });
  const document: Unbundled<RunDocument> = {
    schema: 'coldstart.run/1',
    exit: result.exit,
    evidence,
    failure: result.failure,
    journal: result.journal,
    files: result.evidence,
    rehearsal: session.rehearsal ? rehearsalDocument(session, session.rehearsal) : null,
  };
  return {
    exit: result.exit,
    text: session.rehearsal ? `${summary}\n\n${rehearsalText(session, session.rehearsal)}` : summary,
    result: document as unknown as Json,
  };
}

const KILLED = new Problem('the rehearsed coldstart was killed in the middle', {
  exit: EXIT.failed,
  remedy: 'the same command without this fault, with the same --world, goes on where it stopped',
});

/**
 * The result, with the rehearsed world saved. A rehearsed `killed` leaves the engine waiting for ever, as a killed process
 * would be: the lab says when.
 */
async function orKilled(rehearsal: Rehearsal | null, carried: Promise<RunResult>): Promise<RunResult> {
  if (!rehearsal) return carried;
  try {
    const result = await Promise.race([carried, rehearsal.lab.died]);
    if (result) return result;
    throw KILLED;
  } finally {
    await rehearsal.save();
  }
}

function notesOf(session: Session): string[] {
  const notes = session.repository.assumed.map((what) => `assumed: ${what}`);
  const parallel = Number(session.flags['parallel'] ?? 1);
  if (parallel > 2)
    notes.push(
      `note: ${parallel} nodes are applied at once; a mistake in the configs reaches that many before it shows`,
    );
  return notes;
}

function deviationsOf(flags: Flags): string[] {
  const missing = flags['allow-missing-workers'];
  return typeof missing === 'number' && missing > 0 ? [`--allow-missing-workers ${missing}`] : [];
}

/** Consents that ask for the cluster's name; a flag alone gives them, and no environment variable does. */
const CONSENTS = ['takeover', 'repin'] as const;

function consentsOf({ flags, cluster }: Request): Record<string, string> {
  const name = cluster || (variable('CLUSTER') ?? '');
  const given: Record<string, string> = {};
  for (const consent of CONSENTS) {
    const words = text(flags, consent);
    if (words === undefined) continue;
    if (words !== name)
      throw new Problem(`--${consent} asks for the cluster's name, and "${words}" is not it`, {
        exit: EXIT.usage,
        remedy: `--${consent} ${name}`,
      });
    given[consent] = words;
  }
  return given;
}
