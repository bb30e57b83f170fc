import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { coldstart, coldstartSlowlyRead, EXAMPLE, exampleCopy, type Ended, temporary } from './support/run.ts';
import { misfits } from './support/schema.ts';

type Run = {
  exit: number;
  evidence: {
    outcome: string;
    counts: { changes: number; skipped: number };
    failures: { step: string; item: string; remedy: string | null }[];
  };
  failure: { step: string; item: string; next: string } | null;
  files: string[];
  journal: string;
  rehearsal: {
    seed: number;
    fired: Record<string, number>;
    read: string[];
    assumed: string[];
    verdict: { whole: boolean };
  };
};

const parsed = (ended: Ended): Run => JSON.parse(ended.stdout) as Run;
const rehearse = (root: string, ...more: string[]) => [
  'cluster',
  'create',
  'infra',
  '--rehearse',
  '--root',
  root,
  ...more,
];

describe('a rehearsed bring-up, as a process', () => {
  let root: string;
  let world: string[];
  let first: Ended;

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'coldstart-runs-'));
    cpSync(EXAMPLE, root, { recursive: true, filter: (path) => !path.includes('.coldstart') });
    world = ['--world', join(root, '.coldstart', 'world.json')];
    first = await coldstart(rehearse(root, ...world, '--json'));
    return () => rmSync(root, { recursive: true, force: true });
  });

  test('ends well, and its document fits its schema', () => {
    expect(first.exit).toBe(0);
    const run = parsed(first);
    expect(misfits('run.v1', run)).toEqual([]);
    expect(run.evidence.outcome).toBe('done');
    expect(run.evidence.counts.changes).toBeGreaterThan(10);
    expect(run.failure).toBeNull();
    expect(run.rehearsal.verdict.whole).toBe(true);
    expect(run.rehearsal.read).toContain('clusters/infra/talos/talconfig.yaml');
    expect(run.rehearsal.assumed.length).toBeGreaterThan(0);
  });

  test('stdout holds the result only, progress goes to stderr, and no secret and no colour to either', () => {
    expect(first.stdout.startsWith('{')).toBe(true);
    expect(first.stderr).toMatch(/^talos talos\/apply-controlplanes infra-01: apply$/m);
    expect(first.stdout + first.stderr).not.toMatch(/\u001b\[|PRIVATE KEY|AGE-SECRET-KEY|LS0tLS1CRUdJTi/);
  });

  test('leaves nothing in the repository but .coldstart/rehearsals and what the operator asked for', () => {
    const left = globSync('**/*', { cwd: join(root, '.coldstart') }).filter(
      (file) => !statSync(join(root, '.coldstart', file)).isDirectory(),
    );
    expect(
      left.filter((file) => !file.startsWith('rehearsals/') && !['.gitignore', 'world.json'].includes(file)),
    ).toEqual([]);
    expect(existsSync(join(root, 'kubernetes', 'kubeconfig'))).toBe(false);
    expect(readFileSync(join(root, '.coldstart', '.gitignore'), 'utf8')).toContain('*');
    expect(statSync(join(root, '.coldstart', 'world.json')).mode & 0o777).toBe(0o600);
  });

  test('the world is kept: a second run changes nothing, says why, and exits 0', async () => {
    const second = await coldstart(rehearse(root, ...world));
    expect(second.exit).toBe(0);
    expect(second.stdout).toContain('nothing was changed');
    expect(second.stderr).toMatch(/talos\/apply-controlplanes infra-01: skipped, already done: /);
  });

  test('status, health and preflight look at that world; their documents fit their schemas', async () => {
    const at = ['infra', '--rehearse', '--root', root, ...world, '--json'];
    const status = await coldstart(['cluster', 'status', ...at]);
    expect(status.exit).toBe(0);
    const stands = JSON.parse(status.stdout) as {
      phases: { id: string; standing: string }[];
      lastRun: { outcome: string };
    };
    expect(misfits('status.v1', stands)).toEqual([]);
    expect(stands.phases.map(({ id, standing }) => [id, standing])).toEqual(
      ['talos', 'prereqs', 'crds', 'core', 'validation'].map((id) => [id, 'done']),
    );
    expect(stands.lastRun.outcome).toBe('done');

    const health = await coldstart(['cluster', 'health', ...at]);
    const verdicts = JSON.parse(health.stdout) as { verdicts: { name: string; verdict: string }[] };
    expect(misfits('health.v1', verdicts)).toEqual([]);
    expect(verdicts.verdicts.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual([
      'talos pass',
      'kubernetes pass',
      'crds pass',
      'flux pass',
    ]);
    expect(health.exit).toBe(0);

    const preflight = await coldstart(['cluster', 'preflight', ...at]);
    expect(misfits('look.v1', JSON.parse(preflight.stdout))).toEqual([]);
    expect(preflight.exit).toBe(0);
  });

  test('its evidence holds; a changed byte does not', async () => {
    const folder = join(root, parsed(first).files[0] ?? '', '..');
    const good = await coldstart(['verify', 'evidence', folder, '--json']);
    expect(misfits('evidence-check.v1', JSON.parse(good.stdout))).toEqual([]);
    expect(good.exit).toBe(0);

    const journal = join(root, parsed(first).files.find((file) => file.endsWith('.jsonl')) ?? '');
    const bytes = readFileSync(journal, 'utf8');
    writeFileSync(journal, bytes.replace('"outcome":"ok"', '"outcome":"failed"'));
    const bad = await coldstart(['verify', 'evidence', journal]);
    writeFileSync(journal, bytes);
    expect(bad.exit).toBe(6);
    expect(bad.stdout).toContain('prev is not the digest of the line before');
    expect((await coldstart(['verify', 'evidence', join(root, parsed(first).journal)])).exit).toBe(0);
  });
});

