/**
 * The whole way with real tools: coldstart, a process from packed tarballs, brings nodes on the wire from maintenance to a
 * cluster whose API is a real control plane, which `talosctl bootstrap` brings to life. Simulated are the machines, what runs in
 * pods (kwok), `op` and `cilium`; the evidence says so.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';

import { summaryText } from '../../packages/cli/src/progress/summary.ts';
import { differences } from '../support/received.ts';
import { holds, misplaced, watchFor } from './canary.ts';
import type { Finished } from './children.ts';
import { isLease } from './controlplane/audit.ts';
import type { ControlPlane } from './controlplane/start.ts';
import { isLook } from './received.ts';
import type { ReceivedCall } from './received.ts';
import { journalOf, resultOf, stepsOf, tellTimes, timesOf } from './runs.ts';
import type { PlanView, RunDocument, Spent } from './runs.ts';
import { openWhole } from './wire/whole.ts';
import type { Whole } from './wire/whole.ts';

const toolchain = inject('toolchain');
const names = [1, 2, 3, 4, 5, 6].map((n) => `infra-0${n}`);

let whole: Whole;
let plane: ControlPlane;
let before: PlanView;
let sentByPlan: unknown[];
let first: RunDocument;
let sampled: Awaited<ReturnType<ReturnType<typeof watchFor>['end']>>;
/** What the first run sent. */
let calls: { tool: string; argv: string[]; ok: boolean }[];

const access = (): string[] => ['--kubeconfig', whole.kubeconfig, '--context', 'infra', '--json'];
const received = async (since = 0): Promise<ReceivedCall[]> =>
  (await whole.recorder.calls()).filter(({ within }) => within === null).slice(since);
const sent = async (since = 0) =>
  (await received(since))
    .filter((call) => !isLook(call))
    .map(({ tool, argv, exit }) => ({ tool, argv, ok: exit === 0 }));
/** What nodes changed, as they count it themselves. */
const changed = (): string[] => whole.wire.calls.flatMap(({ changes }) => changes);

const told = async (
  what: string,
  root: string,
  done: Finished & { spent: Spent },
  since: number,
): Promise<RunDocument> => {
  const result = resultOf(done);
  const times = timesOf(result, await journalOf(root, result), await received(since), done.spent);
  tellTimes(`whole-way.test: ${what}`, times);
  return result;
};

// Everything rests on this run: where it fails, nothing below is worth a look.
beforeAll(async () => {
  whole = await openWhole({ toolchain, plugins: ['plugin-talos', 'plugin-helmfile', 'plugin-cilium'] });
  const plan = await whole.coldstart(['cluster', 'plan', 'infra', ...access()]);
  expect({ exit: plan.exit, said: plan.exit === 0 ? '' : plan.stdout + plan.stderr }).toEqual({ exit: 0, said: '' });
  before = JSON.parse(plan.stdout) as PlanView;
  sentByPlan = [...(await sent()), ...changed()];
  const since = (await received()).length;
  const watch = watchFor(whole.canaries, join(whole.dir, 'tmp'));
  const done = await whole.coldstart(['cluster', 'create', 'infra', ...access()]);
  sampled = await watch.end();
  first = await told('first run', whole.repository, done, since);
  expect({ exit: first.exit, failure: first.failure }).toEqual({ exit: 0, failure: null });
  plane = await whole.behind.plane();
  calls = await sent(since);
}, 500_000);
afterAll(() => whole?.close());

