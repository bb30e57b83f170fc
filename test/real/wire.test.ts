import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { parse } from 'yaml';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';

import { faultOf } from '../../plugins/talos/src/talosctl/failure.ts';
import { parseEtcdMembers } from '../../plugins/talos/src/talosctl/etcd-members.ts';
import { parseMachineStatus } from '../../plugins/talos/src/talosctl/machinestatus.ts';
import { parseServerVersion } from '../../plugins/talos/src/talosctl/versions.ts';
import type { Finished } from './children.ts';
import { remainsAfter, runs } from './fixtures/processes.ts';
import { connects } from './wire/connects.ts';
import { reserveBlock } from './wire/addresses.ts';
import { apiOfNodes } from './wire/api-of-nodes.ts';
import { ground } from './wire/fixture.ts';
import type { Ground } from './wire/fixture.ts';
import type { Wire } from './wire/open.ts';
import { configOf } from './wire/repository.ts';

const { talosctl: built } = inject('toolchain');

let run: Ground;
let wire: Wire;
beforeAll(async () => {
  run = await ground(built.path);
});
afterEach(() => wire?.close());
afterAll(() => run?.release());

const insecure = (node: string): string[] => ['--insecure', '-n', run.at(node)];
const secure = (node: string, via = node): string[] => ['-e', run.at(via), '-n', run.at(node)];
const stage = ['get', 'machinestatus', '-o', 'json'];
const cause = (done: Finished) => ({ exit: done.exit, cause: faultOf(done.stderr).cause });
const soon = { timeout: 120_000 };
const apply = (node: string) => run.talosctl(['apply-config', '-f', configOf(node), ...insecure(node)]);

describe('the life of nodes, seen by the real talosctl', () => {
  test('from maintenance to running', async () => {
    wire = await run.open();
    expect(parseMachineStatus((await run.talosctl([...stage, ...insecure('infra-01')])).stdout).stage).toBe(
      'maintenance',
    );

    for (const node of ['infra-01', 'infra-02', 'infra-04']) {
      expect(await apply(node)).toMatchObject({
        exit: 0,
        stdout: '',
        stderr: 'Applied configuration without a reboot\n',
      });
    }
    await expect.poll(() => wire.node('infra-01').stage, { timeout: 120_000 }).toBe('booting');
    await wire.refresh();
    expect(parseMachineStatus((await run.talosctl([...stage, ...secure('infra-01')])).stdout)).toMatchObject({
      stage: 'booting',
      ready: false,
    });
    // A worker's certificate comes through a control plane; nothing else does before bootstrap.
    await expect.poll(() => wire.node('infra-04').certified, { timeout: 120_000 }).toBe(true);

    await expect
      .poll(async () => (await run.talosctl(['bootstrap', ...secure('infra-01')])).exit, { timeout: 120_000 })
      .toBe(0);
    await expect
      .poll(() => ['infra-01', 'infra-02', 'infra-04'].map((name) => wire.node(name).stage), { timeout: 120_000 })
      .toEqual(['running', 'running', 'running']);

    const members = parseEtcdMembers((await run.talosctl(['etcd', 'members', ...secure('infra-01')])).stdout);
    expect(members.map(({ hostname, learner }) => ({ hostname, learner }))).toEqual([
      { hostname: 'infra-01', learner: false },
      { hostname: 'infra-02', learner: false },
    ]);
    const again = await run.talosctl(['bootstrap', ...secure('infra-01')]);
    expect(cause(again)).toEqual({ exit: 1, cause: 'etcd-data-exists' });
    const changes = wire.calls
      .filter((call) => call.changes.length > 0)
      .map(({ node, changes: made }) => [node, ...made]);
    expect(changes).toEqual([
      ['infra-01', 'infra-01: machine config'],
      ['infra-02', 'infra-02: machine config'],
      ['infra-04', 'infra-04: machine config'],
      ['infra-01', 'infra-01: etcd bootstrapped'],
    ]);
    expect([...wire.lab.model.etcd.values()]).toHaveLength(1);
  });

  test('the kubeconfig is the one of the cluster behind the nodes', async () => {
    const text = 'apiVersion: v1\nkind: Config\nclusters: []\n';
    wire = await run.open({ kubeconfig: async () => text }, { 'infra-01': 'running' });
    expect(await run.talosctl(['kubeconfig', '-', ...secure('infra-01')])).toMatchObject({
      exit: 0,
      stdout: text,
      stderr: '',
    });
    await wire.close();
    wire = await run.open({}, { 'infra-01': 'running' });
    const own = parse((await run.talosctl(['kubeconfig', '-', ...secure('infra-01')])).stdout) as {
      clusters: { cluster: { server: string } }[];
    };
    expect(own.clusters.map(({ cluster }) => cluster.server)).toEqual([`https://${run.block.of('192.0.2.10')}:6443`]);
  });

  test('the very bytes that were applied come back', async () => {
    wire = await run.open({}, { 'infra-01': 'booting' });
    const got = await run.talosctl([
      'get',
      'machineconfig',
      'v1alpha1',
      '-o',
      'jsonpath={.spec}',
      ...secure('infra-01'),
    ]);
    const { bytes } = wire.node('infra-01').config ?? { bytes: '' };
    expect(got.stdout).toBe(`${Buffer.from(bytes, 'base64').toString('utf8')}\n`);
    expect(got.stdout).toContain('machine:');
  });

  test('every node says that it is simulated', async () => {
    wire = await run.open({}, { 'infra-01': 'running' });
    const version = JSON.parse((await run.talosctl(['version', '--json', ...secure('infra-01')])).stdout) as {
      platform: { name: string };
    };
    expect(version.platform.name).toBe('coldstart-lab');
    for (const flags of [secure('infra-01'), insecure('infra-02')]) {
      const told = await run.talosctl(['get', 'platformmetadata', '-o', 'jsonpath={.spec.instanceId}', ...flags]);
      expect(told.stdout).toMatch(/^simulated-infra-0[12]\n$/);
    }
  });

  test('a watch shows what changes', async () => {
    wire = await run.open({}, { 'infra-01': 'booting' });
    const watching = run.talosctl(['get', 'machinestatus', '-w', ...secure('infra-01')], { deadline: 10_000 });
    await expect.poll(() => wire.calls.some((call) => call.method.endsWith('/Watch')), { timeout: 120_000 }).toBe(true);
    await sleep(300);
    wire.node('infra-01').stage = 'running';
    const { stdout } = await watching;
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/).slice(-2)[0]),
    ).toEqual(['STAGE', 'booting', 'running']);
  });
});

