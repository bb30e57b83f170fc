import { readFileSync, readdirSync } from 'node:fs';

const ROOT = new URL('../../../test/recordings/', import.meta.url);

export type Recording = { argv: string; exit: number; stdout: string; stderr: string };

/** What a real binary printed: `recording('talosctl-1.13', 'secure-services')`. */
export function recording(folder: string, name: string): Recording {
  const text = readFileSync(new URL(`${folder}/${name}.txt`, ROOT), 'utf8');
  const match = /^\$ (.*)\nexit: (\d+)\n--- stdout\n([\s\S]*?)--- stderr\n([\s\S]*)$/.exec(text);
  if (!match) throw new Error(`${folder}/${name}.txt is not a recording`);
  return { argv: match[1] ?? '', exit: Number(match[2]), stdout: match[3] ?? '', stderr: match[4] ?? '' };
}

export const recordings = (folder: string): string[] =>
  readdirSync(new URL(`${folder}/`, ROOT)).map((name) => name.replace(/\.txt$/, ''));

export const VERSIONS = ['talosctl-1.13', 'talosctl-1.12'] as const;