describe('from maintenance to the end', () => {
  test('the dry run before it sent nothing, and the run then sent what it had said', () => {
    expect(sentByPlan).toEqual([]);
    expect(differences(before.plan, calls)).toEqual([]);
  });

  test('each node took one config, and there is one etcd cluster of three voters', () => {
    expect(changed().sort()).toEqual(
      [...names.map((name) => `${name}: machine config`), 'infra-01: etcd bootstrapped'].sort(),
    );
    const clusters = [...whole.wire.lab.model.etcd.values()];
    expect(clusters.map(({ members }) => members.map(({ node, learner }) => `${node} ${learner}`).sort())).toEqual([
      ['infra-01 false', 'infra-02 false', 'infra-03 false'],
    ]);
  });

  test('the kubeconfig has the credentials of the real control plane, and leads to the virtual address', async () => {
    type Kubeconfig = { clusters: { name: string; cluster: { server: string } }[]; contexts: { name: string }[] };
    const file = parse(await readFile(whole.kubeconfig, 'utf8')) as Kubeconfig;
    expect(file.contexts.map(({ name }) => name)).toEqual(['infra']);
    expect(file.clusters.map(({ cluster }) => cluster.server)).toEqual([
      `https://${whole.run.block.of('192.0.2.10')}:6443`,
    ]);
    const changes = await plane.audit.changes();
    expect(new Set(changes.map(({ user }) => user))).toEqual(new Set(['admin']));
  });

  test('nodes were registered before there was a network, and Ready only after', async () => {
    const registered = stepsOf(first.evidence).find(({ id }) => id === 'talos/registered');
    const signals = registered?.items.flatMap((item) => item.signals).filter(({ name }) => name === 'node') ?? [];
    expect(signals.map(({ subject, observed }) => `${subject} ${String(observed)}`)).toEqual(
      names.map((name) => `${name} registered, not Ready yet`),
    );
    type Node = { metadata: { name: string }; status: { conditions: { type: string; status: string }[] } };
    const { body } = await plane.api.send<{ items: Node[] }>('GET', '/api/v1/nodes');
    const ready = body.items.filter(({ status }) =>
      status.conditions.some((c) => c.type === 'Ready' && c.status === 'True'),
    );
    expect(ready.map(({ metadata }) => metadata.name)).toEqual(names);
  });

  test('an operator looks: a snapshot of the real etcd, the kernel and a service of a node', async () => {
    const at = whole.run.at('infra-01');
    const ask = (...argv: string[]) => whole.run.talosctl([...argv, '-e', at, '-n', at], { deadline: 60_000 });
    const file = join(whole.run.dir, 'etcd.snapshot');
    const saved = await ask('etcd', 'snapshot', file);
    expect({ exit: saved.exit, stderr: saved.stderr }).toEqual({ exit: 0, stderr: '' });
    expect(saved.stdout).toMatch(/snapshot info: hash [0-9a-f]{8}, revision \d{3,}, total keys \d{3,}/);
    const dmesg = await ask('dmesg');
    expect({ exit: dmesg.exit, stderr: dmesg.stderr }).toEqual({ exit: 0, stderr: '' });
    expect(dmesg.stdout).toMatch(/coldstart-lab: a simulated node[\s\S]*\[talos\] stage: running/);
    const log = await ask('logs', 'etcd');
    expect(log).toMatchObject({ exit: 0, stderr: '' });
    expect(log.stdout).toContain('service[etcd](Running): Health check successful');
    const none = await ask('logs', 'nope');
    expect(none.exit).toBe(1);
    expect(none.stderr).toContain('log "nope" was not registered');
  });

  test('the evidence is no live one: it names what was simulated, and what only that could have answered', () => {
    const { evidence } = first;
    expect(evidence).toMatchObject({ mode: 'lab-wire', outcome: 'done', plan: before.digest });
    expect(evidence.simulated.toSorted()).toEqual(names.map((name) => `node ${name} (platform coldstart-lab)`));
    const simulated = evidence.tools.filter((tool) => tool.simulated).map(({ name }) => name);
    expect(simulated.toSorted()).toEqual(['cilium', 'op']);
    const real = evidence.tools.filter((tool) => !tool.simulated && tool.version !== null).map(({ name }) => name);
    expect(real).toEqual(expect.arrayContaining(['helm', 'helmfile', 'kubectl', 'talosctl']));
    const untested = evidence.criteria.filter(({ verdict }) => verdict === 'untested').map(({ id }) => id);
    expect(untested.toSorted()).toEqual(['cilium-status', 'core-ready']);
    expect(evidence.criteria.filter(({ verdict }) => verdict === 'unmet')).toEqual([]);
    // As its summary tells it to people.
    const label = summaryText(evidence, { journal: '', files: [] })
      .split('\n')
      .filter((line) => /^(?:real|simulated): |^ {2}only simulated parts/.test(line));
    expect(label).toEqual([
      `real: ${real.join(', ')}`,
      `simulated: ${[...simulated, ...evidence.simulated].join(', ')}`,
      `  only simulated parts answered for: ${untested.join(', ')}`,
    ]);
    process.stderr.write(label.map((line) => `whole-way.test: ${line.trim()}\n`).join(''));
  });
});