describe('a run that fails', () => {
  test('names node, cause, remedy and the command to go on with; nothing of a long result is lost on a pipe', async () => {
    const root = exampleCopy();
    const ended = await coldstartSlowlyRead(rehearse(root, '--fault', 'unreachable@infra-02', '--json'));
    expect(ended.exit).toBe(3);
    expect(ended.stdout.length).toBeGreaterThan(65_536);
    const run = parsed(ended);
    expect(misfits('run.v1', run)).toEqual([]);
    expect(run.rehearsal.fired).toMatchObject({ 'unreachable@infra-02': expect.any(Number) as number });
    expect(run.evidence.failures.map(({ step, item }) => `${step} ${item}`)).toContain('talos/nodes-ready infra-02');
    expect(run.failure?.next).toBe(`coldstart cluster create infra --rehearse --root ${root} --json`);
    expect(run.files).toHaveLength(3);
  });

  test('an interrupt ends it cleanly, a second one only says so; evidence is complete; exit 130', async () => {
    const root = exampleCopy();
    const ended = await coldstart(rehearse(root, '--pace', '120x'), {
      started: (child) => {
        let sent = false;
        child.stderr?.on('data', (bytes: Buffer) => {
          if (sent || !bytes.toString().includes('talos/apply-controlplanes infra-01: apply')) return;
          sent = true;
          child.kill('SIGINT');
          child.kill('SIGTERM');
        });
      },
    });
    expect(ended.exit).toBe(130);
    expect(ended.stderr).toMatch(/SIG(INT|TERM): ending what runs, and closing the journal/);
    expect(ended.stdout).toMatch(/^create infra: interrupted/);
    expect(ended.stdout).toMatch(/go on with: coldstart cluster create infra --rehearse --root \S+ --pace 120x$/m);
    const [evidence] = globSync('.coldstart/rehearsals/*/evidence/*.jsonl', { cwd: root });
    expect((await coldstart(['verify', 'evidence', join(root, evidence ?? 'none')])).exit).toBe(0);
  });

  test('a rehearsed kill keeps the world, and the same command goes on', async () => {
    const root = exampleCopy();
    const world = ['--world', join(root, 'world.json')];
    const killed = await coldstart(rehearse(root, ...world, '--fault', 'killed:3'));
    expect(killed.stderr).toContain('the rehearsed coldstart was killed in the middle');
    expect(killed.exit).toBe(4);
    const status = async (): Promise<Ended> =>
      coldstart(['cluster', 'status', 'infra', '--rehearse', '--root', root, ...world]);
    const stands = (await status()).stdout;
    expect(stands).toContain('it was killed, its journal has no end');
    expect(stands).toMatch(/^ {2}whether talos\/\S+ \S+ apply took effect is not recorded/m);
    expect(stands).toMatch(/-1 +talos +(?:begun|not begun|unknown)/);

    // A journal whose last line is garbage is named, and the world is looked at all the same.
    const journal = join(root, globSync('.coldstart/rehearsals/*/runs/*/journal.jsonl', { cwd: root })[0] ?? '');
    const whole = readFileSync(journal);
    writeFileSync(journal, Buffer.concat([whole, Buffer.from('{"se\n')]));
    const damaged = await status();
    expect(damaged.exit).toBe(0);
    expect(damaged.stdout).toMatch(/^the journal of run \S+ is damaged: line \d+: it is not a JSON text$/m);
    expect(damaged.stdout).toContain('it was killed');
    writeFileSync(journal, whole.subarray(0, 20));
    expect((await status()).stdout).toMatch(
      /no run of it is recorded here\nthe journal of run \S+ is damaged: it holds no whole record/,
    );
    writeFileSync(journal, whole);
    const next = await coldstart(rehearse(root, ...world));
    expect(next.stdout).toMatch(/^create infra: done/);
    expect(next.exit).toBe(0);
  });
});

