import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filesHolding, formsOf, holds } from '../../../test/real/canary.ts';
import { coldstart, type Ended, EXAMPLE, exampleCopy, temporary } from './support/run.ts';
import { misfits } from './support/schema.ts';

type Manifest = {
  mode: string;
  run: string | null;
  outcome: string | null;
  command: string;
  files: { name: string; size: number; sha256: string; masked: boolean }[];
  leftOut: { name: string; why: string }[];
};
type Result = { file: string | null; size: number; sha256: string; cause: string | null; remedy: string | null };

/** A bundle as whoever gets it unpacks it: with tar. */
function unpack(file: string): { folder: string; manifest: Manifest; names: string[] } {
  const into = temporary();
  execFileSync('tar', ['xzf', file, '-C', into]);
  const names = execFileSync('tar', ['tzf', file], { encoding: 'utf8' }).trim().split('\n');
  const folder = join(into, names[0]?.split('/')[0] ?? '');
  const manifest = JSON.parse(readFileSync(join(folder, 'MANIFEST.json'), 'utf8')) as Manifest;
  return { folder, manifest, names: names.map((name) => name.replace(/^[^/]+\//, '')) };
}

const resultOf = (ended: Ended): Result => (JSON.parse(ended.stdout) as { bundle: Result }).bundle;
const CREATE = ['cluster', 'create', 'infra', '--rehearse'];
const rehearse = (root: string, ...more: string[]): string[] => [...CREATE, '--root', root, ...more];
const token = (what: string): string => `ghp_${what.padEnd(36, 'a1B2c3D4')}`;

/** The values that stand under a secret's name in the example's rendered machine configs, and its age key. */
function secretsOfExample(): string[] {
  const configs = globSync('clusters/*/talos/clusterconfig/*.yaml', { cwd: EXAMPLE });
  const found = configs.flatMap((file) =>
    [
      ...readFileSync(join(EXAMPLE, file), 'utf8').matchAll(/^\s*(?:key|token|secret|\w*[sS]ecret\w*): (\S{16,})$/gm),
    ].map(([, value = '']) => value),
  );
  const [age = ''] = /AGE-SECRET-KEY-\S+/.exec(readFileSync(join(EXAMPLE, 'age.key'), 'utf8')) ?? [];
  return [...new Set([...found, age])];
}

describe('a failed run with --bundle', () => {
  test('writes one with the failure in it, keeps its exit code, and no canary of any input is in it', async () => {
    const root = exampleCopy();
    const canaries = {
      configuration: token('configuration'),
      identity: token('identity'),
      environment: `ops_${'canary0'.repeat(6)}`,
      repository: token('repository'),
    };
    writeFileSync(
      join(root, 'coldstart.yaml'),
      `${existsSync(join(root, 'coldstart.yaml')) ? readFileSync(join(root, 'coldstart.yaml'), 'utf8') : 'version: 1\n'}\nkubernetes: { context: ${canaries.configuration} }\n`,
    );
    mkdirSync(join(root, '.coldstart', 'infra'), { recursive: true });
    const identity = { schema: 'coldstart.identity/1', cluster: 'infra', note: canaries.identity };
    writeFileSync(join(root, '.coldstart', 'infra', 'identity.json'), JSON.stringify(identity));
    appendFileSync(join(root, 'clusters/infra/talos/talconfig.yaml'), `# ${canaries.repository}\n`);
    const env = { OP_SERVICE_ACCOUNT_TOKEN: canaries.environment };
    const ended = await coldstart(rehearse(root, '--fault', 'image-pull@infra-05', '--bundle', '--json'), { env });
    expect(ended.exit).toBe(4);
    const run = JSON.parse(ended.stdout) as { evidence: { run: string }; bundle: Result };
    expect(misfits('run.v1', run)).toEqual([]);
    const file = join(root, run.bundle.file ?? '');
    expect(run.bundle.file).toContain(`infra-rehearsal-${run.evidence.run}`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(file).size).toBe(run.bundle.size);
    expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(run.bundle.sha256);

    const { folder, manifest, names } = unpack(file);
    expect(misfits('bundle-manifest.v1', manifest)).toEqual([]);
    expect(manifest).toMatchObject({ mode: 'rehearsal', run: run.evidence.run, outcome: 'failed' });
    expect(manifest.command).toContain('--fault image-pull@infra-05 --bundle');
    expect(names).toEqual(['MANIFEST.json', ...manifest.files.map(({ name }) => name)]);
    expect(names).toEqual(
      expect.arrayContaining(['plan.json', 'versions.json', 'configuration.json', 'identity.json', 'evidence.txt']),
    );
    for (const { name, size, sha256 } of manifest.files) {
      const bytes = readFileSync(join(folder, name));
      expect([name, bytes.length]).toEqual([name, size]);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    }
    const failure = names.find((name) => name.includes('infra-05')) ?? 'none';
    expect(JSON.parse(readFileSync(join(folder, failure), 'utf8'))).toMatchObject({
      verdict: 'failed',
      diagnosis: expect.arrayContaining([expect.objectContaining({ name: 'after its config' })]) as unknown,
    });
    // The journal went in as it is: whoever gets it can check it.
    expect((await coldstart(['verify', 'evidence', join(folder, 'journal.jsonl')])).exit).toBe(0);

    const secrets = secretsOfExample();
    expect(secrets.length).toBeGreaterThan(10);
    const forms = formsOf([...Object.values(canaries), ...secrets]);
    expect(await filesHolding(folder, forms)).toEqual([]);
    expect(holds(ended.stdout + ended.stderr, forms)).toBe(false);
    // The test would find one: the name of what is masked stands there.
    const configuration = readFileSync(join(folder, 'configuration.json'), 'utf8');
    expect(configuration).toContain('"context": "[redacted]"');
    expect(readFileSync(join(folder, 'versions.json'), 'utf8')).toContain('OP_SERVICE_ACCOUNT_TOKEN');
  });

  test('a good run writes one as well, to the file that was named; that file is never written over', async () => {
    const root = exampleCopy();
    const file = join(temporary(), 'new', 'to hand in.tgz');
    const good = await coldstart(rehearse(root, '--only', 'talos', '--bundle-file', file));
    expect(good.exit).toBe(0);
    expect(good.stdout).toContain(`look it over before you hand it in):\n  ${file}\n`);
    expect(unpack(file).manifest.outcome).toBe('done');

    const before = readFileSync(file);
    const again = await coldstart(['talos', 'nodes', 'infra', '--rehearse', '--root', root, '--bundle-file', file]);
    expect(again.stdout).toContain(`no support bundle was written: ${file} is there already.\n  do: Name another file`);
    expect(again.exit).toBe(4);
    expect(readFileSync(file)).toEqual(before);
  });
});

describe('a bundle that cannot be written', () => {
  const readOnly = (): string => {
    const folder = join(temporary(), 'shut');
    mkdirSync(folder);
    chmodSync(folder, 0o500);
    return folder;
  };
  // Nobody refuses root a folder of its own; the kernel's it may not write to either.
  const refusing = (): string => (process.getuid?.() === 0 ? '/sys' : readOnly());

  test.each([
    ['a good run ends with exit 4, and says why', [], 4, 'done'],
    ['a failed one keeps its failure and its exit code', ['--fault', 'unreachable@infra-02'], 3, 'preflight'],
  ])('%s', async (_, fault, exit, outcome) => {
    const root = exampleCopy();
    const file = join(refusing(), 'x.tar.gz');
    const ended = await coldstart(rehearse(root, '--only', 'talos', ...fault, '--json', '--bundle-file', file));
    expect(ended.exit).toBe(exit);
    const run = JSON.parse(ended.stdout) as { evidence: { outcome: string }; bundle: Result };
    expect(misfits('run.v1', run)).toEqual([]);
    expect(run.evidence.outcome).toBe(outcome);
    expect(run.bundle.file).toBeNull();
    expect(run.bundle.cause).toMatch(
      /x\.tar\.gz cannot be created: (?:access is denied|it is not permitted|the file system is read-only)\./,
    );
    expect(run.bundle.remedy).toContain(file);
  });
});

describe('afterwards, by cluster status', () => {
  test('of a killed run; what came into its journal is masked, and the manifest says so', async () => {
    const root = exampleCopy();
    const world = ['--world', join(root, 'world.json')];
    const killed = await coldstart(rehearse(root, ...world, '--fault', 'killed:4', '--bundle'));
    expect(killed.exit).toBe(4);
    expect(globSync('.coldstart/**/*-bundle.tar.gz', { cwd: root })).toEqual([]);

    const status = (): Promise<Ended> =>
      coldstart(['cluster', 'status', 'infra', '--rehearse', '--root', root, ...world, '--bundle', '--json']);
    const first = await status();
    expect(misfits('status.v1', JSON.parse(first.stdout))).toEqual([]);
    expect(first.exit).toBe(0);
    const { folder, manifest, names } = unpack(join(root, resultOf(first).file ?? ''));
    expect(manifest).toMatchObject({ mode: 'rehearsal', outcome: null });
    expect(manifest.run).not.toBeNull();
    expect(names).toEqual(expect.arrayContaining(['looks.json', 'journal.jsonl', 'evidence.txt']));
    expect(names.filter((name) => name.startsWith('failures/')).length).toBeGreaterThan(0);
    expect(manifest.leftOut.map(({ name }) => name)).toContain('plan.json');
    expect(manifest.files.filter(({ masked }) => masked)).toEqual([]);

    const [journal = ''] = globSync('.coldstart/rehearsals/*/runs/*/journal.jsonl', { cwd: root });
    const text = readFileSync(join(root, journal), 'utf8');
    writeFileSync(join(root, journal), text.replace('"procedure":"create"', `"procedure":"${token('journal')}"`));
    const second = resultOf(await status());
    expect(second.file).not.toBe(resultOf(first).file);
    const masked = unpack(join(root, second.file ?? ''));
    expect(masked.manifest.files.find(({ name }) => name === 'journal.jsonl')?.masked).toBe(true);
    expect(await filesHolding(masked.folder, formsOf([token('journal')]))).toEqual([]);
    expect(await filesHolding(folder, ['"procedure":"create"'])).toHaveLength(1);
  });

  test('without any run it holds the look, and says that there is none', async () => {
    const root = exampleCopy();
    const ended = await coldstart(['bootstrap', 'status', 'infra', '--rehearse', '--root', root, '--bundle', '--json']);
    const { manifest, names } = unpack(join(root, resultOf(ended).file ?? ''));
    expect(names).toContain('looks.json');
    expect(manifest.leftOut.map(({ why }) => why)).toContain('no run of this cluster is recorded here');
    expect(readFileSync(join(root, '.coldstart', '.gitignore'), 'utf8')).toContain('*');
  });
});

describe('each command that runs or looks', () => {
  test.each([
    ['cluster plan infra', 'plan-view.v1', 0],
    ['cluster preflight infra', 'look.v1', 0],
    ['cluster health infra', 'health.v1', 6],
    ['cluster create infra --dry-run --offline', 'plan-view.v1', 0],
    ['verify flux infra', 'look.v1', 6],
  ])('%s', async (line, schema, exit) => {
    const root = exampleCopy();
    const ended = await coldstart([...line.split(' '), '--rehearse', '--root', root, '--bundle', '--json']);
    expect(ended.exit).toBe(exit);
    expect(misfits(schema, JSON.parse(ended.stdout))).toEqual([]);
    const { manifest } = unpack(join(root, resultOf(ended).file ?? ''));
    expect(misfits('bundle-manifest.v1', manifest)).toEqual([]);
    expect(manifest.mode).toBe('rehearsal');
  });
});

test('a run that cannot begin says so as ever, and leaves a bundle with the reason', async () => {
  const root = exampleCopy();
  const world = ['--world', join(root, 'world.json')];
  await coldstart(['talos', 'nodes', 'infra', '--rehearse', '--root', root, ...world]);
  const run = join(root, '.coldstart/rehearsals/infra-world.json/runs/20261121T000000000Z-0000');
  mkdirSync(run, { recursive: true });
  writeFileSync(join(run, 'journal.jsonl'), '{"seq":0,"type":"run-start","schema":"coldstart.journal/2"}\n');
  const ended = await coldstart(rehearse(root, ...world, '--bundle'));
  expect(ended.exit).toBe(5);
  expect(ended.stderr).toMatch(/^error: The run 20261121T000000000Z-0000 was journalled by a newer coldstart/m);
  const [, file = ''] = /hand it in\):\n {2}(\S+)\n/.exec(ended.stderr) ?? [];
  const { folder, names } = unpack(join(root, file));
  expect(JSON.parse(readFileSync(join(folder, 'error.json'), 'utf8'))).toMatchObject({ exit: 5 });
  expect(names).toContain('journal.jsonl');
});
