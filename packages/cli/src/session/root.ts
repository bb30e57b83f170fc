import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { EXIT, Problem } from '@coldstart/contract';
import { CONFIG_FILE } from '../config/read.ts';

/** The repository: the folder that was told, or the nearest one upwards with `coldstart.yaml` or `.git`, or else the one we are in. */
export async function findRoot(told: string | undefined, cwd: string): Promise<string> {
  if (told !== undefined) {
    const root = resolve(cwd, told);
    const found = await stat(root).catch(() => undefined);
    if (found?.isDirectory()) return root;
    throw new Problem(`${told} is ${found ? 'not a folder' : 'not there'}`, {
      exit: EXIT.usage,
      remedy: "give the repository's folder with --root",
    });
  }
  for (let folder = cwd; ; folder = dirname(folder)) {
    for (const mark of [CONFIG_FILE, '.git']) {
      if (await stat(join(folder, mark)).catch(() => undefined)) return folder;
    }
    if (dirname(folder) === folder) return cwd;
  }
}
