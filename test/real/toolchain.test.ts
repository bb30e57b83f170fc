import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';

import { killGroup, run } from './children.ts';
import { ofGroups, remainsAfter } from './fixtures/processes.ts';
import { completeModule, goEnv, moduleFolder, versionWritten } from './toolchain/go.ts';
import { compilersAtOnce, memoryWarning } from './toolchain/load.ts';
import { everyday, table, toolNames } from './toolchain/table.ts';
import { runsAll } from './tiers.ts';

const build = fileURLToPath(new URL('toolchain/build.ts', import.meta.url));
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coldstart-toolchain-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const builder = (argv: string[], env: Record<string, string> = {}) =>
  run(process.execPath, [build, ...argv], {
    env: { ...process.env, COLDSTART_TOOLCHAIN: join(dir, 'cache'), ...env },
    deadline: 110_000,
  });

/** A `go` that answers `go env`, and does this where it should build. */
const pretendGo = async (build: string): Promise<Record<string, string>> => {
  const bin = join(dir, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(
    join(bin, 'go'),
    `#!/bin/sh\n[ "$1" = env ] && exec printf 'go1.26.8\\nlinux\\namd64\\n\\n\\n'\n${build}\n`,
  );
  await chmod(join(bin, 'go'), 0o755);
  return { PATH: `${bin}:/usr/bin:/bin` };
};

/** The processes that a process started and that still run. */
const childrenOf = (parent: number): number[] =>
  readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === String(parent) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });

describe('the toolchain', () => {
  test('stands whole, each tool in its version', async () => {
    const toolchain = inject('toolchain');
    expect(Object.keys(toolchain).sort()).toEqual([...(runsAll() ? toolNames : everyday)].sort());
    for (const tool of Object.values(toolchain)) expect(tool.version).toMatch(/^v\d+\.\d+\.\d+$/);
    const said = await run(toolchain['kube-apiserver'].path, ['--version'], { deadline: 30_000 });
    expect(said.stdout.trim()).toBe(`Kubernetes ${toolchain['kube-apiserver'].version}`);
  });

  test('two builders side by side build once, and a third finds it', async () => {
    const both = await Promise.all([builder(['kubeconform']), builder(['kubeconform'])]);
    expect(both).toMatchObject([{ exit: 0 }, { exit: 0 }]);
    const lines = both.map(({ stdout }) => JSON.parse(stdout).kubeconform);
    expect(lines[0].path).toBe(lines[1].path);
    expect(lines.filter(({ builtIn }) => builtIn === 'cached')).toHaveLength(1);
    expect(lines.find(({ builtIn }) => builtIn !== 'cached').builtIn).toBeGreaterThan(0);
    expect(await readdir(join(dir, 'cache/kubeconform'))).toEqual([lines[0].digest.slice(0, 16)]);

    const third = await builder(['kubeconform']);
    expect(JSON.parse(third.stdout).kubeconform.builtIn).toBe('cached');
    expect(third.stderr).toBe('');
  });

  test.for([
    // No process has this pid: it is above the kernel's largest.
    ['a process that is gone', '4194999'],
    ['another process that has its pid by now', `${process.pid} 1`],
  ])('what a killed builder left is swept, and its lock taken: %s', async ([, lock = '']) => {
    const { digest } = inject('toolchain').kubeconform;
    const shelf = join(dir, 'cache/kubeconform');
    await mkdir(join(shelf, 'abc.building-4194999'), { recursive: true });
    await writeFile(join(shelf, `${digest.slice(0, 16)}.lock`), lock);
    const built = await builder(['kubeconform']);
    expect(built).toMatchObject({ exit: 0 });
    expect(await readdir(shelf)).toEqual([digest.slice(0, 16)]);
  });

  test('what cannot be built is said with the reason, stops nothing else, and is exit 1', async () => {
    const go = await pretendGo('echo "package $PWD: cannot compile" >&2; exit 1');
    const { exit, stdout, stderr } = await builder(['age', 'kubeconform'], go);
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toEqual({});
    expect(stderr).toMatch(
      /age: could not be built: go build filippo.io\/age\/cmd\/age: exit 1\npackage .*toolchain\/age: cannot compile/,
    );
    expect(stderr).toMatch(/not built: age, kubeconform\n$/);
    expect(await readdir(join(dir, 'cache/age'))).toEqual([]);
  });

  test('a binary of another version never enters the cache', async () => {
    const go = await pretendGo(
      `while [ "$1" != -o ]; do shift; done; printf '#!/bin/sh\\necho v0.0.1\\n' > "$2"; chmod +x "$2"`,
    );
    const { exit, stderr } = await builder(['kubeconform'], go);
    expect(exit).toBe(1);
    expect(stderr).toContain('it does not say the version v0.8.0, but: v0.0.1');
  });

  test('a tool that cannot say its version is asked for the one that Go wrote into it', async () => {
    const { crane } = inject('toolchain');
    const module = 'github.com/google/go-containerregistry';
    expect(await versionWritten(crane.path, module)).toBe(crane.version);
    expect(await versionWritten(crane.path, 'example.com/none')).toBeUndefined();
    // Built from another module than the one it should be: `go` is pretended, and gives another tool's executable.
    const real = (await run('sh', ['-c', 'command -v go'], { deadline: 10_000 })).stdout.trim();
    const go = await pretendGo(
      `[ "$1" = version ] && exec ${real} "$@"; while [ "$1" != -o ]; do shift; done; cp ${crane.path} "$2"`,
    );
    const { exit, stderr } = await builder(['source-controller'], go);
    expect(exit).toBe(1);
    expect(stderr).toContain('could not be built: it was built from no github.com/fluxcd/source-controller');
    expect(await readdir(join(dir, 'cache/source-controller'))).toEqual([]);
  });

  test('a file that a module lacks is added to a copy, with which go builds', async () => {
    const adds = { path: 'made/here.txt', text: 'by a test' };
    const into = join(dir, 'completed');
    const flags = await completeModule('crane', 'github.com/google/go-containerregistry', adds, into);
    expect(flags).toEqual([`-modfile=${join(into, 'go.mod')}`]);
    const found = await run('go', ['list', '-m', '-json', ...flags, 'github.com/google/go-containerregistry'], {
      cwd: fileURLToPath(new URL('toolchain/crane', import.meta.url)),
      env: goEnv(),
      deadline: 60_000,
    });
    const { Version: version, Replace: replaced } = JSON.parse(found.stdout) as {
      Version: string;
      Replace: { Dir: string };
    };
    expect(version).toBe(inject('toolchain').crane.version);
    expect(await readFile(join(replaced.Dir, adds.path), 'utf8')).toBe('by a test');
    expect(await readFile(join(replaced.Dir, 'go.mod'), 'utf8')).toContain(
      'module github.com/google/go-containerregistry',
    );
  });

  test('--all stands alone', async () => {
    const { exit, stderr } = await builder(['--all', 'age']);
    expect({ exit, stderr }).toEqual({ exit: 2, stderr: 'either --all or names of tools\n' });
  });

  test('interrupted, it ends what it started and leaves nothing', async () => {
    const pidFile = join(dir, 'go-pid');
    const go = await pretendGo(`echo $$ > ${pidFile}; exec sleep 100`);
    const child = spawn(process.execPath, [build, 'age'], {
      env: { ...process.env, COLDSTART_TOOLCHAIN: join(dir, 'cache'), ...go },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    const started = () => readFile(pidFile, 'utf8').catch(() => '');
    await expect.poll(started, { timeout: 120_000 }).toMatch(/^\d+\n$/);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(await ofGroups([Number(await started())])).toEqual([]);
    expect(await readdir(join(dir, 'cache/age'))).toEqual([]);
  });

  test.for(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'within the lane: nothing outlives it when %s ends it, and the next build sweeps what it left',
    async (signal) => {
      const pidFile = join(dir, 'go-pid');
      const go = await pretendGo(`echo $$ > ${pidFile}; exec sleep 300`);
      const lane = [vitest, 'run', '--config', fileURLToPath(new URL('vitest.config.ts', import.meta.url)), 'canary'];
      // A process group, as a terminal makes it for a command: Ctrl-C reaches all of it.
      const child = spawn(process.execPath, lane, {
        env: { ...process.env, COLDSTART_TEST_REPORT: '', COLDSTART_TOOLCHAIN: join(dir, 'cache'), ...go },
        stdio: 'ignore',
        detached: true,
      });
      let groups = [child.pid ?? 0];
      const ended = once(child, 'exit');
      try {
        const started = () => readFile(pidFile, 'utf8').catch(() => '');
        await expect.poll(started, { timeout: 120_000 }).toMatch(/^\d+\n$/);
        groups = [...groups, ...childrenOf(child.pid ?? 0)];
        expect(groups).toContain(Number(await started()));
        // Beside vitest and `go`, the leash.
        expect(groups.length).toBeGreaterThanOrEqual(3);
        killGroup(child.pid ?? 0, signal);
        await ended;
        expect(await remainsAfter(groups, 60_000)).toEqual([]);
      } finally {
        for (const group of [...childrenOf(child.pid ?? 0), ...groups]) killGroup(group, 'SIGKILL');
      }
      const [first] = everyday;
      await pretendGo('exit 1');
      expect(await builder([first ?? ''], go)).toMatchObject({ exit: 1 });
      expect(await readdir(join(dir, 'cache', first ?? ''))).toEqual([]);
    },
  );

  test('without Go it says what is needed', async () => {
    const { exit, stdout, stderr } = await builder(['age'], { PATH: '/nowhere' });
    expect(exit).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('needs Go 1.26 or later on PATH');
  });

  test('a name that is no tool is exit 2 and names those there are', async () => {
    const { exit, stderr } = await builder(['kubctl']);
    expect(exit).toBe(2);
    expect(stderr).toContain('no such tool: kubctl; there are: talosctl, sops, age');
  });

  test('a module with another content than the reviewed one is refused', async () => {
    await expect(moduleFolder('sigs.k8s.io/gateway-api@v1.4.1', 'h1:another=')).rejects.toThrow(
      /has the content h1:NPxFut.*h1:another=/,
    );
  });

  test('every family in the folder is in the table', async () => {
    const families = new URL('toolchain/', import.meta.url);
    const entries = await readdir(families, { withFileTypes: true });
    const used = new Set(Object.values(table).map(({ family }) => family));
    expect(
      entries
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...used].sort());
    for (const family of used) {
      expect(await readFile(new URL(`${family}/go.mod`, families), 'utf8')).toMatch(/^go 1\.26\.\d+$/m);
    }
  });
});

test.for([
  { cores: 2, free: 23, expected: 2 },
  { cores: 16, free: 6, expected: 4 },
  { cores: 8, free: 0.5, expected: 1 },
  { cores: 1, free: 64, expected: 1 },
])('$cores cores with $free GB free compile $expected at once', ({ cores, free, expected }) => {
  expect(compilersAtOnce(cores, free * 1024 ** 3)).toBe(expected);
});

test('too little memory for a link is said', () => {
  expect(memoryWarning(1.2 * 1024 ** 3)).toBe('1.2 GB of memory are free, and the largest of these builds needs 2.5');
  expect(memoryWarning(8 * 1024 ** 3)).toBe(undefined);
});