describe('again', () => {
  test.each([
    ['in the same work tree', () => whole.repository],
    ['from a fresh copy without .coldstart', () => whole.fresh],
  ])('%s: nothing is changed, at the nodes and at the API server', { timeout: 200_000 }, async (_, root) => {
    const mark = await plane.audit.mark();
    const nodes = changed();
    const since = (await received()).length;
    const done = await whole.coldstart(['cluster', 'create', 'infra', ...access()], { cwd: root() });
    const again = await told(`again, ${_}`, root(), done, since);
    expect({ exit: again.exit, failure: again.failure }).toEqual({ exit: 0, failure: null });
    expect(changed()).toEqual(nodes);
    const changes = await plane.audit.changes({ since: mark, except: isLease('kube-system', 'coldstart') });
    expect(
      changes.map(({ verb, resource, namespace, name, result }) => [verb, resource, namespace, name, result]),
    ).toEqual([]);
    // Charts are rendered anew, to compare; nothing else of the plan is sent.
    expect((await sent(since)).filter(({ argv }) => !argv.includes('template'))).toEqual([]);
    expect(again.evidence.counts.changes).toBe(0);
    const silent = stepsOf(again.evidence).flatMap(({ id, items }) =>
      items.filter(({ signals }) => signals.length === 0).map(({ item }) => `${id} ${item}`),
    );
    expect(silent).toEqual([]);
  });
});

test('no secret that the run was given shows anywhere but where it belongs', async () => {
  const log = (await readFile(join(whole.run.dir, 'plane/logs/audit.jsonl'), 'utf8')).split('\n').filter(Boolean);
  type Event = { requestURI: string; objectRef?: { resource: string; namespace: string; name?: string } };
  const holding = log.filter((line) => holds(line, whole.forms)).map((line) => JSON.parse(line) as Event);
  const objects = new Set(holding.map(({ objectRef: ref }) => `${ref?.resource} ${ref?.namespace}/${ref?.name}`));
  expect([...objects].sort()).toEqual([
    'secrets external-secrets/onepassword-connect',
    'secrets flux-system/cluster-secrets',
    'secrets flux-system/sops-age',
  ]);
  expect(holding.filter(({ requestURI }) => holds(requestURI, whole.forms))).toEqual([]);
  // What was looked for is what is used: the API server got each value, those of the deploy key apart, which Flux' steps send.
  const got = whole.canaries.filter(({ forms }) => log.some((line) => holds(line, forms)));
  const given = whole.canaries.filter(
    ({ name }) => name.startsWith('Secret ') && !name.startsWith('Secret flux-system '),
  );
  expect(given).toHaveLength(5);
  expect(got).toEqual(given);
  const names = whole.canaries.map(({ name }) => name);
  for (const kind of ['machine.ca.key', 'cluster.token', 'contexts.infra.key', 'age.key', 'user.client-key-data'])
    expect(
      names.some((name) => name.endsWith(kind)),
      kind,
    ).toBe(true);
  expect(misplaced(whole.dir, whole.canaries)).toEqual([]);
  expect(whole.canaries.filter(({ forms }) => holds(whole.printed(), forms)).map(({ name }) => name)).toEqual([]);
  expect(sampled.found).toEqual([]);
  for (const tool of ['talosctl', 'kubectl', 'helm', 'helmfile'] as const)
    expect(sampled.programs).toContain(toolchain[tool].path);
  expect((await readdir(join(whole.dir, 'tmp'))).filter((name) => name !== 'node-compile-cache')).toEqual([]);
});
