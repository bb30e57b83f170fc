import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EXIT, isProblem, Problem, type JournalRecord, type Problem as Said } from '@coldstart/contract';
import { openRealWorld, readJournal } from '@coldstart/engine';
import type { OpenLab } from '@coldstart/plugin-lab';
import { talos } from '@coldstart/plugin-talos';
import { beforeAll, describe, expect, test } from 'vitest';
import { etcdClusters } from '../../plugins/lab/src/verdict/etcd.ts';
import { missingNodes } from '../../plugins/lab/src/verdict/nodes.ts';
import { bareWorld, survey, type BroughtUp, type Ground } from './support/bring-up.ts';
import {
  bytesOf,
  evidencesOf,
  goOn,
  journalsOf,
  killedAt,
  put,
  reopened,
  sample,
  SEED,
  secondChanges,
  standingOf,
  stateOf,
  through,
  type Standing,
} from './support/killed.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await survey({ plugins: [talos], selection: { phases: ['talos'] } });
});

const NEWLINE = 0x0a;
const utf8 = new TextEncoder();

/** What must hold whenever the same command went on. */
async function expectFinished(ran: BroughtUp, before: Standing): Promise<void> {
  const { lab } = ran;
  expect({ exit: ran.exit, failure: ran.failure }).toEqual({ exit: 0, failure: null });
  expect([...missingNodes(lab.model), ...etcdClusters(lab.model)]).toEqual([]);
  expect(lab.model.etcd.size).toBe(1);
  expect(secondChanges(lab, before)).toEqual([]);
  const evidence = (await evidencesOf(lab)).get(ran.id);
  expect(evidence?.findings.filter(({ level }) => level === 'error')).toEqual([]);
  expect(evidence?.ok).toBe(true);
}

const saidOf = (records: readonly JournalRecord[]): string[] =>
  records.flatMap((r) => (r.type === 'deviation' ? [r.what] : []));

/** Goes on from a killed run whose journal is now these bytes; what is wrong with that, besides how it ends. */
async function resumeFrom(saved: Uint8Array, journal: (whole: Uint8Array) => Uint8Array): Promise<string[]> {
  const wrong: string[] = [];
  const lab = await reopened(ground, saved);
  const [path = ''] = journalsOf(lab);
  const whole = bytesOf(lab, path);
  const damaged = journal(whole);
  const lost = Buffer.compare(damaged.subarray(0, whole.length), whole) !== 0;
  put(lab, path, damaged);
  const before = standingOf(lab);
  let ran = await goOn(ground, lab);
  if (lost && ran.exit !== 0) {
    // Without its record, a machine that installs is one that is silent: that is refused, and nothing is changed.
    if (ran.exit !== EXIT.preflight && ran.exit !== EXIT.refused) wrong.push(`exit ${ran.exit}: ${ran.failure?.cause}`);
    if (!ran.failure?.remedy) wrong.push('it is refused without a remedy');
    if (lab.received().length > before.received) wrong.push('it is refused, and something was sent');
    await lab.world.sleep(20 * 60_000);
    ran = await goOn(ground, lab);
  }
  await expectFinished(ran, before);
  // The damaged one's evidence is kept and says what it lacks, or a run names it.
  const former = path.split('/').at(-2) ?? '';
  const evidence = (await evidencesOf(lab)).get(former);
  const named = journalsOf(lab)
    .flatMap((one) => saidOf(readJournal(bytesOf(lab, one)).records))
    .filter((what) => what.startsWith(`no evidence was made of the former run ${former}: `));
  if ((named.length === 0) !== (evidence !== undefined))
    wrong.push(`${named.length} runs name it, beside its evidence`);
  if (named.length > 1) wrong.push('it is named again and again');
  wrong.push(...(evidence?.findings ?? []).filter(({ level }) => level === 'error').map(({ what }) => what));
  if (evidence && evidence.evidence?.journal.torn !== (damaged.at(-1) !== NEWLINE)) wrong.push('torn is not said');
  if (evidence?.evidence?.journal.complete) wrong.push('its evidence says that it ended');
  await lab.close();
  return wrong;
}

