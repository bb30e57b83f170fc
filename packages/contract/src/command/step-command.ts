import { Args, Command, Flags } from '@oclif/core';
import { type Json } from '../schema/json.ts';
import { EXIT } from '../problem.ts';

/** The hook by which a plugin's command reaches the engine through the host. */
export const RUN_HOOK = 'coldstart:run';

/** What a command asks the host for. */
export type Ask = {
  /** `run` changes what its steps plan; `look` only observes them. */
  verb: 'run' | 'look';
  /** Empty: the environment variable CLUSTER. */
  cluster: string;
  procedure: string;
  /** Steps by id, in any order; the procedure orders them. */
  steps: string[];
  /** Items by key, e.g. node names; all when empty. */
  items: string[];
  flags: Readonly<Record<string, Json>>;
  /** For people, a table instead of one line per step: a row per item, of the named parts of a fact that its look gave. */
  table?: { fact: string; columns: string[] };
};

/** What the host answers: the exit code, the result for `--json`, and the same for people. */
export type Answer = { exit: number; result: Json; text: string };

const cluster = Args.string({ description: 'name of the cluster (default: the environment variable CLUSTER)' });

export const commonFlags = {
  root: Flags.string({
    description: 'the repository (default: the nearest folder upwards with coldstart.yaml or .git)',
    helpGroup: 'GLOBAL',
  }),
  config: Flags.string({
    description: 'configuration file (default: coldstart.yaml in the root)',
    helpGroup: 'GLOBAL',
  }),
  context: Flags.string({ description: 'kubeconfig context', helpGroup: 'GLOBAL' }),
  kubeconfig: Flags.string({ description: 'kubeconfig file', helpGroup: 'GLOBAL' }),
  talosconfig: Flags.string({ description: 'talosconfig file', helpGroup: 'GLOBAL' }),
  verbose: Flags.boolean({ description: 'echo the commands that are run, on stderr', helpGroup: 'GLOBAL' }),
  rehearse: Flags.boolean({ description: 'against a simulated world, in virtual time', helpGroup: 'REHEARSAL' }),
  seed: Flags.integer({
    description: 'seed of the rehearsal',
    dependsOn: ['rehearse'],
    helpGroup: 'REHEARSAL',
    min: 0,
  }),
  fault: Flags.string({
    description: 'a fault to play, name[@node][:count]; may be repeated',
    multiple: true,
    multipleNonGreedy: true,
    dependsOn: ['rehearse'],
    helpGroup: 'REHEARSAL',
  }),
  world: Flags.string({
    description: 'file that keeps the simulated world',
    dependsOn: ['rehearse'],
    helpGroup: 'REHEARSAL',
  }),
  pace: Flags.string({
    description: 'virtual time per real time, e.g. 60x',
    dependsOn: ['rehearse'],
    helpGroup: 'REHEARSAL',
  }),
};

/** Of every command that runs or looks at steps. */
export const bundleFlags = {
  bundle: Flags.boolean({
    description: 'write a support bundle: the journal, what failed and why, plan, configuration, versions; no secrets',
    helpGroup: 'SUPPORT',
  }),
  'bundle-file': Flags.string({
    description: 'file of the support bundle (implies --bundle; default: below .coldstart/)',
    helpGroup: 'SUPPORT',
  }),
};

export const changingFlags = {
  'dry-run': Flags.boolean({ description: 'print the plan, change nothing (also DRY_RUN=true)', env: 'DRY_RUN' }),
  repin: Flags.string({
    description: "put aside what is recorded of the cluster, once it is gone for good; asks for the cluster's name",
  }),
  offline: Flags.boolean({ description: 'with --dry-run: look at nothing but the repository', dependsOn: ['dry-run'] }),
};

/** The flags that were given, as plain data for the host; `besides` are those that the command heeds itself. */
export function given(flags: Readonly<Record<string, unknown>>, besides: readonly string[] = []): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(flags).filter(([name, value]) => value !== undefined && !besides.includes(name)),
  ) as Record<string, Json>;
}

/** Base of the commands that run or look at some steps of the create procedure. */
export abstract class StepCommand extends Command {
  static override args = { cluster };
  static override baseFlags = { ...commonFlags, ...bundleFlags };
  static override enableJsonFlag = true;

  /** The host prints every error and decides the exit code. */
  protected override async catch(error: Error): Promise<never> {
    throw error;
  }

  /** Hands the selection to the host; prints its answer on stdout and sets the exit code. */
  protected async ask(ask: Omit<Ask, 'procedure'>): Promise<Json> {
    const hook = await this.config.runHook(RUN_HOOK as never, { ask: { procedure: 'create', ...ask } } as never);
    const failure = hook.failures[0];
    if (failure) throw failure.error;
    const answers = (hook.successes as { result: unknown }[])
      .map((s) => s.result)
      .filter((r) => r !== undefined) as Answer[];
    const answer = answers[0];
    if (!answer || answers.length > 1)
      this.error('the coldstart host did not answer: install @coldstart/cli', { exit: EXIT.usage });
    process.exitCode = answer.exit;
    if (!this.jsonEnabled() && answer.text !== '') this.log(answer.text.trimEnd());
    return answer.result;
  }
}
