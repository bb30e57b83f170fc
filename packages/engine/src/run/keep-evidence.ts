import { isProblem } from '@coldstart/contract';
import { writeEvidence } from '../evidence/index.ts';
import type { FormerRun } from '../journal/past.ts';
import type { RunOptions } from './options.ts';

/** Evidence of this run. */
export async function keepEvidence(options: RunOptions, journal: Uint8Array): Promise<string[]> {
  const dir = options.evidenceDir;
  return dir === null ? [] : writeEvidence(options.world, dir, journal, options.redactor.scan);
}

/**
 * Evidence of earlier runs that were killed before they could write theirs, once each. Of a journal that is no whole account of
 * its run, none is made: that is answered, in words.
 */
export async function keepFormerEvidence(options: RunOptions, former: readonly FormerRun[]): Promise<string[]> {
  const dir = options.evidenceDir;
  if (dir === null) return [];
  const { world } = options;
  const without: string[] = [];
  for (const run of former) {
    const marker = `${run.path.replace(/journal\.jsonl$/, '')}evidence`;
    if (run.ended || (await world.read(marker))) continue;
    const said = await evidenceOf(run, options, dir);
    if (typeof said === 'string')
      without.push(`no evidence was made of the former run ${run.id}: ${said} (${run.path})`);
    const kept = typeof said === 'string' ? `none: ${said}\n` : `${said.join('\n')}\n`;
    await world.write(marker, new TextEncoder().encode(kept), 0o600);
  }
  return without;
}

/** Its files, or why there are none. */
async function evidenceOf(run: FormerRun, { world, redactor }: RunOptions, dir: string): Promise<string[] | string> {
  if (run.damage !== null) return run.damage;
  const bytes = await world.read(run.path, 256 * 1024 * 1024);
  if (!bytes) return 'its journal is gone';
  try {
    return await writeEvidence(world, dir, bytes, redactor.scan);
  } catch (error) {
    // What is wrong with an old run must not keep this one from its work.
    if (isProblem(error)) return error.message;
    throw error;
  }
}
