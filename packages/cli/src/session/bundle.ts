import { createHash } from 'node:crypto';
import type { Config } from '@oclif/core';
import { EXIT, identityPath, isProblem, type Json, type Plan, Problem } from '@coldstart/contract';
import type { Answer } from '@coldstart/contract/command';
import { type Bundle, type BundleParts, type Looked, makeBundle, openStateFolder, quoteWords } from '@coldstart/engine';
import { seen } from '../output/look.ts';
import type { BundleResult } from '../output/schema.ts';
import { bundleFile, wantsBundle } from './bundle-file.ts';
import { findTools, type Session, STATE } from './open.ts';
import { versionsOf } from './versions.ts';

/** What the command itself has to put in, besides what every bundle holds. */
export type Told = {
  /** The journal of the run that it made; the last one that is recorded where it made none. */
  journal?: string;
  plan?: Plan;
  looked?: readonly Looked[];
  /** Why the run came to no result. */
  error?: unknown;
};

const MAX_JOURNAL = 256 * 1024 * 1024;
const MOST_OF_A_NAME = 100;

/**
 * The answer of a command, with the support bundle where one is asked for. A bundle that cannot be written never takes the
 * place of what the command came to: it is said beside it, and only an answer that was good ends with exit 4 for it.
 */
export async function withBundle(config: Config, session: Session, answer: Answer, told: Told): Promise<Answer> {
  const bundle = await writeBundle(config, session, told);
  const result = { ...(answer.result as { [key: string]: Json }), bundle };
  if (bundle === null) return { ...answer, result };
  return {
    exit: bundle.cause !== null && answer.exit === EXIT.done ? EXIT.failed : answer.exit,
    text: `${answer.text.trimEnd()}\n\n${bundleText(bundle)}`,
    result,
  };
}

/** Writes the bundle, or says why it could not; null where none is asked for. Never throws. */
export async function writeBundle(config: Config, session: Session, told: Told): Promise<BundleResult | null> {
  if (!wantsBundle(session.flags)) return null;
  try {
    const bundle = await makeBundle(
      await partsOf(config, session, told),
      {
        cluster: session.cluster,
        mode: session.world.mode,
        made: session.world.now(),
        command: quoteWords([config.bin, ...session.redactor.argv(process.argv.slice(2))]),
        coldstart: config.version,
      },
      session.redactor,
    );
    const file = await put(session, bundle);
    const sha256 = createHash('sha256').update(bundle.bytes).digest('hex');
    return { file, size: bundle.bytes.length, sha256, cause: null, remedy: null };
  } catch (error) {
    const problem = isProblem(error) ? error : undefined;
    return {
      file: null,
      size: null,
      sha256: null,
      cause: problem?.message ?? `a bug: ${error instanceof Error ? error.message : String(error)}`,
      remedy: problem?.remedy ?? 'Report this, with these lines.',
    };
  }
}

export function bundleText({ file, size, sha256, cause, remedy }: BundleResult): string {
  if (file === null) return [`no support bundle was written: ${cause}`, `  do: ${remedy}`].join('\n');
  return [
    'support bundle (secrets are taken out; look it over before you hand it in):',
    `  ${file}`,
    `  ${size} bytes, sha256 ${sha256}`,
  ].join('\n');
}

async function partsOf(config: Config, session: Session, told: Told): Promise<BundleParts> {
  const { configuration, repository } = session;
  const leftOut: { name: string; why: string }[] = [];
  const documents: BundleParts['documents'][number][] = [];
  const add = (name: string, about: string, value: Json): void => void documents.push({ name, about, value });
  if (told.error !== undefined) add('error', 'why the command came to no result', errorOf(told.error));
  if (told.looked) add('looks', 'what a look showed just then', { seen: told.looked.map(seen) as unknown as Json });
  add('versions', 'coldstart, plugins, tools, Node, system', versionsOf(config, await findTools(session)));
  add('configuration', 'the configuration as it held, with defaults and flags', configuration as unknown as Json);
  add('survey', 'files of the repository that were read, and what had to be assumed', {
    read: repository.read,
    assumed: repository.assumed,
  });
  if (told.plan) add('plan', 'the plan', told.plan as unknown as Json);
  else
    leftOut.push({
      name: 'plan.json',
      why: 'this command makes no plan; the digest of the one that the run carried out stands in its journal',
    });
  const identity = await identityOf(session);
  if (identity !== undefined) add('identity', 'what is recorded of the cluster', identity);
  return { journal: await journalOf(session, told.journal), documents, leftOut };
}

async function journalOf({ world, stateDir }: Session, path: string | undefined): Promise<BundleParts['journal']> {
  try {
    const last = (await world.list(`${stateDir}/runs`)).findLast((file) => /^[^/]+\/journal\.jsonl$/.test(file));
    const wanted = path ?? (last === undefined ? undefined : `${stateDir}/runs/${last}`);
    if (wanted === undefined) return null;
    return (await world.read(wanted, MAX_JOURNAL)) ?? { missing: `${wanted} is gone` };
  } catch (error) {
    if (isProblem(error)) return { missing: error.message };
    throw error;
  }
}

/** As it stands, also where it is damaged: that may be what is wrong. */
async function identityOf({ world, cluster }: Session): Promise<Json | undefined> {
  const bytes = await world.read(identityPath(cluster));
  if (!bytes) return undefined;
  const written = new TextDecoder().decode(bytes);
  try {
    return JSON.parse(written) as Json;
  } catch {
    return { unreadable: written };
  }
}

function errorOf(error: unknown): Json {
  if (!isProblem(error)) return { message: String(error) };
  return { message: error.message, remedy: error.remedy, page: error.page ?? null, exit: error.exit };
}

/** A new file, 0600, whole or not at all; nothing that stands there is written over. Returns its path. */
async function put(session: Session, { name, bytes }: Bundle): Promise<string> {
  const told = bundleFile(session.flags);
  if (told !== undefined) {
    if (await session.real.create(told, bytes, 0o600)) return told;
    throw new Problem(`${told} is there already.`, { exit: EXIT.usage, remedy: 'Name another file, or move it away.' });
  }
  await openStateFolder(session.real, STATE);
  for (let n = 1; n <= MOST_OF_A_NAME; n++) {
    const path = `${session.stateDir}/bundles/${name}${n === 1 ? '' : `-${n}`}-bundle.tar.gz`;
    if (await session.real.create(path, bytes, 0o600)) return path;
  }
  throw new Problem(`${session.stateDir}/bundles holds ${MOST_OF_A_NAME} bundles of this run.`, {
    exit: EXIT.failed,
    remedy: 'Move them away, or name a file with --bundle-file.',
  });
}
