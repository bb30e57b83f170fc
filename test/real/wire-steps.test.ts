/**
 * Our steps, in coldstart's own process, with the real talosctl, at nodes that answer late or with errors of the moment. Before
 * Kubernetes: control planes alone.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';

import { faultOf } from '../../plugins/talos/src/talosctl/failure.ts';
import { talosctlTool } from '../../plugins/talos/src/tool.ts';
import { resultOf, stepsOf } from './runs.ts';
import type { RunDocument } from './runs.ts';
import { SLOW } from './wire/faults.ts';
import { configOf } from './wire/repository.ts';
import { openWhole } from './wire/whole.ts';
import type { Whole } from './wire/whole.ts';

/** How long one call of talosctl may take here, in ms: more than the three or four answers of a `get` at `SLOW`. */
const DEADLINE = 10_000;
const TOO_LATE = 14_000;

const bounds = [
  'version: 1',
  'talos:',
  `  probe: { deadline: ${DEADLINE}ms }`,
  `  apply: { deadline: ${DEADLINE}ms, retries: 2, first: 1s }`,
  `  bootstrap: { deadline: ${DEADLINE}ms, readBack: 12s, retries: 3 }`,
  '  preflight: { tries: 1 }',
  '  verify: { within: 60s, every: 1s, stable: 1s }',
  '',
].join('\n');

// A run with every answer late takes its time.
vi.setConfig({ testTimeout: 300_000 });

let whole: Whole;
beforeAll(async () => {
  whole = await openWhole({
    toolchain: inject('toolchain'),
    plugins: ['plugin-talos'],
    wire: { faults: ['slow@infra-01', 'rpc-fails@infra-02:3'] },
    adapt: (root) => writeFile(join(root, 'coldstart.yaml'), bounds),
  });
}, 300_000);
afterEach(() => {
  for (const node of ['infra-01', 'infra-02', 'infra-03']) whole?.wire.faults.mend(node);
});
afterAll(() => whole?.close());

const given = async (...argv: string[]): Promise<RunDocument> => {
  const access = ['--kubeconfig', whole.kubeconfig, '--context', 'infra', '--json'];
  return resultOf(await whole.coldstart(['talos', ...argv, 'infra', ...access], { deadline: 280_000 }));
};
const verdicts = (result: RunDocument): string[] =>
  stepsOf(result.evidence)
    .filter(({ id }) => id === 'talos/apply-controlplanes')
    .flatMap(({ items }) => items.map(({ item, verdict }) => `${item} ${verdict}`));
const changed = (): string[] => whole.wire.calls.flatMap(({ changes }) => changes);
const secure = (node: string): string[] => ['-e', whole.run.at(node), '-n', whole.run.at(node)];

describe('apply', () => {
  test('every answer late, within the deadline; and errors of the moment: each node takes its config once', async () => {
    const result = await given('apply', '--node', 'infra-01', '--node', 'infra-02');
    expect({ exit: result.exit, failure: result.failure }).toEqual({ exit: 0, failure: null });
    expect(verdicts(result)).toEqual(['infra-01 done', 'infra-02 done']);
    expect(changed()).toEqual(['infra-01: machine config', 'infra-02: machine config']);
    const fired = whole.wire.lab.fired();
    expect(fired['rpc-fails@infra-02:3']).toBe(3);
    expect(fired['slow@infra-01']).toBeGreaterThan(5);
  });

  test('every answer later than the deadline: that node is told, and nothing is sent to it', async () => {
    whole.wire.faults.add({ node: 'infra-03', kind: 'slow', by: TOO_LATE });
    const result = await given('apply', '--node', 'infra-03');
    expect(result.exit).toBeGreaterThan(0);
    expect(result.failure).toMatchObject({ item: 'infra-03' });
    expect(result.failure?.cause).toMatch(/infra-03/);
    expect(changed().filter((change) => change.startsWith('infra-03'))).toEqual([]);
  });

  test('the apply itself answered too late: it was carried out, and is not sent again', async () => {
    whole.wire.faults.add({ node: 'infra-03', kind: 'slow', method: 'ApplyConfiguration', by: TOO_LATE });
    const result = await given('apply', '--node', 'infra-03');
    expect({ exit: result.exit, failure: result.failure }).toEqual({ exit: 0, failure: null });
    expect(changed().filter((change) => change.startsWith('infra-03'))).toEqual(['infra-03: machine config']);
  });
});

