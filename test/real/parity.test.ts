/**
 * The simulated tools and the real ones, asked the same in the same order: from an empty cluster with three nodes, on one side
 * the lab's, on the other a real control plane. talosctl has a lane of its own, wire-parity.test.ts.
 */
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Done } from '@coldstart/contract';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';

import { must, run } from './children.ts';
import { startControlPlane } from './controlplane/start.ts';
import type { ControlPlane } from './controlplane/start.ts';
import { answerOf, differing, rawDifferences } from './parity/answer.ts';
import type { Answer, Difference } from './parity/answer.ts';
import { asks, called, calledIn } from './parity/called.ts';
import { access, questions } from './parity/questions.ts';
import type { Question } from './parity/questions.ts';
import { ground } from './wire/fixture.ts';
import type { Ground } from './wire/fixture.ts';
import type { Wire } from './wire/open.ts';
import { questions as ofTalosctl } from './wire/questions.ts';
import { commit, toolEnvironment } from './world.ts';

const toolchain = inject('toolchain');
const differences = parse(readFileSync(new URL('parity/differences.yaml', import.meta.url), 'utf8')) as Difference[];
/** May only fall. */
const ALLOWED = 9;

let dir: string;
let root: string;
let env: Record<string, string>;
let plane: ControlPlane;
let simulated: Ground;
let wire: Wire;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coldstart-parity-'));
  root = join(dir, 'repository');
  simulated = await ground(toolchain.talosctl.path);
  await cp(new URL('parity/releases', import.meta.url), join(simulated.root, 'releases'), { recursive: true });
  await cp(simulated.root, root, { recursive: true });
  await commit(root);
  await must('git', ['clone', '-q', '--bare', root, join(dir, 'remote.git')], { deadline: 30_000 });
  env = await toolEnvironment(join(dir, 'home'), toolchain);
  const node = (name: string, role: 'controlplane' | 'worker', address: string) => ({ name, role, address });
  plane = await startControlPlane({
    toolchain,
    dir: join(dir, 'plane'),
    context: access.context,
    serviceRange: '10.43.0.0/16',
    nodes: [
      node('infra-01', 'controlplane', simulated.at('infra-01')),
      node('infra-02', 'controlplane', simulated.at('infra-02')),
      node('infra-04', 'worker', simulated.at('infra-04')),
    ],
  });
  // Neither side has a CNI to wait for; the network is given.
  const label = { metadata: { labels: { 'coldstart.example.com/network': 'ready' } } };
  for (const name of ['infra-01', 'infra-02', 'infra-04'])
    await plane.api.send('PATCH', `/api/v1/nodes/${name}`, label, 'application/merge-patch+json');
  await mkdir(join(root, 'kubernetes'), { recursive: true });
  await cp(plane.kubeconfig, join(root, access.path));

  wire = await simulated.open({}, { 'infra-01': 'running', 'infra-02': 'running', 'infra-04': 'running' });
  const at = simulated.at('infra-01');
  const given = await simulated.talosctl(['kubeconfig', '-', '-e', at, '-n', at]);
  const server = given.stdout
    .replaceAll('admin@infra', access.context)
    .replace(/server: .*/, `server: https://${at}:6443`);
  await mkdir(join(simulated.root, 'kubernetes'), { recursive: true });
  await writeFile(join(simulated.root, access.path), server, { mode: 0o600 });
}, 180_000);
afterAll(async () => {
  await wire?.close();
  await plane?.stop();
  await simulated?.release();
  await rm(dir, { recursive: true, force: true });
});

type Said = { exit: number | null; stdout: string; stderr: string };

/** With the side's own repository and its commit in place. */
const asking = async (question: Question, at: string, ask: (question: Question) => Promise<Said>): Promise<Answer> => {
  let argv = question.argv.map((word) => word.replace('{root}', at));
  if (argv.includes('{head}')) {
    const { stdout } = await ask({ ...question, argv: ['rev-parse', 'HEAD'] });
    argv = argv.map((word) => (word === '{head}' ? stdout.trim() : word));
  }
  const { exit, stdout, stderr } = await ask({ ...question, argv });
  return answerOf(question, exit, stdout, stderr);
};

const inTruth = (question: Question): Promise<Answer> => asking(question, root, really);
const really = async (question: Question): Promise<Said> => {
  const path = question.tool === 'git' ? 'git' : toolchain[question.tool].path;
  return run(path, [...question.argv], {
    cwd: root,
    env: { ...env, ...question.env },
    deadline: 60_000,
    ...(question.stdin === undefined ? {} : { stdin: question.stdin }),
  });
};

