import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, settings } from '@oclif/core';
import { findPackage, findPlugins, loadPlugins } from '../plugins/find.ts';
import { describeError, errorDocument, errorText } from './errors.ts';
import { drain, writeErr, writeOut } from '../terminal/output.ts';

const HOST = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * Runs one command line to its end. Sets `process.exitCode` and returns; it never calls `process.exit`, which would lose
 * what a pipe has not taken yet. Every error of every command is printed here and nowhere else.
 *
 * @param searchFrom folders from which plugins are looked for, besides the host's own
 */
export async function main(argv: string[], searchFrom: readonly string[]): Promise<void> {
  // oclif would look for TypeScript sources beside a linked plugin and register a loader for them.
  settings.enableAutoTranspile = false;
  try {
    const plugins = await findPlugins([HOST, ...searchFrom]);
    const help = await findPackage(HOST, '@oclif/plugin-help');
    if (help) plugins.set('@oclif/plugin-help', help);
    const loaded = await loadPlugins(HOST, plugins);
    await run(argv, { root: HOST, plugins: loaded, userPlugins: false, devPlugins: false } as never);
  } catch (error) {
    const told = describeError(error);
    process.exitCode = told.exit;
    if (told.kind !== 'exit') {
      if (wantsJson(argv)) writeOut(`${JSON.stringify(errorDocument(told), null, 2)}\n`);
      else writeErr(errorText(told));
    }
  }
  await drain();
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}