describe('an operator looks', () => {
  const heads: [string[], string][] = [
    [['services'], 'NODE SERVICE STATE HEALTH LAST CHANGE LAST EVENT'],
    [
      ['etcd', 'status'],
      'NODE MEMBER DB SIZE IN USE LEADER RAFT INDEX RAFT TERM RAFT APPLIED INDEX LEARNER PROTOCOL STORAGE ERRORS',
    ],
    [['get', 'disks'], 'NODE NAMESPACE TYPE ID VERSION SIZE READ ONLY TRANSPORT ROTATIONAL WWID MODEL SERIAL'],
    [['get', 'links'], 'NODE NAMESPACE TYPE ID VERSION TYPE KIND HW ADDR OPER STATE LINK STATE'],
    [['get', 'addresses'], 'NODE NAMESPACE TYPE ID VERSION ADDRESS LINK'],
    [['get', 'timestatus'], 'NODE NAMESPACE TYPE ID VERSION SYNCED'],
    [['get', 'members'], 'NODE NAMESPACE TYPE ID VERSION HOSTNAME MACHINE TYPE OS ADDRESSES'],
    [['get', 'versions'], 'NODE NAMESPACE TYPE ID VERSION VERSION'],
    [['get', 'svc'], 'NODE NAMESPACE TYPE ID VERSION RUNNING HEALTHY HEALTH UNKNOWN'],
  ];
  test('at tables', async () => {
    wire = await run.open({}, { 'infra-01': 'running', 'infra-04': 'running' });
    const seen: [string[], string, boolean][] = [];
    for (const [argv] of heads) {
      const { exit, stdout } = await run.talosctl([...argv, ...secure('infra-01')]);
      const [head = '', ...rows] = stdout.trim().split('\n');
      seen.push([argv, exit === 0 ? head.replaceAll(/ +/g, ' ').trim() : `exit ${exit}`, rows.length > 0]);
    }
    expect(seen).toEqual(heads.map(([argv, head]) => [argv, head, true]));
    expect(await run.talosctl(['etcd', 'alarm', 'list', ...secure('infra-01')])).toMatchObject({
      exit: 0,
      stdout: '',
      stderr: '',
    });
  });

  test("at the server's health", async () => {
    wire = await run.open({}, { 'infra-01': 'running' });
    const well = await run.talosctl(['health', '--control-plane-nodes', run.at('infra-01'), ...secure('infra-01')]);
    expect(well).toMatchObject({ exit: 0, stdout: '' });
    expect(well.stderr).toContain('waiting for all nodes to finish boot sequence: OK');
    const amiss = await run.talosctl([
      'health',
      '--wait-timeout',
      '5s',
      '--control-plane-nodes',
      `${run.at('infra-01')},${run.at('infra-02')}`,
      ...secure('infra-01'),
    ]);
    expect(amiss.exit).toBe(1);
    expect(amiss.stderr).toContain(`service "etcd" not in expected state "Running": [${run.at('infra-02')}]`);
  });

  describe("at the client's health", () => {
    const all = { 'infra-01': 'running', 'infra-02': 'running', 'infra-04': 'running' } as const;
    let api: Awaited<ReturnType<typeof apiOfNodes>>;
    beforeAll(async () => {
      api = await apiOfNodes(() => wire);
    });
    afterAll(() => api?.close());
    const health = (wait: string, ...more: string[]) =>
      run.talosctl([
        'health',
        '--server=false',
        `--wait-timeout=${wait}`,
        `--control-plane-nodes=${run.at('infra-01')},${run.at('infra-02')}`,
        `--worker-nodes=${run.at('infra-04')}`,
        ...secure('infra-01'),
        ...more,
      ]);
    const opened = (standing: Parameters<Ground['open']>[1]) =>
      run.open({ kubeconfig: async () => api.kubeconfig }, standing);

    test('where all is well', async () => {
      wire = await opened(all);
      const done = await health('20s');
      expect(done, done.stderr).toMatchObject({ exit: 0, stdout: '' });
      const passed = [...done.stderr.matchAll(/^waiting for (.*): (OK|SKIP)$/gm)].map(([, what, how]) => [what, how]);
      expect(passed).toEqual([
        ['etcd to be healthy', 'OK'],
        ['etcd members to be consistent across nodes', 'OK'],
        ['etcd members to be control plane nodes', 'OK'],
        ['apid to be ready', 'OK'],
        ['all nodes memory sizes', 'OK'],
        ['all nodes disk sizes', 'OK'],
        ['no diagnostics', 'OK'],
        ['kubelet to be healthy', 'OK'],
        ['all nodes to finish boot sequence', 'OK'],
        ['all k8s nodes to report', 'OK'],
        ['all control plane static pods to be running', 'OK'],
        ['all control plane components to be ready', 'OK'],
        ['all k8s nodes to report ready', 'SKIP'],
        ['kube-proxy to report ready', 'SKIP'],
        ['coredns to report ready', 'SKIP'],
        ['all k8s nodes to report schedulable', 'OK'],
      ]);
    });

    test('with a control plane that is down: it says which, and ends', async () => {
      wire = await opened(all);
      wire.faults.add({ node: 'infra-02', kind: 'refused' });
      await wire.refresh();
      const done = await health('8s');
      expect(done).toMatchObject({ exit: 1, deadline: false });
      expect(done.stderr).toMatch(/waiting for etcd to be healthy: [\s\S]*connection refused/);
      expect(done.stderr).toContain(run.at('infra-02'));
      expect(done.stderr).not.toMatch(/: OK$/m);
      expect(done.took).toBeLessThan(15_000);
    });

    test('with a worker that still boots', async () => {
      wire = await opened({ ...all, 'infra-04': 'booting' });
      const done = await health('8s');
      expect(done).toMatchObject({ exit: 1, deadline: false });
      expect(done.stderr).toContain('waiting for kubelet to be healthy: OK');
      expect(done.stderr).toContain(
        `waiting for all nodes to finish boot sequence: nodes are not running: booting: [${run.at('infra-04')}]`,
      );
    });
  });

  test('through another control plane, and not through a worker', async () => {
    wire = await run.open({}, { 'infra-01': 'running', 'infra-02': 'installing', 'infra-04': 'running' });
    const through = await run.talosctl([...stage, ...secure('infra-04', 'infra-01')]);
    expect(parseMachineStatus(through.stdout).stage).toBe('running');
    expect(wire.calls.at(-1)).toMatchObject({ node: 'infra-04', via: 'infra-01' });
    expect(cause(await run.talosctl([...stage, ...secure('infra-01', 'infra-04')]))).toEqual({
      exit: 1,
      cause: 'no-forwarding',
    });

    const both = await run.talosctl([
      'version',
      '-e',
      run.at('infra-01'),
      '-n',
      `${run.at('infra-01')},${run.at('infra-02')}`,
    ]);
    expect(both.exit).toBe(0);
    expect(both.stderr).toMatch(/^WARNING: 1 error occurred:[\s\S]*connection refused/);
    const two = await run.talosctl([
      'bootstrap',
      '-e',
      run.at('infra-01'),
      '-n',
      `${run.at('infra-01')},${run.at('infra-02')}`,
    ]);
    expect(cause(two)).toEqual({ exit: 1, cause: 'several-nodes' });
  });
});

