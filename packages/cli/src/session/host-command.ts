import { Args, Command, Flags as OclifFlags } from '@oclif/core';
import { type Answer, bundleFlags, changingFlags, commonFlags } from '@coldstart/contract/command';
import type { Json } from '@coldstart/contract';
import type { Flags } from './flags.ts';

export const clusterArg = {
  cluster: Args.string({ description: 'name of the cluster (default: the environment variable CLUSTER)' }),
};

export const selectFlags = {
  from: OclifFlags.string({ description: 'first phase, by name or number' }),
  to: OclifFlags.string({ description: 'last phase' }),
  only: OclifFlags.string({ description: 'these phases only, separated by commas' }),
};

export const lookFlags = bundleFlags;

export const planFlags = {
  ...bundleFlags,
  out: OclifFlags.string({ description: 'write the plan to this file' }),
};

export const runFlags = {
  ...changingFlags,
  ...bundleFlags,
  out: OclifFlags.string({ description: 'with --dry-run: write the plan to this file', dependsOn: ['dry-run'] }),
  plan: OclifFlags.string({ description: 'go on only if the plan equals the one in this file (else exit 7)' }),
  parallel: OclifFlags.integer({ description: 'nodes that get their machine config at once', min: 1 }),
  'allow-missing-workers': OclifFlags.integer({ description: 'go on without this many workers (a deviation)', min: 0 }),
  'accept-machine': OclifFlags.string({
    description: 'give this node its config although its machine is not the recorded one (a deviation)',
    multiple: true,
    multipleNonGreedy: true,
  }),
  story: OclifFlags.string({ description: 'name that evidence files begin with' }),
  'evidence-dir': OclifFlags.string({ description: 'folder for evidence files' }),
  takeover: OclifFlags.string({ description: 'take the lock over from another run; asks for the name of the cluster' }),
};

/** Base of the host's own commands: each makes an answer; it is printed, and its exit code set, here. */
export abstract class HostCommand extends Command {
  static override baseFlags = commonFlags;
  static override enableJsonFlag = true;

  /** Errors are the runner's to print. */
  protected override async catch(error: Error): Promise<never> {
    throw error;
  }

  protected give(answer: Answer): Json {
    process.exitCode = answer.exit;
    if (!this.jsonEnabled() && answer.text !== '') this.log(answer.text);
    return answer.result;
  }
}

/** Parsed flags as plain data. */
export function plain(flags: object): Flags {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as Flags;
}