describe('a journal that is cut', () => {
  const saved = new Map<string, Uint8Array>();
  const cuts: { name: string; at: string; cut: (whole: Uint8Array) => Uint8Array }[] = [];
  // Before the first config, between configs, while bootstrap is sent, just after it, and after the kubeconfig.
  const moments = ['killed@after:2', 'killed@during:4', 'killed@before:7', 'killed@during:7', 'killed@after:7'];
  beforeAll(async () => {
    for (const moment of moments) saved.set(moment, await killedAt(ground, moment));
  });
  for (const at of moments) {
    for (let n = 0; n < (at === 'killed@during:7' ? 10 : 1); n += 1)
      cuts.push({ name: `${n} records before its end`, at, cut: (whole) => whole.subarray(0, boundary(whole, n)) });
    for (const part of sample(at, 12, 1_000_000))
      cuts.push({
        name: `at ${part} millionths`,
        at,
        cut: (whole) => whole.subarray(0, Math.floor((whole.length * part) / 1_000_000)),
      });
  }
  const at = 'killed@during:7';
  cuts.push({ name: 'to nothing', at, cut: () => new Uint8Array() });
  cuts.push({ name: 'in its first record', at, cut: (whole) => whole.subarray(0, 40) });
  cuts.push({ name: 'with blocks of zeros behind it', at, cut: (whole) => Buffer.concat([whole, Buffer.alloc(4096)]) });
  cuts.push({
    name: 'with a line of garbage behind it',
    at,
    cut: (w) => Buffer.concat([w, utf8.encode('\u0000{"a\n')]),
  });
  cuts.push({ name: 'with its first record gone', at, cut: (whole) => whole.subarray(whole.indexOf(NEWLINE) + 1) });
  cuts.push({
    name: 'with another byte in its middle',
    at,
    cut: (whole) => {
      const other = Uint8Array.from(whole);
      other[other.length >> 1] = 0x7f;
      return other;
    },
  });

  test.each(cuts)('$at, cut $name: the same command goes on', async ({ at: moment, cut }) => {
    expect(await resumeFrom(saved.get(moment)!, cut)).toEqual([]);
  });
});

/** Where the n-th line from the end begins to be missing. */
function boundary(whole: Uint8Array, n: number): number {
  let end = whole.length;
  for (let i = 0; i < n; i += 1) end = whole.lastIndexOf(NEWLINE, end - 2) + 1;
  return end;
}

describe('what is lost', () => {
  test.each([
    ['the journals', (path: string) => path.includes('/runs/')],
    ['all of .coldstart', () => true],
  ])('%s: the same command finishes, and bootstrap is not sent again', async (_, lost) => {
    const lab = await reopened(ground, await killedAt(ground, 'killed@after:7'));
    // What a lost journal had begun is nobody's past: it is given the time to end.
    await lab.world.sleep(20 * 60_000);
    for (const path of stateOf(lab).filter(lost)) lab.model.files.remove(`${lab.model.root}/${path}`);
    const before = standingOf(lab);
    expect(before.bootstrapped).toBe(true);
    await expectFinished(await goOn(ground, lab), before);
    await lab.close();
  });
});

async function saidBy(work: Promise<BroughtUp>): Promise<Pick<Said, 'message' | 'exit' | 'remedy'>> {
  try {
    const { exit, failure } = await work;
    return { exit, message: failure?.cause ?? '', remedy: failure?.remedy ?? '' };
  } catch (error) {
    if (isProblem(error)) return error;
    throw error;
  }
}

/** A disk that takes so many appends and creations, and then none, as the real door says it. */
function fullAfter(lab: OpenLab, n: number) {
  let left = n;
  const full = (path: string): void => {
    if (left-- > 0) return;
    throw new Problem(`${path} cannot be written: the disk is full.`, {
      exit: EXIT.failed,
      remedy: `Make room on the file system of ${path}.`,
    });
  };
  const { world } = lab;
  return through(world, {
    append: async (path, line) => (full(path), world.append(path, line)),
    create: async (path, bytes, mode) => (full(path), world.create(path, bytes, mode)),
    write: async (path, bytes, mode) => (full(path), world.write(path, bytes, mode)),
  });
}

