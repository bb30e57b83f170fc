/**
 * The simulated tools and the real ones, asked the same in the same order: from an empty cluster with three nodes, on one side
 * the lab's, on the other a real control plane. talosctl has a lane of its own, wire-parity.test.ts, and
 * so has what is asked once Flux runs, parity-flux.test.ts.
 */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { must } from './children.ts';
import { startControlPlane } from './controlplane/start.ts';
import type { ControlPlane } from './controlplane/start.ts';
import { asks, called, calledIn } from './parity/called.ts';
import { questions as afterFlux } from './parity/flux.ts';
import { origin, stores } from './parity/questions/git.ts';
import { access, questions } from './parity/questions/index.ts';
import { nameRegistry, startChartRegistry } from './parity/registry.ts';
import type { ChartRegistry } from './parity/registry.ts';
import { asked, compare, differences, giveKubeconfig, simulation, truth } from './parity/sides.ts';
import { ground } from './wire/fixture.ts';
import type { Ground } from './wire/fixture.ts';
import type { Wire } from './wire/open.ts';
import { questions as ofTalosctl } from './wire/questions.ts';
import { commit, toolEnvironment } from './world.ts';

const toolchain = inject('toolchain');
/** May only fall. */
const ALLOWED = 8;

let dir: string;
let root: string;
let env: Record<string, string>;
let plane: ControlPlane;
let registry: ChartRegistry;
let simulated: Ground;
let wire: Wire;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coldstart-parity-'));
  root = join(dir, 'repository');
  simulated = await ground(toolchain.talosctl.path);
  await cp(new URL('parity/releases', import.meta.url), join(simulated.root, 'releases'), { recursive: true });
  registry = await startChartRegistry(toolchain, join(dir, 'registry'));
  await nameRegistry(simulated.root, registry);
  await cp(simulated.root, root, { recursive: true });
  await commit(root);
  await must('git', ['clone', '-q', '--bare', root, join(dir, 'remote.git')], { deadline: 30_000 });
  await must('git', ['remote', 'add', 'origin', origin], { cwd: root, deadline: 30_000 });
  // git takes no store of objects for one that is not there; a run has made its own before it asks.
  for (const side of [root, simulated.root])
    for (const store of Object.values(stores)) await mkdir(join(side, store), { recursive: true });
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

  // What a survey of Flux' source would tell: where `origin` is.
  const facts = { ...simulated.facts, 'flux/source': { url: origin, branch: 'main' } };
  wire = await simulated.open({ facts }, { 'infra-01': 'running', 'infra-02': 'running', 'infra-04': 'running' });
  await giveKubeconfig(simulated);
  wire.lab.ask('chart-missing@missing');
}, 180_000);
afterAll(async () => {
  await wire?.close();
  await plane?.stop();
  await registry?.stop();
  await simulated?.release();
  await rm(dir, { recursive: true, force: true });
});

