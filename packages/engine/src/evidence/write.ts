import { EXIT, Problem, type World } from '@coldstart/contract';
import { createRedactor, type Scan } from '../redact/index.ts';
import { derive } from './derive.ts';
import { ENDINGS, evidenceNames, type Ending } from './name.ts';
import { readJournal } from './read-journal.ts';
import { renderJson } from './render-json.ts';
import { renderText } from './render-text.ts';
import type { Evidence } from './schema.ts';

/** Every file of one run's evidence, from its journal's raw bytes. */
export function evidenceFiles(evidence: Evidence, journal: Uint8Array): Record<Ending, Uint8Array> {
  const utf8 = new TextEncoder();
  return { '.txt': utf8.encode(renderText(evidence)), '.json': utf8.encode(renderJson(evidence)), '.jsonl': journal };
}

/**
 * Writes `<STORY>-<mode>-<cluster>-<YYYYMMDD>` as .txt, .json and .jsonl (the journal) below `dir`, never over anything;
 * returns their paths. A journal that was cut off before its first record tells of no run: nothing is written.
 * `scan` looks each file over a last time (a redactor's, so that it knows the values of this run); what it finds refuses (exit 5).
 */
export async function writeEvidence(
  world: World,
  dir: string,
  journal: Uint8Array,
  scan: Scan = createRedactor().scan,
): Promise<string[]> {
  const read = readJournal(journal);
  if (read.records.length === 0) return [];
  const evidence = derive(read);
  const files = evidenceFiles(evidence, journal);
  for (const ending of ENDINGS) {
    const hits = scanFile(scan, ending, files[ending]);
    if (hits.length > 0)
      throw new Problem(
        `The evidence (${ending}) was not written: it holds what looks like a secret: ${hits.slice(0, 5).join('; ')}.`,
        {
          exit: EXIT.refused,
          remedy: 'Do not publish the journal of this run; report which step shows it.',
          page: 'evidence-holds-secret',
        },
      );
  }
  for (const name of evidenceNames(evidence)) {
    const paths = await createAll(world, `${dir}/${name}`, files);
    if (paths) return paths;
  }
  throw new Problem(`${dir} holds too much evidence of this second.`, {
    exit: EXIT.failed,
    remedy: `Move older evidence out of ${dir}.`,
  });
}

/** The text is put together from what stands in the JSON, where names and values are told apart. */
export const scanFile = (scan: Scan, ending: string, bytes: Uint8Array): string[] =>
  scan(bytes, { prose: ending === '.txt' });

/** All files under one new name; undefined, and none of them, where one is there already. */
async function createAll(world: World, base: string, files: Record<Ending, Uint8Array>): Promise<string[] | undefined> {
  for (const ending of ENDINGS) if (await world.stat(base + ending)) return undefined;
  const made: string[] = [];
  for (const ending of ENDINGS) {
    const path = base + ending;
    if (!(await world.create(path, files[ending], 0o644))) {
      for (const mine of made) await world.remove(mine);
      return undefined;
    }
    made.push(path);
  }
  return made;
}
