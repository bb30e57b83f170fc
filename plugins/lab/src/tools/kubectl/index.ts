import { parseFlags } from '../common/flags.ts';
import { failed } from '../common/result.ts';
import { notSimulated, type SimulatedTool } from '../tool.ts';
import { apply, diff } from './apply.ts';
import { clusterInfo, version, whoami } from './about.ts';
import { config } from './config.ts';
import { build } from '../kustomize/index.ts';
import { COMMANDS } from './flags.ts';
import { get } from './get.ts';
import type { Command } from './command.ts';
import { rollout, wait } from './wait.ts';

const commands: Record<string, Command> = {
  get,
  apply,
  diff,
  wait,
  rollout,
  version,
  'cluster-info': clusterInfo,
  config,
  auth: whoami,
  kustomize: (model, call, { words: [folder = '.'] }) => build(model, call, folder, 'error'),
};

/** Global flags may stand before the command, so it is the first word that no flag of them takes. */
function commandOf(argv: readonly string[]): string | undefined {
  const parsed = parseFlags(argv, Object.assign({}, ...Object.values(COMMANDS)));
  return 'problem' in parsed ? argv.find((word) => Object.hasOwn(COMMANDS, word)) : parsed.words[0];
}

/** kubectl 1.36.3 over the world's control planes. */
export const kubectl: SimulatedTool = {
  name: 'kubectl',
  version: '1.36.3',
  async run(model, call) {
    const name = commandOf(call.argv);
    const table = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (name === undefined || table === undefined) return notSimulated('kubectl', call.argv);
    const flags = parseFlags(call.argv, table);
    if ('problem' in flags) return failed(`error: ${flags.problem}\nSee 'kubectl ${name} --help' for usage.`);
    return (commands[name] as Command)(model, call, { ...flags, words: flags.words.slice(1) });
  },
};
