import { writeEvidence } from '../evidence/index.ts';
import type { FormerRun } from '../journal/past.ts';
import type { RunOptions } from './options.ts';

/** Evidence of this run, and of earlier ones that were killed before they could write theirs. */
export async function keepEvidence(
  options: RunOptions,
  journal: Uint8Array,
  former: readonly FormerRun[],
): Promise<string[]> {
  const dir = options.evidenceDir;
  if (dir === null) return [];
  for (const run of former) {
    const marker = `${run.path.replace(/journal\.jsonl$/, '')}evidence`;
    if (run.ended || (await options.world.read(marker))) continue;
    const bytes = await options.world.read(run.path, 256 * 1024 * 1024);
    if (!bytes) continue;
    const files = await writeEvidence(options.world, dir, bytes, options.redactor.scan);
    await options.world.write(marker, new TextEncoder().encode(`${files.join('\n')}\n`), 0o600);
  }
  return writeEvidence(options.world, dir, journal, options.redactor.scan);
}
