import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './documents.ts';

const EXAMPLE = 'examples/k8s-ops';

/** A copy of the example, and coldstart as an operator calls it, in a folder of its own. */
export function openClone(): {
  run: (line: string) => { exit: number | null; stdout: string; stderr: string };
  remove: () => void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'coldstart-docs-'));
  cpSync(join(root, EXAMPLE), join(folder, EXAMPLE), {
    recursive: true,
    filter: (path) => !path.endsWith('/.coldstart'),
  });
  return {
    run: (line) => {
      const words = line.replace(/^(?:npx )?coldstart /, '').split(/\s+/);
      const { CLUSTER: _1, CONTEXT: _2, DRY_RUN: _3, KUBECONFIG: _4, TALOSCONFIG: _5, ...env } = process.env;
      const done = spawnSync(process.execPath, [join(root, 'packages/cli/bin/run.js'), ...words], {
        cwd: folder,
        encoding: 'utf8',
        env,
        timeout: 600_000,
      });
      return { exit: done.status, stdout: done.stdout, stderr: done.stderr };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * The first line of a shown block that the output does not have, in the block's order; undefined where it has them all.
 * A line `…` stands for any lines, `…` in a line for any text. Times may differ by a tenth, as long as nothing else does:
 * a change in the order of looks moves them by seconds.
 */
export function missingIn(output: string, shown: readonly string[]): string | undefined {
  const lines = output.split('\n');
  let at = 0;
  let gap = true;
  for (const line of shown) {
    if (line.trim() === '…') {
      gap = true;
      continue;
    }
    const found = gap
      ? lines.findIndex((l, index) => index >= at && isLike(l, line))
      : isLike(lines[at] ?? '', line)
        ? at
        : -1;
    if (found < 0) return line;
    at = found + 1;
    gap = false;
  }
  return undefined;
}

const TIME = /(?:(\d+) m )?(\d+(?:\.\d+)?) s\b/g;

function isLike(printed: string, shown: string): boolean {
  const words = (text: string): string => text.replaceAll(TIME, 'TIME').replaceAll(/\s+/g, ' ').trim();
  const pattern = words(shown)
    .split('…')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (!new RegExp(`^${pattern.join('.*')}$`).test(words(printed))) return false;
  const [here, there] = [secondsIn(printed), secondsIn(shown)];
  return there.every((seconds, index) => Math.abs(seconds - (here[index] ?? Number.NaN)) <= Math.max(2, seconds / 10));
}

const secondsIn = (text: string): number[] =>
  [...text.matchAll(TIME)].map(([, minutes = '0', seconds = '0']) => Number(minutes) * 60 + Number(seconds));
