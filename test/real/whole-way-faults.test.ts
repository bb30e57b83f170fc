/**
 * Faults on the whole way, with real tools. One world: each run goes on from where the one before it was stopped, by the same
 * command, after the fault was lifted. So every fault is also a resume.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { killGroup } from './children.ts';
import { isLease } from './controlplane/audit.ts';
import type { ControlPlane } from './controlplane/start.ts';
import type { ReceivedCall } from './received.ts';
import { journalOf, resultOf, stepsOf, tellTimes, timesOf } from './runs.ts';
import type { RunDocument } from './runs.ts';
import { openWhole } from './wire/whole.ts';
import type { Whole } from './wire/whole.ts';

/** Bounds that a test can wait for. Everything else is as an operator has it. */
const bounds = [
  'version: 1',
  'talos:',
  '  verify: { within: 45s }',
  '  register: { within: 20s }',
  'helmfile:',
  '  release: { retries: 0 }',
  '',
].join('\n');

/** A release that never becomes ready is given up after this, in seconds; the helmfile says 600. */
const TIMEOUT = 20;

let whole: Whole;
let plane: ControlPlane;
beforeAll(async () => {
  whole = await openWhole({
    toolchain: inject('toolchain'),
    plugins: ['plugin-talos', 'plugin-helmfile', 'plugin-cilium'],
    wire: { faults: ['eof-after-success@infra-02'] },
    adapt: async (root) => {
      await writeFile(join(root, 'coldstart.yaml'), bounds);
      const helmfile = join(root, 'bootstrap/infra/helmfile.d/01-apps.yaml');
      const text = await readFile(helmfile, 'utf8');
      await writeFile(
        helmfile,
        text.replace('chart: oci://charts.example.com/coredns\n', (line) => `${line}    timeout: ${TIMEOUT}\n`),
      );
    },
  });
}, 300_000);
afterAll(() => whole?.close());

const argv = (): string[] => [
  'cluster',
  'create',
  'infra',
  '--kubeconfig',
  whole.kubeconfig,
  '--context',
  'infra',
  '--json',
];
const received = async (since: number): Promise<ReceivedCall[]> => (await whole.recorder.calls()).slice(since);

/** A run to its own end. */
const given = async (what: string): Promise<RunDocument> => {
  const since = (await whole.recorder.calls()).length;
  const done = await whole.coldstart(argv());
  const result = resultOf(done);
  const calls = (await received(since)).filter(({ within }) => within === null);
  const times = timesOf(result, await journalOf(whole.repository, result), calls, done.spent);
  tellTimes(`whole-way-faults.test: ${what}`, times);
  return result;
};

/** A run that is killed once `moment` comes; `all` also kills what it started, as when power is lost. What ran then. */
const killedWhen = async (
  moment: (calls: readonly ReceivedCall[]) => boolean | Promise<boolean>,
  all: boolean,
): Promise<ReceivedCall[]> => {
  const since = (await whole.recorder.calls()).length;
  let pid = 0;
  const running = whole.coldstart(argv(), { started: (is) => (pid = is) });
  try {
    await expect.poll(async () => moment(await received(since)), { timeout: 200_000, interval: 50 }).toBe(true);
  } finally {
    process.kill(pid, 'SIGKILL');
  }
  const calls = await received(since);
  const open = calls.filter(({ ended, within }) => ended === null && within === null);
  if (all) for (const { pid: group } of open) killGroup(group, 'SIGKILL');
  expect(await running).toMatchObject({ signal: 'SIGKILL', deadline: false });
  return open;
};

const changed = (): string[] => whole.wire.calls.flatMap(({ changes }) => changes);
const verdicts = (result: RunDocument, step: string): string[] =>
  stepsOf(result.evidence)
    .filter(({ id }) => id === step)
    .flatMap(({ items }) => items.map(({ item, verdict }) => `${item} ${verdict}`));
const phasesRun = ({ evidence }: RunDocument): string[] =>
  evidence.phases.filter(({ verdict }) => verdict !== 'not-run').map(({ id }) => id);
const again = 'coldstart cluster create infra';