describe('faults', () => {
  test('secure to a maintenance node, insecure to a configured one', async () => {
    wire = await run.open({}, { 'infra-02': 'running' });
    expect(cause(await run.talosctl(['version', ...secure('infra-01')]))).toEqual({
      exit: 1,
      cause: 'unknown-authority',
    });
    // A race in talosctl itself: the alert, or a pipe that is broken already.
    const denied = cause(await run.talosctl([...stage, ...insecure('infra-02')]));
    expect(denied.exit).toBe(1);
    expect(['client-certificate-wanted', 'cut']).toContain(denied.cause);
  });

  test.for([
    ['refused', 'connection-refused'],
    ['stale-secrets', 'foreign-ca'],
    ['impostor', 'unknown-authority'],
    ['certificate', 'certificate-address'],
  ] as const)('%s, and mended', async ([kind, expected]) => {
    wire = await run.open({}, { 'infra-01': 'running' });
    wire.faults.add({ node: 'infra-01', kind });
    await wire.refresh();
    expect(cause(await run.talosctl(['version', ...secure('infra-01')]))).toEqual({ exit: 1, cause: expected });
    wire.faults.mend('infra-01');
    await wire.refresh();
    expect(parseServerVersion((await run.talosctl(['version', ...secure('infra-01')])).stdout)?.tag).toBe('v1.13.0');
  });

  test('a node that takes the connection and says nothing', async () => {
    wire = await run.open({}, { 'infra-01': 'running' });
    wire.faults.add({ node: 'infra-01', kind: 'silent' });
    await wire.refresh();
    const done = await run.talosctl(['version', ...secure('infra-01')]);
    expect(cause(done)).toEqual({ exit: 1, cause: 'handshake-silent' });
    expect(done.took).toBeGreaterThan(15_000);
  });

  test('a call that is never answered', async () => {
    wire = await run.open({}, { 'infra-01': 'booting' });
    wire.faults.add({ node: 'infra-01', kind: 'hang', method: 'Bootstrap' });
    const stop = new AbortController();
    const asking = run.talosctl(['bootstrap', ...secure('infra-01')], { deadline: 200_000, stop: stop.signal });
    await expect
      .poll(() => wire.calls.map(({ method }) => method), soon)
      .toEqual(['/machine.MachineService/Bootstrap']);
    // As long as an answer could take, and more.
    expect(await Promise.race([asking, sleep(3_000)])).toBeUndefined();
    stop.abort();
    expect(await asking).toMatchObject({ exit: null, signal: 'SIGKILL', deadline: false, stdout: '', stderr: '' });
    expect(wire.calls).toMatchObject([{ node: 'infra-01', changes: [], error: 'never answered' }]);
    expect(wire.node('infra-01').etcd.cluster).toBeNull();
  });

  test.for([
    ['eof-before', /error reading from server: EOF/, 0],
    ['eof-after', /error reading from server: EOF/, 1],
    ['rst-after', /connection reset by peer/, 1],
  ] as const)('%s of bootstrap: the text does not tell whether it was carried out', async ([kind, text, clusters]) => {
    wire = await run.open({}, { 'infra-01': 'booting' });
    wire.faults.add({ node: 'infra-01', kind, method: 'Bootstrap', times: 1 });
    const done = await run.talosctl(['bootstrap', ...secure('infra-01')]);
    expect(cause(done)).toEqual({ exit: 1, cause: 'cut' });
    expect(done.stderr).toMatch(text);
    expect(wire.lab.model.etcd.size).toBe(clusters);
    expect(wire.calls.filter((call) => call.method.endsWith('/Bootstrap'))).toHaveLength(clusters);
  });

  test('an apply that is cut after success: the node installs', async () => {
    wire = await run.open({ faults: ['eof-after-success@infra-01'] });
    expect(cause(await apply('infra-01'))).toEqual({ exit: 1, cause: 'cut' });
    await expect.poll(() => wire.node('infra-01').stage, { timeout: 120_000 }).toBe('booting');
    expect(wire.lab.fired()).toEqual({ 'eof-after-success@infra-01': 1 });
  });

  test('an install that fails: the node is back in maintenance, and takes the config again', async () => {
    wire = await run.open({ faults: ['back-to-maintenance@infra-01'] });
    expect((await apply('infra-01')).exit).toBe(0);
    await expect.poll(() => wire.node('infra-01').config, { timeout: 120_000 }).toBeNull();
    await expect.poll(() => wire.node('infra-01').stage, { timeout: 120_000 }).toBe('maintenance');
    await wire.refresh();
    expect((await apply('infra-01')).exit).toBe(0);
    await expect.poll(() => wire.node('infra-01').stage, { timeout: 120_000 }).toBe('booting');
  });

  test('a disk that is not there', async () => {
    wire = await run.open({ faults: ['disk-mismatch@infra-01'] });
    expect(cause(await apply('infra-01'))).toEqual({ exit: 1, cause: 'disk-not-found' });
    expect(wire.node('infra-01').stage).toBe('maintenance');
  });

  test('bootstrap refused for the clock, too early, on a worker, in maintenance', async () => {
    wire = await run.open({}, { 'infra-01': 'booting', 'infra-02': 'booting', 'infra-04': 'running' });
    wire.node('infra-01').timeInSync = false;
    wire.node('infra-02').bootstrapFrom = 1e12;
    const seen = [];
    for (const node of ['infra-01', 'infra-02', 'infra-04', 'infra-03'])
      seen.push(cause(await run.talosctl(['bootstrap', ...secure(node)])));
    expect(seen).toEqual([
      { exit: 1, cause: 'time-not-in-sync' },
      { exit: 1, cause: 'bootstrap-not-yet' },
      { exit: 1, cause: 'control-plane-only' },
      { exit: 1, cause: 'unknown-authority' },
    ]);
    expect(wire.lab.model.etcd.size).toBe(0);
  });
});

describe('the run itself', () => {
  test('has addresses that no second run has', async () => {
    const other = await reserveBlock();
    expect(other.prefix).not.toBe(run.block.prefix);
    await other.release();
  });

  test.for(['SIGKILL', 'SIGINT'] as const)('what it started does not outlive it, when %s ends it', async (signal) => {
    const file = fileURLToPath(new URL('fixtures/leashed.ts', import.meta.url));
    const starter = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(await new Promise((resolve) => starter.stdout.once('data', (data) => resolve(String(data)))));
    expect(runs(pid)).toBe(true);
    starter.kill(signal);
    expect(await remainsAfter([pid], 10_000)).toEqual([]);
  });

  test('leaves nothing listening, and closes by itself in time', async () => {
    wire = await run.open();
    const door = { host: run.at('infra-01'), port: run.block.port };
    expect(await connects(door)).toBe(true);
    wire.closeAfter(500);
    await expect.poll(() => connects(door), soon).toBe(false);
  });
});
