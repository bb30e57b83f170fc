import { readFileSync } from 'node:fs';
import type { Action, Failure } from '@coldstart/contract';

/** What a real tool said: argv as it was typed, exit code, both streams. */
export type Recording = { command: string; exit: number; stdout: string; stderr: string };

/** Reads `test/recordings/<name>.txt`. */
export function recording(name: string): Recording {
  const text = readFileSync(new URL(`../../../test/recordings/${name}.txt`, import.meta.url), 'utf8');
  const found = /^\$ ([\s\S]*?)\nexit: (\d+)\n--- stdout\n([\s\S]*?)--- stderr\n([\s\S]*)$/.exec(text);
  if (!found) throw new Error(`${name} is no recording`);
  return { command: found[1] ?? '', exit: Number(found[2]), stdout: found[3] ?? '', stderr: found[4] ?? '' };
}

/** The failure that an engine would make of a recording. */
export function failureOf(name: string, how: Failure['how'] = 'exit'): Failure {
  const said = recording(name);
  const action = {
    id: 'x',
    do: 'exec',
    tool: 'x',
    argv: [],
    why: '',
    risk: 'change',
    guard: [],
    deadline: 1,
    stop: { signal: 'SIGTERM', grace: 1, kill: true },
  } satisfies Action;
  return { action, how, exit: how === 'exit' ? said.exit : null, text: `${said.stderr}\n${said.stdout}`.trim() };
}