describe('faults on the whole way', () => {
  test(
    'killed while bootstrap is under way: it was carried out, and is not carried out a second time',
    { timeout: 300_000 },
    async () => {
      whole.wire.faults.add({ node: 'infra-01', kind: 'hang-after', method: 'Bootstrap', times: 1 });
      await killedWhen(() => changed().includes('infra-01: etcd bootstrapped'), true);
      plane = await whole.behind.plane();
      // The answer to one apply was lost as well, and that run had got over it.
      expect(whole.wire.lab.fired()).toEqual({ 'eof-after-success@infra-02': 1 });
    },
  );

  test(
    'a worker that does not come back: exit 4 before phase 0, and the others go on',
    { timeout: 300_000 },
    async () => {
      const down = setInterval(() => {
        if (changed().includes('infra-06: machine config')) {
          clearInterval(down);
          whole.wire.faults.add({ node: 'infra-06', kind: 'refused' });
        }
      }, 20);
      const result = await given('a worker is down').finally(() => {
        clearInterval(down);
        whole.wire.faults.mend('infra-06');
      });
      expect(result).toMatchObject({ exit: 4, failure: { step: 'talos/apply-workers', item: 'infra-06' } });
      expect(result.failure?.cause).toMatch(/infra-06 took its config/);
      expect(result.failure?.next).toContain(again);
      expect(verdicts(result, 'talos/apply-workers')).toEqual(['infra-04 done', 'infra-05 done', 'infra-06 failed']);
      expect(phasesRun(result)).toEqual(['talos']);
      expect(changed().filter((change) => change.includes('etcd'))).toEqual(['infra-01: etcd bootstrapped']);
    },
  );

  test('killed with everything while definitions are applied', { timeout: 300_000 }, async () => {
    // In the way of one of them: another definition of the same group has its names.
    await squat();
    await killedWhen(async () => (await definitions()).length > 10, true);
    expect((await definitions()).length).toBeLessThan(45);
  });

  test('a definition that is never established: exit 4, and which one', { timeout: 300_000 }, async () => {
    const result = await given('a definition is not established').finally(() =>
      plane.api.send('DELETE', `${DEFINITIONS}/squatters.${GATEWAY}`),
    );
    expect(result).toMatchObject({ exit: 4, failure: { step: 'helmfile/crds' } });
    expect(result.failure?.cause).toMatch(/backendtlspolicies\.gateway\.networking\.k8s\.io/);
    expect(result.failure?.next).toContain(again);
    expect(phasesRun(result)).toEqual(['talos', 'prereqs', 'crds']);
    await plane.api.send('DELETE', `${DEFINITIONS}/squatters.${GATEWAY}`);
  });

  test(
    'a release that never becomes ready: exit 4, which one, and what its pods wait for',
    { timeout: 300_000 },
    async () => {
      // Cilium comes first, and not all of it may run on a cordoned node.
      const cordoned = (async () => {
        await expect.poll(ciliumIsDeployed, { timeout: 300_000, interval: 100 }).toBe(true);
        await cordon(true);
      })();
      const [result] = await Promise.all([given('a release is not ready'), cordoned]).finally(() => cordon(false));
      expect(result).toMatchObject({ exit: 4, failure: { step: 'helmfile/releases', item: 'kube-system/coredns' } });
      expect(result.failure?.cause).toMatch(/^no node takes kube-system\/coredns-.*unschedulable/);
      expect(result.failure?.page).toBe('release-not-ready');
      expect(result.failure?.next).toContain(again);
      expect(verdicts(result, 'helmfile/releases').slice(0, 3)).toEqual([
        'kube-system/cilium done',
        'kube-system/coredns failed',
        'cert-manager/cert-manager not-run',
      ]);
    },
  );

  test('killed alone while helm installs: what outlived it is waited for', { timeout: 300_000 }, async () => {
    const installing = ({ tool, within, argv: words, ended }: ReceivedCall): boolean =>
      tool === 'helm' &&
      within === 'helmfile' &&
      words.includes('upgrade') &&
      words.includes('cert-manager') &&
      ended === null;
    const open = await killedWhen((calls) => calls.some(installing), false);
    expect(open.map(({ tool }) => tool)).toContain('helmfile');
  });

  test('then it goes on to the end, and given again changes nothing', { timeout: 400_000 }, async () => {
    const result = await given('to the end');
    expect({ exit: result.exit, failure: result.failure }).toEqual({ exit: 0, failure: null });
    expect(changed().filter((change) => change.includes('etcd'))).toEqual(['infra-01: etcd bootstrapped']);
    expect([...whole.wire.lab.model.etcd.values()].map(({ members }) => members.length)).toEqual([3]);
    const [nodes, mark] = [changed(), await plane.audit.mark()];
    const next = await given('again');
    expect({ exit: next.exit, failure: next.failure, changes: next.evidence.counts.changes }).toEqual({
      exit: 0,
      failure: null,
      changes: 0,
    });
    expect(changed()).toEqual(nodes);
    expect(await plane.audit.changes({ since: mark, except: isLease('kube-system', 'coldstart') })).toEqual([]);
  });
});

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GATEWAY = 'gateway.networking.k8s.io';

type Named = { metadata: { name: string } };
const definitions = async (): Promise<string[]> => {
  const { status, body } = await plane.api.send<{ items: Named[] }>('GET', DEFINITIONS);
  return status === 200 ? body.items.map(({ metadata }) => metadata.name) : [];
};

/** A definition that has taken the kind of another one of its group. */
const squat = async (): Promise<void> => {
  const names = {
    plural: 'squatters',
    singular: 'squatter',
    kind: 'BackendTLSPolicy',
    listKind: 'BackendTLSPolicyList',
  };
  const schema = { openAPIV3Schema: { type: 'object' } };
  const answer = await plane.api.send('POST', DEFINITIONS, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `squatters.${GATEWAY}`, annotations: { 'api-approved.kubernetes.io': 'unapproved, a test' } },
    spec: {
      group: GATEWAY,
      scope: 'Namespaced',
      names,
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
  expect(answer.status).toBe(201);
};

const ciliumIsDeployed = async (): Promise<boolean> => {
  const path = '/api/v1/namespaces/kube-system/secrets?labelSelector=owner%3Dhelm,name%3Dcilium,status%3Ddeployed';
  return ((await plane.api.send<{ items: unknown[] }>('GET', path)).body.items ?? []).length > 0;
};

/** Whether nodes take new pods; those of DaemonSets come all the same. */
const cordon = async (unschedulable: boolean): Promise<void> => {
  const { body } = await plane.api.send<{ items: Named[] }>('GET', '/api/v1/nodes');
  for (const { metadata } of body.items) {
    const path = `/api/v1/nodes/${metadata.name}`;
    const answer = await plane.api.send('PATCH', path, { spec: { unschedulable } }, 'application/merge-patch+json');
    expect(answer.status).toBe(200);
  }
};