test.for(questions.map((question) => [question.name, question] as const))('%s', async ([, question]) => {
  const really = truth(root, env, toolchain, { registry: registry.address });
  const simulatedly = simulation(simulated.root, wire.lab, { registry: registry.address });
  const [real, other] = [await asked(question, really), await asked(question, simulatedly)];
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
      ...afterFlux.map(({ tool, argv }) => asks(tool, argv)),
      ...ofTalosctl.map(({ argv }) => asks('talosctl', argv)),
    ]);
    const calls = called().filter((call) => !(call in WITHOUT) && !((call.split(' ')[0] ?? '') in WITHOUT));
    expect(calls.length).toBeGreaterThan(30);
    expect(calls.filter((call) => !asked.has(call))).toEqual([]);
  });

  const inStep = (text: string): string[] => calledIn('plugins/x/src/steps/a.ts', text);
  const inLock = (text: string): string[] => calledIn('packages/tools/src/git/lock.ts', text);

  test('finds a call that a step newly makes', () => {
    expect(inStep(`const a = { do: 'exec', tool: 'helm', argv: helmArgv(access, 'uninstall', name) };`)).toEqual([
      'helm uninstall',
    ]);
    expect(
      inStep(`await world.probe({ tool: own ? 'kustomize' : 'kubectl', argv: [own ? 'edit' : 'kustomize', folder] });`),
    ).toEqual(['kustomize edit', 'kubectl kustomize']);
    expect(inStep(`await world.probe({ tool: 'git', argv: ['-c', 'gc.auto=0', 'remote', 'prune', name] });`)).toEqual([
      'git remote prune',
    ]);
    expect(inStep(`await askNode(world, reach, address, 'secure', ['reboot']);`)).toEqual(['talosctl reboot']);
    expect(() => inStep(`await world.probe({ tool: 'helm', argv: words });`)).toThrow(/an argv of helm/);
  });

  test('finds a call through a function that makes an argv, and refuses one through another function', () => {
    const lock = `const argvOf = (args) => [...QUIET, ...args];
      const probe = (args, env) => ({ tool: 'git', argv: argvOf(args), env });
      const look = (world) => world.probe(probe(['gc', ...FLAGS]));
      const FLAGS = ['--auto'];`;
    expect(inLock(lock)).toEqual(['git gc --auto']);
    expect(() => inStep(lock)).toThrow(/a\.ts:2: an argv of git whose subcommand cannot be told/);
    expect(() => inLock(`const tidy = (args) => ({ tool: 'git', argv: argvOf(args) });`)).toThrow(/an argv of git/);
    expect(() => inLock(`const probe = (args, more) => ({ tool: 'git', argv: argvOf(more) });`)).toThrow(/argv of git/);
    expect(() => inLock(`const ask = probe; await world.probe(ask(['gc']));`)).toThrow(
      /probe makes argvs and is handed/,
    );
    const whole = (last: string) =>
      `export function listRelease(a) { if (a) return helmArgv(a, 'list'); return ${last}; }`;
    expect(inStep(whole(`helmArgv(a, 'ls')`))).toEqual(['helm list', 'helm ls']);
    expect(() => inStep(whole(`['ls']`))).toThrow(/listRelease has to return what one of BUILDERS makes/);
    expect(() => inStep(`const a = names.map(kubectlArgv);`)).toThrow(/kubectlArgv makes argvs and is handed on/);
  });

  test('follows a name to the const that it is in this file, and refuses what it cannot', () => {
    const call = `await world.probe({ tool, argv })`;
    expect(
      inStep(`const f = () => { const [tool, argv] = []; }; const tool = 'git', argv = ['gc', '-q']; ${call};`),
    ).toEqual(['git gc -q']);
    const known = `const tool = 'git'; const argv = ['status', '-s'];`;
    for (const other of [
      `const f = (argv) => ${call};`,
      `const f = () => { const { argv } = given; ${call}; };`,
      `argv.unshift('gc'); ${call};`,
      `const call = { tool, argv }; call.argv = ['gc'];`,
    ])
      expect(() => inStep(known + other.replaceAll('await ', ''))).toThrow(/cannot be told|changed after/);
    expect(() => inStep(`let argv = ['gc']; await world.probe({ tool: 'git', argv });`)).toThrow(
      /a const of this file/,
    );
    expect(() => inStep(`const a = { tool, argv: ['gc'] };`)).toThrow(/nothing tells whose argv this is/);
    expect(() => inStep(`const a = { tool: 'git', ...call };`)).toThrow(/without an argv beside it/);
  });

  test('takes no other word for a subcommand that is not written', () => {
    expect(() => inStep(`const f = (verb) => kubectlArgv(access, verb, 'pods');`)).toThrow(/an argv of kubectl/);
    expect(() => inStep(`const f = (more) => kubectlArgv(access, ...more, 'get');`)).toThrow(/an argv of kubectl/);
    expect(() => inStep(`const f = (below) => ({ tool: 'git', argv: ['remote', below, 'origin'] });`)).toThrow(
      /of git/,
    );
    expect(inStep(`const verb = 'delete'; const f = () => kubectlArgv(access, verb, 'pods');`)).toEqual([
      'kubectl delete',
    ]);
    expect(inStep(`const f = (one) => kubectlArgv(access, '--server', one, 'get', '--raw', path);`)).toEqual([
      'kubectl get --raw',
    ]);
    const crossed = `const a = { tool: own ? 'helm' : 'op', argv: [other ? 'list' : 'inject', path] };`;
    expect(() => inStep(crossed)).toThrow(/which of two tools/);
  });

  test('has a question once, each with what is expected', () => {
    const all = [...questions, ...afterFlux];
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    expect(all.filter(({ expected }) => expected.read === undefined || expected.read === '')).toEqual([]);
  });

  test('has no more differences than it had, each of a question there is and with a reason', () => {
    const names = new Set([...questions, ...afterFlux].map(({ name }) => name));
    expect(differences.length).toBeLessThanOrEqual(ALLOWED);
    expect(differences.filter(({ question, because }) => !names.has(question) || because.length < 20)).toEqual([]);
  });
});