const inTheLab = (question: Question): Promise<Answer> => asking(question, simulated.root, simulatedly);
const simulatedly = async (question: Question): Promise<Said> => {
  const call = {
    tool: question.tool,
    argv: [...question.argv],
    deadline: 3_600_000,
    env: { ...question.env },
    ...(question.stdin === undefined ? {} : { stdin: new TextEncoder().encode(question.stdin) }),
  };
  const never = new AbortController().signal;
  const { world } = wire.lab;
  const done: Done = question.changes
    ? await world.spawn(call, { signal: 'SIGINT', grace: 5000, kill: true }, async () => {}, never)
    : await world.probe(call);
  return { exit: done.exit, stdout: new TextDecoder().decode(done.stdout), stderr: done.stderr };
};

const fits = ({ expected }: Question, answer: Answer): boolean =>
  answer.exit === expected.exit &&
  (typeof expected.read === 'string'
    ? String(answer.read).includes(expected.read)
    : JSON.stringify(answer.read) === JSON.stringify(expected.read));

const asked = async (question: Question, ask: (question: Question) => Promise<Answer>): Promise<Answer> => {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask(question);
    if (!question.within || fits(question, answer) || tries === 40) return answer;
    await sleep(250);
  }
};

const compare = (question: Question, real: Answer, other: Answer): void => {
  const { read } = question.expected;
  expect(real.read).toEqual(typeof read === 'string' ? expect.stringContaining(read) : read);
  const listed = differences.find((difference) => difference.question === question.name);
  if (!listed?.in.includes('raw')) expect(rawDifferences(real, other)).toEqual([]);
  expect(differing(real, other)).toEqual(listed?.in ?? []);
};

test.for(questions.map((question) => [question.name, question] as const))('%s', async ([, question]) => {
  const [real, other] = [await asked(question, inTruth), await asked(question, inTheLab)];
  expect(real.exit, `${real.stdout}\n${real.stderr}`).toBe(question.expected.exit);
  compare(question, real, other);
});

/** What steps call and no row asks. */
const WITHOUT: Readonly<Record<string, string>> = {
  cilium: 'cannot be built; its shim is held against recordings in shims/shims.test.ts',
  'talosctl get platformmetadata':
    'asks whether a node is a simulated one, which the lab is not asked as its mode says so; wire.test.ts asks the nodes',
  op: 'is no free software; its shim is held against recordings in shims/shims.test.ts',
};

describe('the table', () => {
  test('asks everything that our steps call', () => {
    const asked = new Set([
      ...questions.map(({ tool, argv }) => asks(tool, argv)),
      ...ofTalosctl.map(({ argv }) => asks('talosctl', argv)),
    ]);
    const calls = called().filter((call) => !(call in WITHOUT) && !((call.split(' ')[0] ?? '') in WITHOUT));
    expect(calls.length).toBeGreaterThan(30);
    expect(calls.filter((call) => !asked.has(call))).toEqual([]);
  });

  test('finds a call that a step newly makes', () => {
    const step = `const a = { do: 'exec', tool: 'helm', argv: helmArgv(access, 'uninstall', name) };`;
    expect(calledIn('plugins/x/src/steps/a.ts', step)).toEqual(['helm uninstall']);
    const other = `await world.probe({ tool: own ? 'kustomize' : 'kubectl', argv: [own ? 'edit' : 'kustomize', folder] });`;
    expect(calledIn('plugins/x/src/steps/a.ts', other)).toEqual(['kustomize edit', 'kubectl kustomize']);
    const untold = `await world.probe({ tool: 'helm', argv: words });`;
    expect(() => calledIn('plugins/x/src/steps/a.ts', untold)).toThrow(/an argv of helm/);
  });

  test('has a question once, each with what is expected', () => {
    expect(new Set(questions.map(({ name }) => name)).size).toBe(questions.length);
    expect(questions.filter(({ expected }) => expected.read === undefined || expected.read === '')).toEqual([]);
  });

  test('has no more differences than it had, each of a question there is and with a reason', () => {
    const names = new Set(questions.map(({ name }) => name));
    expect(differences.length).toBeLessThanOrEqual(ALLOWED);
    expect(differences.filter(({ question, because }) => !names.has(question) || because.length < 20)).toEqual([]);
  });
});
