import type { JournalRecord } from '@coldstart/contract';
import { writeErr } from '../terminal/output.ts';
import { plainProgress } from './plain.ts';

/** Shows a run while it goes, on stderr. Told by journal records alone. */
export type Progress = {
  on(record: JournalRecord): void;
  /** A message of the host's own. */
  note(text: string): void;
  /** Leaves the terminal as it was. */
  end(): Promise<void>;
};

/**
 * A task list where stderr is a terminal, plain lines otherwise: also on one that does not tell its width. `--verbose`
 * echoes commands, which a task list has no room for: plain lines then.
 */
export async function openProgress(options: { verbose: boolean }): Promise<Progress> {
  const { isTTY, columns } = process.stderr;
  const terminal = isTTY && columns > 0 && process.env['TERM'] !== 'dumb' && !process.env['CI'];
  if (!terminal || options.verbose) return plainProgress(writeErr, options);
  const { listProgress } = await import('./list.ts');
  return listProgress(process.stderr);
}