describe('a disk that is full', () => {
  test.each([0, 1, 2, 3, 4, 7, 20, 40, 60, 90, 120])(
    'after %i writes: exit 4 with the way out; then it goes on',
    async (n) => {
      const lab = await bareWorld(ground, { seed: SEED });
      const said = await saidBy(goOn(ground, lab, fullAfter(lab, n)));
      expect(said).toMatchObject({ exit: 4, message: expect.stringContaining('the disk is full') });
      expect(said.remedy).toContain('Make room');
      const before = standingOf(lab);
      await expectFinished(await goOn(ground, lab), before);
      await lab.close();
    },
  );
});

/** The lab's machines and tools, with the run's own state on a real disk below `root`. */
async function onDisk(lab: OpenLab, root: string) {
  const real = await openRealWorld({ root, env: {}, tools: [] });
  const { world } = lab;
  const at = (path: string) => (path.startsWith('.coldstart') ? real : world);
  return through(world, {
    append: (path, line) => at(path).append(path, line),
    create: (path, bytes, mode) => at(path).create(path, bytes, mode),
    write: (path, bytes, mode) => at(path).write(path, bytes, mode),
    remove: (path) => at(path).remove(path),
    read: (path, max) => at(path).read(path, max),
    list: (path) => at(path).list(path),
    stat: (path) => at(path).stat(path),
    close: () => real.close(),
  });
}