test('status after a worker failed, and after the journals are lost, says what stands by the world itself', async () => {
  const root = exampleCopy();
  const world = ['--world', join(root, 'world.json')];
  const failed = await coldstart(rehearse(root, ...world, '--fault', 'image-pull@infra-04'));
  expect(failed.exit).toBe(4);
  const status = async (): Promise<string> =>
    (await coldstart(['cluster', 'status', 'infra', '--rehearse', '--root', root, ...world])).stdout;
  const stands = await status();
  expect(stands).toMatch(/^last run: \S+ \(rehearsal\): failed\n {2}stopped at talos\/\S+ infra-04: \w/m);
  expect(stands).toMatch(/^ {2}go on with: coldstart cluster create infra/m);
  const [table = '', journal = ''] = stands.split('\n\n');
  expect(table).toMatch(/-1 +talos +begun +\d+\/\d+ +talos\/\S+ infra-04: \w/);
  expect(table).toMatch(/crds +not begun/);
  expect(journal).not.toContain('is damaged');

  for (const runs of globSync('.coldstart/rehearsals/*/runs', { cwd: root }))
    rmSync(join(root, runs), { recursive: true });
  const lost = await status();
  expect(lost.split('\n\n')[1]).toBe('no run of it is recorded here\n');
  expect(lost).toMatch(/-1 +talos +begun +\d+\/\d+ +talos\/\S+ infra-04: \w/);
});

describe('the plan file', () => {
  test('create goes on only if the plan equals it', async () => {
    const root = exampleCopy();
    const file = join(temporary(), 'plan.json');
    const planned = await coldstart([
      'cluster',
      'plan',
      'infra',
      '--rehearse',
      '--root',
      root,
      '--out',
      file,
      '--json',
    ]);
    expect(planned.exit).toBe(0);
    expect(misfits('plan-view.v1', JSON.parse(planned.stdout))).toEqual([]);
    expect(misfits('plan.v1', JSON.parse(readFileSync(file, 'utf8')))).toEqual([]);
    expect((await coldstart(rehearse(root, '--plan', file))).exit).toBe(0);

    const talconfig = join(root, 'clusters/infra/talos/talconfig.yaml');
    writeFileSync(talconfig, `${readFileSync(talconfig, 'utf8')}\n# touched\n`);
    const differs = await coldstart(rehearse(root, '--plan', file));
    expect(differs.exit).toBe(7);
    expect(differs.stderr).toMatch(/inputs\[clusters\/infra\/talos\/talconfig.yaml\]/);
  });

  test.each([
    ['not JSON', '{'],
    ['another document', '{"schema":"coldstart.plan/2"}'],
  ])('%s is no plan', async (_, text) => {
    const file = join(temporary(), 'plan.json');
    writeFileSync(file, text);
    const ended = await coldstart(['cluster', 'create', 'infra', '--rehearse', '--root', EXAMPLE, '--plan', file]);
    expect(ended.stderr).toContain('is not a plan');
    expect(ended.exit).toBe(2);
  });
});
