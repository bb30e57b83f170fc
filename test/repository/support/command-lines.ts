import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './documents.ts';

type Flag = { type: 'boolean' | 'option'; dependsOn?: string[] };
type Command = { flags: Record<string, Flag>; args: Record<string, { required?: boolean }> };

/** What the built commands know, from the manifests that `--help` prints. */
export function builtCommands(): Map<string, Command> {
  const files = globSync('{packages,plugins}/*/oclif.manifest.json', { cwd: root });
  const commands = files.flatMap((file) =>
    Object.entries(
      (JSON.parse(readFileSync(join(root, file), 'utf8')) as { commands: Record<string, Command> }).commands,
    ),
  );
  if (commands.length === 0 || !existsSync(join(root, 'packages/cli/dist')))
    throw new Error('nothing is built: npm run build');
  return new Map(commands);
}

/** What is wrong with a line `coldstart …`; undefined where the command takes it. */
export function wrongWith(line: string, commands: ReadonlyMap<string, Command>): string | undefined {
  const words = line.split(/\s+/).slice(1);
  if (words.every((word) => word === '--help' || word === '--version' || word.startsWith('<'))) return undefined;
  const id = words.slice(0, 2).join(':');
  const command = commands.get(id);
  if (!command) return `there is no command ${id}`;
  const given = new Set<string>();
  let positional = 0;
  for (let at = 2; at < words.length; at++) {
    const word = words[at] ?? '';
    if (!word.startsWith('-')) {
      positional++;
      continue;
    }
    const [name = '', value] = word.replace(/^--/, '').split('=', 2);
    if (name === 'help') continue;
    const flag = command.flags[name];
    if (!flag) return `${id} has no ${word}`;
    given.add(name);
    if (flag.type === 'boolean') {
      if (value !== undefined) return `--${name} takes no value`;
      continue;
    }
    if (value !== undefined) continue;
    const next = words[++at];
    if (next === undefined || next.startsWith('--')) return `--${name} wants a value`;
  }
  for (const name of given)
    for (const needed of command.flags[name]?.dependsOn ?? [])
      if (!given.has(needed)) return `--${name} needs --${needed}`;
  const args = Object.values(command.args);
  if (positional > args.length) return `${id} takes ${args.length} arguments, not ${positional}`;
  return positional < args.filter((arg) => arg.required).length ? `${id} lacks an argument` : undefined;
}
