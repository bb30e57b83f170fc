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

  test('finds a call that a step newly makes', () => {
    const step = `const a = { do: 'exec', tool: 'helm', argv: helmArgv(access, 'uninstall', name) };`;
    expect(calledIn('plugins/x/src/steps/a.ts', step)).toEqual(['helm uninstall']);
    const other = `await world.probe({ tool: own ? 'kustomize' : 'kubectl', argv: [own ? 'edit' : 'kustomize', folder] });`;
    expect(calledIn('plugins/x/src/steps/a.ts', other)).toEqual(['kustomize edit', 'kubectl kustomize']);
    const untold = `await world.probe({ tool: 'helm', argv: words });`;
    expect(() => calledIn('plugins/x/src/steps/a.ts', untold)).toThrow(/an argv of helm/);
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
