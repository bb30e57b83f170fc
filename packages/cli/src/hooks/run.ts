import type { Config } from '@oclif/core';
import { EXIT, Problem } from '@coldstart/contract';
import type { Answer, Ask } from '@coldstart/contract/command';
import { create } from '../procedures/create.ts';
import { answerRun } from '../session/carry.ts';
import { commandLine } from '../session/command-line.ts';
import { answerLook } from '../session/look.ts';

/** Answers what a plugin's command asks: carries the steps out, or only looks at them. */
export default async function run(options: { ask: Ask; config: Config }): Promise<Answer> {
  const { ask, config } = options;
  if (ask.procedure !== create.id) {
    throw new Problem(`there is no procedure "${ask.procedure}"`, {
      exit: EXIT.usage,
      remedy: 'install versions of host and plugin that fit together',
    });
  }
  const { cluster, flags, steps, items } = ask;
  const selection = { steps, ...(items.length > 0 && { items }) };
  const request = { cluster, flags, procedure: create, selection };
  return ask.verb === 'look'
    ? answerLook(config, { ...request, ...(ask.table && { table: ask.table }) })
    : answerRun(config, { ...request, command: commandLine(config.bin, process.argv.slice(2)) });
}
