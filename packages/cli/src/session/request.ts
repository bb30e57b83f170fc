import type { Config } from '@oclif/core';
import { create } from '../procedures/create.ts';
import type { Request } from './carry.ts';
import { commandLine } from './command-line.ts';
import { type Flags, phasesOf } from './flags.ts';

/** What a host command asks for: the create procedure, or those phases of it that are told. */
export function requestFor(
  config: Config,
  cluster: string | undefined,
  flags: Flags,
  phases = phasesOf(flags, create),
): Request {
  return {
    cluster: cluster ?? '',
    flags,
    procedure: create,
    selection: phases ? { phases } : {},
    command: commandLine(config.bin, process.argv.slice(2)),
  };
}
