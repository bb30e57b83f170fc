import { createHash } from 'node:crypto';
import type { Json, Mode } from '@coldstart/contract';
import type { Redactor } from '../redact/index.ts';
import { cutLines, LIMITS, type Cut, type Limits } from './bound.ts';
import { draftsOf, type BundleParts, type Draft, type LeftOut } from './contents.ts';
import { pack } from './pack.ts';
import { BundleManifest, type BundledFile } from './schema.ts';

export type Bundle = {
  /** For its file, without ending: cluster, mode and run, so that a rehearsal's is not taken for another's. */
  name: string;
  bytes: Uint8Array;
  manifest: BundleManifest;
};

/** Held back whatever is asked for, and said so in every bundle. */
const NEVER: LeftOut = {
  name: 'talsecret, talosconfig, kubeconfig, machine configs, decrypted files',
  why: 'they hold secrets, and are never put in',
};
const FOLDER = 45;

/**
 * Puts a support bundle together: all that tells of a run and its failures, with secrets taken out, bounded in size, and a
 * manifest of what is in it and what is not. Every file goes through the redactor; what still looks like a secret then is left out.
 *
 * @param at.mode how real the world is, where no journal says it
 * @param at.made wall clock, RFC 3339
 */
export async function makeBundle(
  parts: BundleParts,
  at: { cluster: string; mode: Mode; made: string; command: string; coldstart: string },
  redactor: Redactor,
  limits: Limits = LIMITS,
): Promise<Bundle> {
  const { evidence, drafts, leftOut } = draftsOf(parts, redactor.text);
  const files: { entry: BundledFile; bytes: Uint8Array }[] = [];
  let left = limits.inAll;
  for (const draft of drafts) {
    const made = finished(draft, redactor, { perFile: Math.min(limits.perFile, left), inAll: left });
    if ('why' in made) {
      leftOut.push({ name: draft.name, why: made.why });
      continue;
    }
    left -= made.bytes.length;
    files.push({
      bytes: made.bytes,
      entry: {
        name: draft.name,
        about: redactor.text(draft.about),
        size: made.bytes.length,
        sha256: createHash('sha256').update(made.bytes).digest('hex'),
        cut: made.cut,
        masked: made.masked,
      },
    });
  }
  const mode = evidence?.mode ?? at.mode;
  const manifest = BundleManifest.parse({
    schema: 'coldstart.bundle/1',
    cluster: at.cluster,
    mode,
    run: evidence?.run ?? null,
    outcome: evidence?.journal.complete ? evidence.outcome : null,
    made: at.made,
    command: redactor.text(at.command),
    coldstart: at.coldstart,
    limits,
    files: files.map(({ entry }) => entry),
    leftOut: [...leftOut.map(({ name, why }) => ({ name, why: redactor.text(why) })), NEVER],
  } satisfies BundleManifest);
  const name = `${at.cluster}-${mode}-${evidence?.run ?? at.made.replaceAll(/[-:.]/g, '')}`.replaceAll(
    /[^\w.-]+/g,
    '-',
  );
  const all = [
    { name: 'MANIFEST.json', bytes: encoded(manifest) },
    ...files.map(({ entry, bytes }) => ({ name: entry.name, bytes })),
  ];
  return {
    name,
    manifest,
    bytes: await pack(name.slice(-FOLDER).replace(/^[.-]+/, ''), all, Date.parse(evidence?.started ?? at.made)),
  };
}

type Finished = { bytes: Uint8Array; cut: Cut | null; masked: boolean } | { why: string };

/** Masked, then cut, then looked over: a cut could lay bare what a border hid. */
function finished(draft: Draft, redactor: Redactor, limits: Limits): Finished {
  const { bytes, masked } = maskedBytes(draft, redactor);
  if (draft.kind === 'document' && bytes.length > limits.perFile)
    return { why: `it has ${bytes.length} bytes, and ${limits.perFile} are left for it` };
  const bounded = cutLines(bytes, limits.perFile, draft.name.endsWith('.jsonl') ? cutRecord : cutLine);
  if (!bounded) return { why: `it has ${bytes.length} bytes, and ${limits.perFile} are left for it` };
  const hits = redactor.scan(bounded.bytes, { prose: draft.name.endsWith('.txt') });
  if (hits.length > 0) return { why: `it holds what looks like a secret: ${hits.slice(0, 5).join('; ')}` };
  return { ...bounded, masked };
}

function maskedBytes({ source, name }: Draft, redactor: Redactor): { bytes: Uint8Array; masked: boolean } {
  if (!(source instanceof Uint8Array)) {
    const shown = redactor.json(source);
    return { bytes: encoded(shown), masked: JSON.stringify(shown) !== JSON.stringify(source) };
  }
  // A journal was masked as it was written: as long as nothing is found in it, its bytes and its chain stay as they are.
  if (redactor.scan(source, { prose: name.endsWith('.txt') }).length === 0) return { bytes: source, masked: false };
  const text = new TextDecoder().decode(source);
  const bytes = new TextEncoder().encode(
    text
      .split('\n')
      .map((line) => maskedLine(line, redactor))
      .join('\n'),
  );
  return { bytes, masked: true };
}

function maskedLine(line: string, redactor: Redactor): string {
  if (!line.startsWith('{')) return redactor.text(line);
  try {
    return JSON.stringify(redactor.json(JSON.parse(line) as Json));
  } catch {
    return redactor.text(line);
  }
}

const cutLine = ({ lines, bytes }: Cut): string => `[${lines} lines, ${bytes} bytes, were left out here]`;
const cutRecord = ({ lines, bytes }: Cut): string => JSON.stringify({ type: 'left-out', lines, bytes });
const encoded = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