describe('bootstrap', () => {
  test('refused for the moment, then answered too late: carried out once', async () => {
    whole.wire.faults.add({ node: 'infra-01', kind: 'rpc-fails', method: 'Bootstrap', times: 1 });
    whole.wire.faults.add({ node: 'infra-01', kind: 'slow', method: 'Bootstrap', by: TOO_LATE });
    const result = await given('bootstrap');
    expect({ exit: result.exit, failure: result.failure }).toEqual({ exit: 0, failure: null });
    expect(changed().filter((change) => change.includes('etcd'))).toEqual(['infra-01: etcd bootstrapped']);
    const sent = (await whole.recorder.calls()).filter(({ argv }) => argv[0] === 'bootstrap');
    expect(sent.length).toBe(2);
  });
});

describe('talosctl itself', () => {
  test('Unavailable from the node, and from a control plane for another node', async () => {
    for (const argv of [secure('infra-02'), ['-e', whole.run.at('infra-01'), '-n', whole.run.at('infra-02')]]) {
      whole.wire.faults.add({ node: 'infra-02', kind: 'rpc-fails', method: 'Bootstrap', times: 1 });
      const done = await whole.run.talosctl(['bootstrap', ...argv]);
      expect({ exit: done.exit, cause: faultOf(done.stderr).cause }).toEqual({ exit: 1, cause: 'cut' });
      expect(done.stderr).toContain('code = Unavailable desc = connection error: desc = "error reading server preface');
    }
    expect(changed().filter((change) => change.startsWith('infra-02: etcd'))).toEqual([]);
  });

  test('late: it waits, for it sets no deadline', async () => {
    const done = await whole.run.talosctl(['get', 'machinestatus', '-o', 'json', ...secure('infra-01')]);
    expect(done.exit).toBe(0);
    expect(done.took).toBeGreaterThan(2 * SLOW);
    const dry = ['apply-config', '--dry-run', '-f', configOf('infra-01'), ...secure('infra-01')];
    expect((await whole.run.talosctl(dry)).took).toBeGreaterThan(SLOW);
  });

  /** Asks infra-01, which never answers this method, and ends talosctl from outside meanwhile. */
  const ended = async (argv: string[], method: string, signal: NodeJS.Signals) => {
    whole.wire.faults.add({ node: 'infra-01', kind: 'hang', method });
    let pid = 0;
    const asking = whole.run.talosctl([...argv, ...secure('infra-01')], { started: (is) => (pid = is) });
    await sleep(2500);
    process.kill(pid, signal);
    const done = await asking;
    whole.wire.faults.mend('infra-01');
    return { exit: done.exit, signal: done.signal, stdout: done.stdout };
  };

  test.each([
    [['get', 'machinestatus', '-o', 'json'], 'List'],
    [['services'], 'ServiceList'],
    [['etcd', 'members'], 'EtcdMemberList'],
    [['etcd', 'status'], 'EtcdStatus'],
  ])('%j ended from outside is no answer', async (argv, method) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      expect(await ended(argv, method, signal), signal).toEqual({ exit: 1, signal: null, stdout: '' });
    expect(await ended(argv, method, 'SIGKILL')).toEqual({ exit: null, signal: 'SIGKILL', stdout: '' });
  });

  test('health ended from outside says 0: so it is a call that no step of ours may make', async () => {
    const health = ['health', '--control-plane-nodes', whole.run.at('infra-01')];
    expect(await ended(health, 'HealthCheck', 'SIGTERM')).toEqual({ exit: 0, signal: null, stdout: '' });
    expect(talosctlTool.reads(health)).toBe(false);
    expect((await whole.recorder.calls()).filter(({ argv }) => argv[0] === 'health')).toEqual([]);
  });
});
