import { run, settings } from '@oclif/core';
import { hostOptions } from '../plugins/host.ts';
import { describeError, errorDocument, errorText } from './errors.ts';
import { drain, writeErr, writeOut } from '../terminal/output.ts';

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
    await run(argv, (await hostOptions(searchFrom)) as never);
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