describe('a state folder that is not as it should be, on a real disk', () => {
  const folder = (path: string) => mkdirSync(path, { recursive: true });
  const file = (path: string) => {
    folder(dirname(path));
    writeFileSync(path, '');
  };
  const readOnly = (path: string) => {
    folder(path);
    chmodSync(path, 0o555);
  };
  const mine = process.getuid?.() !== 0;
  const cases: [what: string, path: string, make: (path: string) => void, exit: number, says: RegExp][] = [
    ['a file where the state folder should be', '.coldstart', file, 5, /\.coldstart is a file, not a folder/],
    [
      "a file where the cluster's folder should be",
      '.coldstart/infra',
      file,
      4,
      /lock cannot be created: a file stands where a folder is needed/,
    ],
    [
      'a file where the journals should be',
      '.coldstart/infra/runs',
      file,
      4,
      /a part of its path is not a folder|a file stands where a folder is needed/,
    ],
    ['a folder where the lock should be', '.coldstart/infra/lock', folder, 4, /lock cannot be read: it is a folder/],
    ['a folder where the identity should be', '.coldstart/infra/identity.json', folder, 4, /it is a folder/],
    [
      'a file where the evidence should be',
      '.coldstart/evidence',
      file,
      4,
      /evidence.* a file stands where a folder is needed/,
    ],
    // Root may write everywhere.
    ...(mine
      ? ([['a folder that is read-only', '.coldstart/infra', readOnly, 4, /access is denied/]] as const)
      : []
    ).map((one) => [...one] as (typeof cases)[number]),
  ];
  test.each(cases)('%s', async (_, path, make, exit, says) => {
    const root = mkdtempSync(join(tmpdir(), 'coldstart-resume-'));
    try {
      make(join(root, path));
      const lab = await bareWorld(ground, { seed: SEED });
      const said = await saidBy(goOn(ground, lab, await onDisk(lab, root)));
      expect({ exit: said.exit, message: said.message }).toEqual({ exit, message: expect.stringMatching(says) });
      expect(said.remedy).toMatch(/\w/);
      expect(halfWritten(root).filter((name) => name !== path)).toEqual([]);

      chmodSync(join(root, path), 0o755);
      rmSync(join(root, path), { recursive: true });
      const before = standingOf(lab);
      const ran = await goOn(ground, lab, await onDisk(lab, root));
      expect({ exit: ran.exit, failure: ran.failure }).toEqual({ exit: 0, failure: null });
      expect(secondChanges(lab, before)).toEqual([]);
      expect(lab.model.etcd.size).toBe(1);
      expect(halfWritten(root)).toEqual([]);
      await lab.close();
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});

const halfWritten = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tmp$|(?:^|\/)lock/.test(name));

test('beside the journal of a newer coldstart nothing is changed, and no journal is begun', async () => {
  const lab = await reopened(ground, await killedAt(ground, 'killed@after:7'));
  const [path = ''] = journalsOf(lab);
  const newer = new TextDecoder().decode(bytesOf(lab, path)).replace('coldstart.journal/1', 'coldstart.journal/2');
  put(lab, path, utf8.encode(newer));
  const before = standingOf(lab);
  expect(await saidBy(goOn(ground, lab))).toMatchObject({
    exit: 5,
    message: expect.stringContaining('journalled by a newer coldstart (coldstart.journal/2)'),
    remedy: expect.stringContaining('Go on with that version'),
    page: 'newer-journal',
  });
  expect(lab.received().slice(before.received)).toEqual([]);
  expect(journalsOf(lab)).toEqual([path]);

  // The way out that the remedy tells.
  lab.model.files.remove(`${lab.model.root}/${path}`);
  await lab.world.sleep(20 * 60_000);
  await expectFinished(await goOn(ground, lab), before);
  await lab.close();
});

describe('a wall clock that jumps in the middle', () => {
  const DAY = 24 * 3_600_000;
  /** Its wall clock is off by so much from a moment on. */
  const jumping = (lab: OpenLab, by: number, from: number) =>
    through(lab.world, {
      now: () => new Date(Date.parse(lab.world.now()) + (lab.world.mono() >= from ? by : 0)).toISOString(),
    });
  test.each([
    ['back a day', -DAY],
    ['forward an hour', 3_600_000],
  ])('%s: durations are those that passed, and the evidence holds', async (_, by) => {
    const lab = await bareWorld(ground, { seed: SEED });
    const began = lab.elapsed();
    const ran = await goOn(ground, lab, jumping(lab, by, 200_000));
    await expectFinished(ran, { configured: [], bootstrapped: false, received: 0 });
    const evidence = (await evidencesOf(lab)).get(ran.id)?.evidence;
    expect(Date.parse(evidence!.ended) - Date.parse(evidence!.started)).not.toBe(evidence!.elapsed);
    expect(evidence!.elapsed).toBeGreaterThan(200_000);
    expect(evidence!.elapsed).toBeLessThanOrEqual(lab.elapsed() - began);
    for (const { elapsed } of evidence!.phases) expect(elapsed ?? 0).toBeLessThanOrEqual(evidence!.elapsed);
    await lab.close();
  });

  test.each([
    ['a day earlier', -DAY],
    ['an hour later', 3_600_000],
  ])('the run after a kill begins %s: it finishes within the time of the world', async (_, by) => {
    const lab = await reopened(ground, await killedAt(ground, 'killed@during:7'));
    const before = standingOf(lab);
    const began = lab.elapsed();
    await expectFinished(await goOn(ground, lab, jumping(lab, by, 0)), before);
    expect(lab.elapsed() - began).toBeLessThan(30 * 60_000);
    await lab.close();
  });
});

test('a child that outlived the killed run, and ends well, is waited for and not ended', async () => {
  const lab = await bareWorld(ground, { seed: SEED, faults: ['killed@during:7'] });
  await Promise.race([goOn(ground, lab), lab.died]);
  lab.process();
  const before = standingOf(lab);
  const ran = await goOn(ground, lab);
  await expectFinished(ran, before);
  expect(ran.records.filter(({ type }) => type === 'outlived')).toMatchObject([{ ended: false }]);
  expect(lab.received().filter(({ argv }) => argv[0] === 'bootstrap')).toHaveLength(1);
  await lab.close();
});
