/**
 * Builds the real tools that are missing, from Go modules, and keeps them in a cache.
 *
 *     node test/real/toolchain/build.ts [--all] [name…]
 *
 * Without names: the tools of tier A, which the everyday lane needs; with --all those of tier B too.
 * stdout: one JSON line, `{tool: {path, version, digest, builtIn}}`. stderr: progress, and what could not be built.
 * Exit 0 when every tool stands, 1 otherwise, 2 for a name that is no tool, 130 when interrupted.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { howItEnded, lastLines, must, run } from '../children.ts';
import type { Leash } from '../wire/leash.ts';
import { cacheFolder, digestOf, fillAtomically, sweep, whileLocked } from './cache.ts';
import { completeModule, findGo, goEnv, requiredVersion, versionWritten } from './go.ts';
import type { Go } from './go.ts';
import { compilersAtOnce, memoryWarning } from './load.ts';
import { everyday, rowOf, toolNames } from './table.ts';
import type { EverydayName, Row, ToolName } from './table.ts';

/** A tool that stands. `builtIn`: milliseconds of this build, or that nothing was to do. */
export type Built = { path: string; version: string; digest: string; builtIn: number | 'cached' };
/** Tools by name; those of tier B are there where they were asked for. */
export type Toolchain = Record<EverydayName, Built> & Partial<Record<ToolName, Built>>;
export type Outcome = { built: Partial<Record<ToolName, Built>>; failed: { tool: string; why: string }[] };

const here = dirname(fileURLToPath(import.meta.url));

/** The slowest took under six minutes on two idle cores; ten times that is a hang. */
const buildDeadline = 60 * 60_000;

/** What ends a build early: told to, or held by a leash, which ends it when we are killed. */
type Ends = { stop: AbortSignal; held?: Pick<Leash, 'hold' | 'drop'> };

type Job = { name: string; row: Row; familyDir: string; version: string; flags: string[]; digest: string };

const jobOf = async (name: string, go: Go): Promise<Job> => {
  const row = rowOf(name);
  const familyDir = join(here, row.family);
  const version = await requiredVersion(familyDir, row.module);
  const number = version.slice(1);
  const [major = '', minor = ''] = number.split('.');
  const known: Record<string, string> = { version, number, major, minor };
  const stamp = (row.stamp ?? []).map((flag) => flag.replace(/{(\w+)}/g, (_, word: string) => known[word] ?? ''));
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags', ['-s -w', ...stamp].join(' ')];
  const digest = digestOf([
    await readFile(join(familyDir, 'go.mod')),
    await readFile(join(familyDir, 'go.sum')),
    JSON.stringify([row.package, flags, go, ...(row.adds ? [row.adds] : [])]),
    ...(row.package === '.' ? [await readFile(join(familyDir, 'main.go'))] : []),
  ]);
  return { name, row, familyDir, version, flags, digest };
};

/** A tool enters the cache only when it runs here and says the version that go.mod requires. */
const askVersion = async (path: string, job: Job, home: string): Promise<void> => {
  const done = await must(path, job.row.version, { env: { PATH: '', HOME: home }, deadline: 60_000 });
  if (job.row.silent) {
    const written = await versionWritten(path, job.row.module);
    if (written !== job.version) throw new Error(`it was built from ${written ?? 'no'} ${job.row.module}`);
  } else if (!`${done.stdout}${done.stderr}`.includes(job.version.slice(1))) {
    throw new Error(`it does not say the version ${job.version}, but: ${lastLines(done, 3)}`);
  }
};

