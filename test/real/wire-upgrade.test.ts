/**
 * `talosctl upgrade` of a node that carries pods, with a real control plane behind the nodes: what the API server sees of it.
 * The pods are kwok's; scheduler, controllers and the API of evictions are Kubernetes' own.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import type { ControlPlane } from './controlplane/start.ts';
import { API } from './wire/api-doors.ts';
import { connects } from './wire/connects.ts';
import { ground } from './wire/fixture.ts';
import type { Ground } from './wire/fixture.ts';
import { clusterBehind } from './wire/kubernetes.ts';
import type { Behind } from './wire/kubernetes.ts';
import type { Wire } from './wire/open.ts';

const toolchain = inject('toolchain');
const names = ['infra-01', 'infra-02', 'infra-04'];
const worker = 'infra-04';
const IMAGE = 'ghcr.io/siderolabs/installer:v1.13.1';

type Node = {
  spec: { unschedulable?: boolean };
  status: { conditions: { type: string; status: string }[] };
};
type Pod = { metadata: { name: string }; spec: { nodeName?: string }; status: { phase: string } };

let run: Ground;
let behind: Behind;
let wire: Wire;
let plane: ControlPlane;

const stateOf = ({ spec, status }: Node): string => {
  const ready = status.conditions.find(({ type }) => type === 'Ready')?.status;
  return `${spec.unschedulable ? 'cordoned' : 'schedulable'}, Ready ${ready}`;
};
const nodeOf = async (name: string): Promise<string> =>
  stateOf((await plane.api.send<Node>('GET', `/api/v1/nodes/${name}`)).body);
const pods = async (): Promise<Pod[]> =>
  (await plane.api.send<{ items: Pod[] }>('GET', '/api/v1/namespaces/default/pods')).body.items;
const carried = async (): Promise<string[]> =>
  (await pods())
    .filter(({ spec, status }) => spec.nodeName === worker && status.phase === 'Running')
    .map(({ metadata }) => metadata.name)
    .toSorted();
const MERGE = 'application/merge-patch+json';
const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (const end = performance.now() + 60_000; !(await holds()); await sleep(250))
    if (performance.now() > end) throw new Error(`${what}: not within a minute`);
};
const soon = { timeout: 120_000, interval: 250 };

beforeAll(async () => {
  run = await ground(toolchain.talosctl.path);
  const { vip } = run.facts['talos/cluster'] as { vip: string };
  behind = clusterBehind({ toolchain, dir: join(run.dir, 'plane'), addresses: [vip, ...names.map(run.at)] });
  const { kubeconfig, snapshot, bootstrapped } = behind;
  const standing = Object.fromEntries(names.map((name) => [name, 'running' as const]));
  wire = await run.open({ kubeconfig, snapshot, bootstrapped }, standing);
  behind.follow(wire);
  bootstrapped(wire.node('infra-01'));
  plane = await behind.plane();
  // Here no CNI is installed; the network is given.
  const label = { metadata: { labels: { 'coldstart.example.com/network': 'ready' } } };
  for (const name of names) {
    const path = `/api/v1/nodes/${name}`;
    await until(name, async () => (await plane.api.send('PATCH', path, label, MERGE)).status === 200);
    await until(name, async () => (await nodeOf(name)) === 'schedulable, Ready True');
  }
  const labels = { app: 'app' };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'app', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'app', image: 'registry.example.com/app' }] },
      },
    },
  };
  const made = await plane.api.send('POST', '/apis/apps/v1/namespaces/default/deployments', deployment);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  await until('pods', async () => (await carried()).length === 2);
}, 180_000);
afterAll(async () => {
  await wire?.close();
  await behind?.close();
  await run?.release();
});

type State = { state: string; at: number };
/** What a node looked like at the API server while something ran, each state once in a row. */
const watched = async <T>(name: string, work: Promise<T>): Promise<{ done: T; states: State[] }> => {
  const states: State[] = [];
  const stop = new AbortController();
  const watching = plane.api.watch(
    `/api/v1/nodes?watch=1&fieldSelector=metadata.name=${name}`,
    ({ object }) => {
      const state = stateOf(object);
      if (states.at(-1)?.state !== state) states.push({ state, at: Date.now() });
    },
    stop.signal,
  );
  try {
    const done = await work;
    const last = await nodeOf(name);
    await until(`the watch: ${last}`, async () => states.at(-1)?.state === last);
    return { done, states };
  } finally {
    stop.abort();
    await watching.catch(() => {});
  }
};

describe('an upgrade', () => {
  test('cordons the node, evicts its pods, reboots it, and uncordons it once it is Ready again', async () => {
    const before = await carried();
    const mark = await plane.audit.mark();
    const argv = ['upgrade', '-e', run.at('infra-01'), '-n', run.at(worker), '-i', IMAGE, '--timeout=90s'];
    const { done, states } = await watched(worker, run.talosctl(argv, { deadline: 110_000 }));
    expect(done.exit, done.stderr).toBe(0);
    expect(wire.node(worker).version).toBe('v1.13.1');

    expect(states.map(({ state }) => state)).toEqual([
      'schedulable, Ready True',
      'cordoned, Ready True',
      'cordoned, Ready Unknown',
      'cordoned, Ready True',
      'schedulable, Ready True',
    ]);
    const changes = (await plane.audit.changes({ since: mark })).filter(({ agent }) => agent.includes('talosctl'));
    const told = changes.map(({ verb, resource, name, result }) => `${verb} ${resource} ${name}: ${result}`);
    // Pods are evicted side by side.
    expect([told[0], ...told.slice(1, -1).toSorted(), told.at(-1)]).toEqual([
      `patch nodes ${worker}: persisted`,
      ...before.map((name) => `create pods/eviction ${name}: persisted`),
      `patch nodes ${worker}: persisted`,
    ]);
    // It went down once it carried nothing more, and not before.
    const down = states.find(({ state }) => state.endsWith('Unknown'))?.at ?? 0;
    expect(changes.map(({ at }) => Date.parse(at) < down)).toEqual([true, ...before.map(() => true), false]);
    expect(wire.calls.filter(({ node, method }) => node === worker && method.endsWith('/Reboot'))).toHaveLength(1);
    expect(done.stderr).toMatch(/node drained[\s\S]*node uncordoned/);

    // What was evicted found no other place, and has one again.
    await expect.poll(carried, soon).toHaveLength(2);
    expect((await carried()).filter((name) => before.includes(name))).toEqual([]);
  });
});

describe('a control plane that is off', () => {
  test("Kubernetes' API answers neither there nor at the virtual address that it held, until it is back", async () => {
    const { vip } = run.facts['talos/cluster'] as { vip: string };
    const answer = (): Promise<boolean[]> =>
      Promise.all([run.at('infra-01'), vip].map((host) => connects({ host, port: API })));
    await expect.poll(answer, soon).toEqual([true, true]);
    wire.ask('off@infra-01');
    await expect.poll(answer, soon).toEqual([false, false]);
    wire.lab.lift();
    await expect.poll(answer, soon).toEqual([true, true]);
  });
});
