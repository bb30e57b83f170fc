/**
 * What is asked of a cluster in which Flux runs, of the real controllers and of the lab's: the same tables, comparer and list
 * of differences as parity.test.ts. Both read one Git server's address; what it holds lies in the lab's repository too.
 */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { fluxGround } from './flux/fixture.ts';
import type { Ground as Flux } from './flux/fixture.ts';
import { helmfileArgv } from '../../plugins/helmfile/src/tool.ts';
import { questions } from './parity/flux.ts';
import { access } from './parity/questions/index.ts';
import type { Question } from './parity/questions/index.ts';
import { asked, compare, giveKubeconfig, simulation, truth } from './parity/sides.ts';
import type { Side } from './parity/sides.ts';
import { ground } from './wire/fixture.ts';
import type { Ground } from './wire/fixture.ts';
import type { Wire } from './wire/open.ts';

const toolchain = inject('toolchain');
const namespace = 'flux-system';
/** Those of which there is a process: notification-controller brings kinds that are not here. */
const components = ['source-controller', 'kustomize-controller', 'helm-controller'];
const registry = 'ghcr.io/fluxcd';

/** What brings Flux, on both sides. */
const releases = {
  'flux-operator': {},
  'flux-instance': {
    instance: { distribution: { version: '2.x', registry }, components, cluster: {} },
  },
};

let real: Flux;
let simulated: Ground;
let wire: Wire;
let sides: { really: Side; simulatedly: Side };

const installReally = async (): Promise<void> => {
  await real.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const [name, values] of Object.entries(releases)) {
    const file = join(real.dir, `${name}.json`);
    await writeFile(file, JSON.stringify(values));
    const { folder = '' } = real.charts.get(`oci://charts.example.com/${name}`) ?? {};
    const done = await real.ask('helm', ['install', name, folder, '-n', namespace, '-f', file, '--wait']);
    expect({ exit: done.exit, stderr: done.stderr }).toEqual({ exit: 0, stderr: '' });
  }
};

const installSimulatedly = async (): Promise<void> => {
  await giveKubeconfig(simulated);
  const file = 'releases-of-flux.yaml';
  const stated = Object.entries(releases).map(([name, values]) => ({
    name,
    namespace,
    chart: `oci://charts.example.com/${name}`,
    version: '0.55.0',
    values: [values],
  }));
  await writeFile(join(simulated.root, file), JSON.stringify({ helmDefaults: { wait: true }, releases: stated }));
  const sync: Question = {
    name: 'sync',
    tool: 'helmfile',
    argv: helmfileArgv(access, file, null, 'sync'),
    changes: true,
    expected: { exit: 0, read: null },
  };
  const done = await simulation(simulated.root, wire.lab)(sync);
  expect(done.exit, done.stderr).toBe(0);
};

beforeAll(async () => {
  real = await fluxGround(toolchain);
  simulated = await ground(toolchain.talosctl.path);
  const { git, charts } = real.sources;
  const fleet = join(real.dir, 'fleet');
  for (const name of ['base', 'after']) {
    await mkdir(join(fleet, name), { recursive: true });
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { of: 'fleet' } };
    await writeFile(join(fleet, name, 'configmap.yaml'), JSON.stringify(object));
  }
  await git.publish('fleet', fleet, { branch: 'main' });
  await charts.push({ folder: new URL('parity/releases/chart', import.meta.url).pathname });
  await cp(fleet, simulated.root, { recursive: true });

  const root = join(real.dir, 'repository');
  await mkdir(join(root, 'kubernetes'), { recursive: true });
  await cp(real.plane.kubeconfig, join(root, access.path));
  await installReally();

  const facts = { ...simulated.facts, 'flux/source': { url: git.url('fleet'), branch: 'main' } };
  wire = await simulated.open({ facts }, { 'infra-01': 'running', 'infra-02': 'running', 'infra-04': 'running' });
  // What has a Secret is refused; one of the questions' sources has one that is there.
  wire.lab.ask('deploy-key-refused:99999');
  await installSimulatedly();

  const given = { git: new URL(git.url('fleet')).origin, registry: charts.url() };
  sides = {
    really: truth(root, real.env, toolchain, given),
    simulatedly: simulation(simulated.root, wire.lab, given),
  };
}, 240_000);
afterAll(async () => {
  await wire?.close();
  await simulated?.release();
  await real?.release();
});

test.for(questions.map((question) => [question.name, question] as const))('%s', async ([, question]) => {
  // A controller comes to it in its own time, and tells Unknown of what it looks at again.
  const settled = question.changes ? question : { ...question, within: true as const };
  const [real, other] = [await asked(settled, sides.really), await asked(settled, sides.simulatedly)];
  expect(real.exit, `${real.stdout}\n${real.stderr}`).toBe(question.expected.exit);
  compare(question, real, other);
});
