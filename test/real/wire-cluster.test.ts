/**
 * coldstart itself carries phase -1 with the real talosctl and kubectl: nodes on the wire from maintenance to a cluster
 * whose API is a real control plane. Its evidence says `live` of nodes that are simulated; do not take it for one.
 */
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { installPacked } from '../packed/support/install.ts';
import type { Installed } from '../packed/support/install.ts';
import { run as command } from './children.ts';
import type { Finished } from './children.ts';
import { startControlPlane } from './controlplane/start.ts';
import type { ControlPlane } from './controlplane/start.ts';
import { ground } from './wire/fixture.ts';
import type { Ground } from './wire/fixture.ts';
import { adoptAuthority, certifyFor, credentialsOf, standBehind } from './wire/kubernetes.ts';
import type { Wire } from './wire/open.ts';
import { listWithoutAddresses } from './wire/repository.ts';
import { clusterOf, toolEnvironment } from './world.ts';

const toolchain = inject('toolchain');

let run: Ground;
let plane: ControlPlane;
let wire: Wire;
let behind: { close: () => Promise<void> };
let installed: Installed;
let env: Record<string, string>;
let kubeconfig: string;

beforeAll(async () => {
  run = await ground(toolchain.talosctl.path);
  const { serviceRange, nodes } = await clusterOf(run.root, 'infra');
  plane = await startControlPlane({
    toolchain,
    dir: join(run.dir, 'plane'),
    nodes: [],
    context: 'infra',
    serviceRange,
  });
  await adoptAuthority(
    run.root,
    nodes.map(({ name }) => name),
    plane,
  );
  const served = ['192.0.2.10', '192.0.2.11', '192.0.2.12', '192.0.2.13'].map((address) => run.block.of(address));
  await certifyFor(plane, join(run.dir, 'plane'), served);
  await listWithoutAddresses(run.root);
  wire = await run.open({ kubeconfig: () => credentialsOf(plane), faults: ['eof-after-success@infra-02'] });
  behind = standBehind(wire, plane);
  installed = installPacked(['contract', 'tools', 'engine', 'cli', 'plugin-talos'].map((name) => `@coldstart/${name}`));
  env = { ...(await toolEnvironment(join(run.dir, 'home'), toolchain)), USER: 'op' };
  kubeconfig = join(run.dir, 'home/operator.yaml');
}, 300_000);

afterAll(async () => {
  await behind?.close();
  await wire?.close();
  await plane?.stop();
  installed?.remove();
  await run?.release();
});

const create = (): Promise<Finished> =>
  command(
    process.execPath,
    [
      installed.bin,
      'cluster',
      'create',
      'infra',
      '--only',
      'talos',
      '--kubeconfig',
      kubeconfig,
      '--context',
      'infra',
      '--json',
    ],
    { cwd: run.root, env, deadline: 280_000 },
  );
const changes = (): string[] => wire.calls.flatMap((call) => call.changes).sort();
const names = [1, 2, 3, 4, 5, 6].map((n) => `infra-0${n}`);
type RunDocument = { exit: number; failure: unknown };
/** A run's document; what it said instead where it is none. */
const resultOf = (done: Finished): RunDocument => {
  const document = JSON.parse(done.stdout) as Partial<RunDocument>;
  if (document.exit === undefined) throw new Error(`exit ${done.exit}: ${done.stdout}\n${done.stderr}`);
  return document as RunDocument;
};

describe('phase -1 with real tools', () => {
  test('brings bare nodes to a cluster, though an answer is lost', { timeout: 300_000 }, async () => {
    const done = await create();
    const { exit, failure } = resultOf(done);
    expect({ exit, failure }).toEqual({ exit: 0, failure: null });
    expect(changes()).toEqual(
      [...names.map((name) => `${name}: machine config`), 'infra-01: etcd bootstrapped'].sort(),
    );
    expect([...wire.lab.model.etcd.values()].map(({ members }) => members.map(({ learner }) => learner))).toEqual([
      [false, false, false],
    ]);
    expect(wire.lab.fired()).toEqual({ 'eof-after-success@infra-02': 1 });
    const registered = await plane.api.send('GET', '/api/v1/nodes');
    expect(
      (registered.body as { items: { metadata: { name: string } }[] }).items
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(names);
  });

  test('given again it changes nothing', { timeout: 300_000 }, async () => {
    const before = changes();
    const done = await create();
    expect(resultOf(done).exit).toBe(0);
    expect(changes()).toEqual(before);
    expect(wire.calls.filter((call) => /ApplyConfiguration|Bootstrap$/.test(call.method)).length).toBe(7);
  });
});
