import { chmod, cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { must } from '../children.ts';

/** The environment of every `go` call: never another Go than the one on PATH, no workspace, no C compiler. */
export const goEnv = (): NodeJS.ProcessEnv => ({
  ...process.env,
  GOTOOLCHAIN: 'local',
  GOWORK: 'off',
  CGO_ENABLED: '0',
});

export type Go = { version: string; os: string; arch: string; flags: string; experiment: string };

/** What `go` on PATH is, e.g. version `go1.26.8`, os `linux`, arch `amd64`, and what of its environment changes what it builds. Throws where there is none. */
export const findGo = async (): Promise<Go> => {
  const argv = ['env', 'GOVERSION', 'GOOS', 'GOARCH', 'GOFLAGS', 'GOEXPERIMENT'];
  const done = await must('go', argv, { env: goEnv(), deadline: 30_000 }).catch((error: Error) => {
    throw new Error(
      `the real tools are built from Go modules, and that needs Go 1.26 or later on PATH: ${error.message}`,
    );
  });
  const [version = '', os = '', arch = '', flags = '', experiment = ''] = done.stdout.split('\n');
  return { version, os, arch, flags, experiment };
};

/** The version, with its `v`, that a family's go.mod requires of a module. */
export const requiredVersion = async (familyDir: string, module: string): Promise<string> => {
  const text = await readFile(join(familyDir, 'go.mod'), 'utf8');
  for (const line of text.split('\n')) {
    const [path, version] = line
      .replace(/^\s*require\s+/, '')
      .trim()
      .split(/\s+/);
    if (path === module && version?.startsWith('v')) return version;
  }
  throw new Error(`${join(familyDir, 'go.mod')} requires no version of ${module}`);
};

export type Module = { dir: string; sum: string };

/**
 * The folder of a module at a version, downloaded where it is missing. With `sum` (an `h1:` line as in go.sum) a
 * module that has another content is refused, besides Go's own check against the checksum database.
 */
export const moduleFolder = async (module: string, sum?: string): Promise<Module> => {
  // Outside any module, or Go would want its go.sum to know this one.
  const done = await must('go', ['mod', 'download', '-json', module], { cwd: '/', env: goEnv(), deadline: 600_000 });
  const found = JSON.parse(done.stdout) as { Dir: string; Sum: string };
  if (sum !== undefined && sum !== found.Sum) {
    throw new Error(`${module} has the content ${found.Sum}, and ${sum} is the one that was reviewed`);
  }
  return { dir: found.Dir, sum: found.Sum };
};

const here = dirname(fileURLToPath(import.meta.url));

/** The folder of a module that a tool's family requires, at that version and with the content of its go.sum. */
export const familyModule = async (family: string, module: string): Promise<Module> => {
  const folder = join(here, family);
  const version = await requiredVersion(folder, module);
  const sums = await readFile(join(folder, 'go.sum'), 'utf8');
  const sum = sums
    .split('\n')
    .find((line) => line.startsWith(`${module} ${version} `))
    ?.split(' ')[2];
  if (sum === undefined) throw new Error(`${join(folder, 'go.sum')} has no line for ${module} ${version}`);
  return moduleFolder(`${module}@${version}`, sum);
};

/** Copies a folder of a module, which is read-only, so that the copy can be changed. */
export const copyWritable = async (source: string, target: string): Promise<void> => {
  await cp(source, target, { recursive: true });
  const writable = async (folder: string): Promise<void> => {
    await chmod(folder, 0o755);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await writable(path);
      else await chmod(path, 0o644);
    }
  };
  await writable(target);
};

/**
 * For a module that lacks a file which upstream's release makes: a copy of it in `into` with that file, and the flags
 * with which `go build` takes the copy. Everything else stays as the family's go.mod and go.sum say.
 */
export const completeModule = async (
  family: string,
  module: string,
  adds: { path: string; text: string },
  into: string,
): Promise<string[]> => {
  const source = join(into, 'source');
  await copyWritable((await familyModule(family, module)).dir, source);
  await mkdir(dirname(join(source, adds.path)), { recursive: true });
  await writeFile(join(source, adds.path), adds.text);
  const own = await readFile(join(here, family, 'go.mod'), 'utf8');
  await writeFile(join(into, 'go.mod'), `${own}\nreplace ${module} => ${source}\n`);
  await cp(join(here, family, 'go.sum'), join(into, 'go.sum'));
  return [`-modfile=${join(into, 'go.mod')}`];
};

/** The version of a module that Go wrote into an executable; nothing where it has none of that module. */
export const versionWritten = async (executable: string, module: string): Promise<string | undefined> => {
  const done = await must('go', ['version', '-m', executable], { env: goEnv(), deadline: 30_000 });
  for (const line of done.stdout.split('\n')) {
    const [kind, path, version] = line.trim().split(/\s+/);
    if ((kind === 'mod' || kind === 'dep') && path === module) return version;
  }
  return undefined;
};
