import type { Hook } from '@oclif/core';
import { EXIT, Problem } from '@coldstart/contract';
import { bringerOf, installLine } from '../plugins/missing.ts';
import { nearest } from '../runner/nearest.ts';

/** Names the package that brings the command, or the command that is spelled nearest to it. */
const hook: Hook<'command_not_found'> = async ({ id, config }) => {
  const words = id.split(':');
  const plugin = bringerOf(words);
  if (plugin && !config.plugins.has(plugin)) {
    throw new Problem(`"${words.join(' ')}" needs ${plugin}, which is not installed`, {
      exit: EXIT.usage,
      remedy: installLine(plugin),
    });
  }
  const known = config.commands.filter((command) => !command.hidden).map((command) => command.id.replaceAll(':', ' '));
  const guess = nearest(words.slice(0, 2).join(' '), known);
  throw new Problem(`unknown command "${words.join(' ')}"`, {
    exit: EXIT.usage,
    remedy: guess ? `did you mean "${config.bin} ${guess}"? See ${config.bin} --help` : `see ${config.bin} --help`,
  });
};
export default hook;