const compile = async (job: Job, into: string, { stop, held }: Ends): Promise<void> => {
  const path = join(into, job.name);
  const completed = join(into, 'completed');
  const more = job.row.adds ? await completeModule(job.row.family, job.row.module, job.row.adds, completed) : [];
  const argv = ['build', '-p', String(compilersAtOnce()), ...more, ...job.flags, '-o', path, job.row.package];
  let group = 0;
  const started = (pid: number): void => held?.hold((group = pid));
  const done = await run('go', argv, { cwd: job.familyDir, env: goEnv(), deadline: buildDeadline, stop, started });
  held?.drop(group);
  await rm(completed, { recursive: true, force: true });
  if (done.exit !== 0)
    throw new Error(`go build ${job.row.package}: ${howItEnded(done, buildDeadline)}\n${lastLines(done, 20)}`);
  const home = join(into, 'home');
  await mkdir(home);
  await askVersion(path, job, home).finally(() => rm(home, { recursive: true, force: true }));
  await writeFile(join(into, 'digest'), job.digest);
};

const buildOne = async (job: Job, say: (line: string) => void, ends: Ends): Promise<Built> => {
  const shelf = join(cacheFolder(), job.name);
  const folder = join(shelf, job.digest.slice(0, 16));
  const stands = async (): Promise<boolean> =>
    (await readFile(join(folder, 'digest'), 'utf8').catch(() => '')) === job.digest;
  const tool = { path: join(folder, job.name), version: job.version, digest: job.digest };

  if (await stands()) return { ...tool, builtIn: 'cached' };
  await mkdir(shelf, { recursive: true });
  const waiting = (pid: string): void => say(`${job.name} ${job.version}: process ${pid} is building it, waiting`);
  return whileLocked(`${folder}.lock`, waiting, async () => {
    if (await stands()) return { ...tool, builtIn: 'cached' };
    await sweep(shelf);
    say(`${job.name} ${job.version}: building`);
    const warning = memoryWarning();
    if (warning) say(`${job.name} ${job.version}: ${warning}`);
    const began = performance.now();
    await fillAtomically(folder, (temporary) => compile(job, temporary, ends));
    const builtIn = Math.round(performance.now() - began);
    say(`${job.name} ${job.version}: built in ${(builtIn / 1000).toFixed(1)} s`);
    return { ...tool, builtIn };
  });
};

export type BuildOptions = { say?: (line: string) => void } & Partial<Ends>;

/**
 * Builds what is missing of these tools, one after another (each build uses the cores and memory there are by
 * itself). A tool that cannot be built does not stop the others. Throws where there is no Go, or no such tool.
 */
export const buildTools = async (names: readonly string[] = everyday, options: BuildOptions = {}): Promise<Outcome> => {
  const say = options.say ?? (() => {});
  const stop = options.stop ?? new AbortController().signal;
  names.forEach(rowOf);
  const go = await findGo();
  const outcome: Outcome = { built: {}, failed: [] };
  for (const name of names) {
    try {
      outcome.built[name as ToolName] = await buildOne(await jobOf(name, go), say, { ...options, stop });
    } catch (error) {
      if (stop.aborted) throw error;
      const why = (error as Error).message;
      outcome.failed.push({ tool: name, why });
      say(`${name}: could not be built: ${why}`);
    }
  }
  return outcome;
};

const main = async (argv: string[], stopping: AbortController): Promise<number> => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort());
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const all = argv.includes('--all');
  const names = argv.filter((word) => word !== '--all');
  const unknown = names.filter((name) => !(toolNames as string[]).includes(name));
  if (unknown.length > 0) {
    say(`no such tool: ${unknown.join(', ')}; there are: ${toolNames.join(', ')}`);
    return 2;
  }
  if (all && names.length > 0) {
    say('either --all or names of tools');
    return 2;
  }
  const outcome = await buildTools(all ? toolNames : names.length > 0 ? names : everyday, {
    say,
    stop: stopping.signal,
  });
  process.stdout.write(`${JSON.stringify(outcome.built)}\n`);
  if (outcome.failed.length > 0) say(`not built: ${outcome.failed.map(({ tool }) => tool).join(', ')}`);
  return outcome.failed.length === 0 ? 0 : 1;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stopping = new AbortController();
  process.exitCode = await main(process.argv.slice(2), stopping).catch((error: Error) => {
    process.stderr.write(`${stopping.signal.aborted ? 'interrupted' : error.message}\n`);
    return stopping.signal.aborted ? 130 : 1;
  });
}
