import { isProblem, type Exit } from '@coldstart/contract';
import { createRedactor, run, type RunResult } from '@coldstart/engine';
import type { OpenLab } from '@coldstart/plugin-lab';
import { create } from '../../packages/cli/src/procedures/create.ts';
import { Door, type Trials } from './door.ts';
import { CLUSTER, type Ground } from './topology.ts';
import type { Watch } from './watch.ts';

/** No run may take longer, in virtual time. */
const BOUND = 24 * 3_600_000;

export type Ended =
  | {
      how: 'exit';
      exit: Exit;
      failure: { step: string; item: string; cause: string; remedy: string | null } | null;
      evidence: string[];
    }
  | { how: 'killed' }
  | { how: 'endless' }
  | { how: 'broke'; error: string };
export type Process = {
  ended: Ended;
  calls: number;
  came: Record<string, number>;
  said: string[];
  /** Whether a fault began after its closing looks did. */
  outdated: boolean;
};

/** One process of coldstart, from its start to its end. */
export async function startProcess(
  ground: Ground,
  lab: OpenLab,
  watch: Watch,
  trials: Trials & { interruptAt?: number | undefined; after?: number; consents?: Record<string, string> },
): Promise<Process> {
  const stop = new AbortController();
  const door = new Door(lab, watch, {
    ...trials,
    ...(trials.interruptAt !== undefined && { interrupt: { at: trials.interruptAt, stop: () => stop.abort() } }),
  });
  // Somebody who waits: if the run waits for nothing that ever comes, virtual time goes on to the bound all the same.
  const waiter: OpenLab['world'] = lab.process() as OpenLab['world'];
  const endless = waiter.sleep(BOUND).then((): Ended => ({ how: 'endless' }));
  const killed = door.killed.then((): Ended => ({ how: 'killed' }));
  if (trials.after) await waiter.sleep(trials.after);
  const said: string[] = [];
  const ended = await Promise.race([carry(ground, door, stop.signal, trials.consents ?? {}), killed, endless]);
  waiter.kill();
  door.exit();
  if ('failure' in ended && ended.failure) said.push(JSON.stringify(ended.failure));
  if ('error' in ended) said.push(ended.error);
  return { ended, calls: door.calls, came: door.came, said, outdated: door.outdated };
}

async function carry(ground: Ground, door: Door, stop: AbortSignal, consents: Record<string, string>): Promise<Ended> {
  const redactor = createRedactor();
  for (const secret of ground.secrets) redactor.register(secret);
  try {
    const tools = Object.fromEntries(
      await Promise.all([...ground.kit.tools.keys()].map(async (name) => [name, await door.tool(name)] as const)),
    );
    const result: RunResult = await run({
      kit: ground.kit,
      procedure: create,
      plan: ground.plan,
      facts: ground.facts,
      world: door,
      redactor,
      stateDir: `.coldstart/${CLUSTER}`,
      evidenceDir: '.coldstart/evidence',
      version: '0.0.0-test',
      story: 'TEST',
      slo: { total: null, phases: {} },
      tools,
      selection: ground.selection,
      consents,
      rehearsal: { seed: 1, faults: [] },
      stop,
      command: `coldstart cluster create ${CLUSTER}`,
    });
    return { how: 'exit', exit: result.exit, failure: result.failure, evidence: result.evidence };
  } catch (error) {
    if (isProblem(error))
      return {
        how: 'exit',
        exit: error.exit,
        failure: { step: '', item: '', cause: error.message, remedy: error.remedy },
        evidence: [],
      };
    return { how: 'broke', error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
