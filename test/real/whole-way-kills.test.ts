/**
 * SIGKILL of the real coldstart at every kind of changing action on the whole way, to the end of phase 3. One world: each kind is
 * met twice, first by a kill before its receiver got anything, then by one after it has done its work; after each the same
 * command is given again, until it comes to its end. What was done is counted at the receivers.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { JournalRecord } from '@coldstart/contract';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';

import type { Finished } from './children.ts';
import { isLease } from './controlplane/audit.ts';
import type { Change } from './controlplane/audit.ts';
import type { ControlPlane } from './controlplane/start.ts';
import type { Moment, Place } from './kills.ts';
import { resultOf } from './runs.ts';
import type { RunDocument } from './runs.ts';
import { openWithGitOps } from './wire/gitops.ts';
import type { WholeWithGitOps } from './wire/gitops.ts';
import type { Whole } from './wire/whole.ts';

/** A bound that a test can wait for: whether a bootstrap was received shows at these nodes within seconds. */
const bounds = ['version: 1', 'talos:', '  bootstrap: { readBack: 15s }', ''].join('\n');

type Kind = {
  place: Place;
  /** What the journal of the killed run holds without an end: an action, or what it says of the Lease; null where it says nothing. */
  open: string | null;
  /** What the receivers have done for it so far. */
  did: () => string[] | Promise<string[]>;
  /** A run does it anew each time: that is no change done twice. */
  anew?: boolean;
};

let opened: WholeWithGitOps | undefined;
let whole: Whole;
let plane: ControlPlane | undefined;

const ofNodes = (what: RegExp): string[] =>
  whole.wire.calls.flatMap(({ changes }) => changes).filter((change) => what.test(change));
/** What the API server stored for the operator's kubectl, or for helm: the same object twice is a change done twice. */
const ofApi = async (what: (change: Change) => boolean, by: 'kubectl' | 'helm' = 'kubectl'): Promise<string[]> =>
  ((await plane?.audit.changes()) ?? [])
    .filter(
      ({ user, result, agent }) => user === 'admin' && result === 'persisted' && agent.toLowerCase().startsWith(by),
    )
    .filter(what)
    .map(({ resource, namespace, name }) => `${resource} ${namespace}/${name}`);
const freeLease = async (): Promise<string[]> => {
  type Lease = { spec?: { holderIdentity?: string } };
  const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/coldstart';
  const { status, body } = (await plane?.api.send<Lease>('GET', path)) ?? { status: 404, body: {} };
  return status === 200 && !body.spec?.holderIdentity ? ['free'] : [];
};
const putsAt = async (path: string): Promise<string[]> => (await whole.kills.puts()).filter((put) => put === path);
const secret = (namespace: string, names: string[]) => () =>
  ofApi((change) => change.resource === 'secrets' && change.namespace === namespace && names.includes(change.name));
const lease = isLease('kube-system', 'coldstart');
const apply = (manager: string, from: string): Pick<Extract<Place, { tool: string }>, 'tool' | 'argv'> => ({
  tool: 'kubectl',
  argv: ` apply --server-side (--force-conflicts )?--field-manager=${manager} -f ${from}$`,
});
const identity = async (): Promise<{ bootstrapNode?: string }> =>
  JSON.parse(await readFile(join(whole.repository, '.coldstart/infra/identity.json'), 'utf8').catch(() => '{}')) as {
    bootstrapNode?: string;
  };

const IDENTITY = '/\\.coldstart/infra/identity\\.json$';

/** Every kind of changing action, by its name. Those of one list share their place, so one comes after the other. */
const kinds: Record<string, Kind>[] = [
  {
    'apply-config of a control plane': {
      place: { tool: 'talosctl', argv: '^apply-config .*/infra-infra-02\\.yaml' },
      open: 'talos/apply-controlplanes infra-02 apply',
      did: () => ofNodes(/^infra-02: machine config$/),
    },
  },
  {
    'apply-config of a worker': {
      place: { tool: 'talosctl', argv: '^apply-config .*/infra-infra-05\\.yaml' },
      open: 'talos/apply-workers infra-05 apply',
      did: () => ofNodes(/^infra-05: machine config$/),
    },
  },
  {
    'record of a machine': {
      place: { file: IDENTITY },
      open: null,
      did: async () => Object.keys(await identity()).filter((key) => key === 'cluster'),
    },
    'record of the node for bootstrap': {
      place: { file: IDENTITY, holds: '"bootstrapNode"' },
      open: 'talos/bootstrap cluster record',
      did: async () => Object.keys(await identity()).filter((key) => key === 'bootstrapNode'),
    },
  },
  {
    bootstrap: {
      place: { tool: 'talosctl', argv: '^bootstrap ' },
      open: 'talos/bootstrap cluster bootstrap',
      did: () => ofNodes(/etcd bootstrapped$/),
    },
  },
  {
    'kubeconfig written': {
      place: { file: '/operator/kubeconfig$' },
      open: 'talos/kubeconfig cluster merge',
      did: async () => (await putsAt(whole.kubeconfig)).slice(0, 1),
    },
    "kubeconfig's server": {
      place: { file: '/operator/kubeconfig$' },
      open: 'talos/vip cluster server',
      did: async () => (await putsAt(whole.kubeconfig)).slice(1),
    },
  },
  {
    'Lease taken': {
      place: { ...apply('coldstart-lock-[^ ]*', '-'), stdin: 'holderIdentity' },
      open: 'lease asked',
      did: () => ofApi(lease),
      anew: true,
    },
    'Lease given back': {
      place: { ...apply('coldstart-lock-[^ ]*', '-'), stdin: '"namespace":"kube-system"\\}\\}$' },
      open: 'lease taken',
      did: freeLease,
      anew: true,
    },
  },
  {
    namespaces: {
      place: apply('coldstart', '-'),
      open: 'helmfile/namespaces cluster apply',
      did: () => ofApi(({ resource }) => resource === 'namespaces'),
    },
    Secrets: {
      place: apply('coldstart', '-'),
      open: 'helmfile/secrets bootstrap/infra/secrets.yaml.tpl apply',
      did: async () => [
        ...(await secret('external-secrets', ['onepassword-connect'])()),
        ...(await secret('flux-system', ['cluster-secrets', 'sops-age'])()),
      ],
    },
    definitions: {
      place: apply('coldstart', '-'),
      open: 'helmfile/crds cluster apply',
      did: () =>
        ofApi(
          ({ resource, name }) =>
            resource === 'apiextensions.k8s.io/customresourcedefinitions' && name.endsWith('cert-manager.io'),
        ),
    },
    'deploy key': {
      place: apply('coldstart', '-'),
      open: 'flux/deploy-key cluster apply',
      did: secret('flux-system', ['flux-system']),
    },
  },
  {
    'sync of a release': {
      place: { tool: 'helmfile', argv: ' name=coredns,namespace=kube-system sync' },
      open: 'helmfile/releases kube-system/coredns sync',
      did: () => ofApi(({ verb, name }) => verb === 'create' && name.startsWith('sh.helm.release.v1.coredns.'), 'helm'),
    },
  },
  {
    'source and first Kustomization': {
      place: apply('coldstart', '.*\\.yaml'),
      open: 'flux/source cluster apply',
      did: () =>
        ofApi(({ resource, name }) => /^(source|kustomize)\.toolkit\.fluxcd\.io\//.test(resource) && name !== ''),
    },
  },
];

const moments: readonly Moment[] = ['before', 'after'];
const all = new Map(kinds.flatMap((list) => Object.entries(list)));
/** What each list has still to come, the next one first; the id of a rule has no blanks. */
const chains = kinds.map((list) => Object.keys(list).flatMap((name) => moments.map((moment) => ({ name, moment }))));
const idOf = ({ name, moment }: { name: string; moment: Moment }): string => `${name.replace(/\W/g, '-')}.${moment}`;
const armNext = async (chain: (typeof chains)[number]): Promise<void> => {
  const [next] = chain;
  const kind = next && all.get(next.name);
  if (kind) await whole.kills.arm(idOf(next), kind.place, next.moment);
};

beforeAll(async () => {
  const toolchain = inject('toolchain');
  opened = await openWithGitOps({ toolchain, killed: true, config: bounds, alive: (up) => (plane = up) });
  whole = opened.whole;
  await opened.gitops.push(whole.repository, 'main');
  for (const chain of chains) await armNext(chain);
}, 300_000);
afterAll(async () => {
  await opened?.close();
});

const given = (): Promise<Finished> => {
  const argv = ['cluster', 'create', 'infra', '--kubeconfig', whole.kubeconfig, '--context', 'infra', '--json'];
  return whole.coldstart(argv, { deadline: 900_000 });
};

/** What the last run's journal began and did not end. */
const openOf = async (): Promise<string[]> => {
  const runs = join(whole.repository, '.coldstart/infra/runs');
  const last = (await readdir(runs)).sort().at(-1) ?? '';
  const lines = (await readFile(join(runs, last, 'journal.jsonl'), 'utf8')).trim().split('\n');
  const open = new Set<string>();
  for (const record of lines.map((line) => JSON.parse(line) as JournalRecord)) {
    if (record.type === 'lock') {
      for (const one of open) if (one.startsWith('lease ')) open.delete(one);
      if (record.what !== 'released') open.add(`${record.lock} ${record.what}`);
    }
    if (record.type !== 'action-start' && record.type !== 'action-end') continue;
    const name = `${record.step} ${record.item} ${record.action}`;
    if (record.type === 'action-start') open.add(name);
    else open.delete(name);
  }
  return [...open];
};

const doneBy = async (): Promise<Map<string, string[]>> => {
  const done = new Map<string, string[]>();
  for (const [name, { did }] of all) done.set(name, (await did()).toSorted());
  return done;
};

describe('SIGKILL before and after each kind of changing action, and the same command again', () => {
  /** What the receivers had done for a kind when its second kill came. */
  const once = new Map<string, string[]>();
  const runs: { what: string; took: number }[] = [];
  let result: RunDocument;

  /** A run with the next kills armed: its end, and what is not as a kill there has to leave it; null where none struck. */
  const oneRun = async (): Promise<{ done: Finished; wrong: string[] | null }> => {
    const had = await doneBy();
    await whole.kills.load();
    const done = await given();
    const struck = await whole.kills.struck();
    runs.push({ what: struck ?? 'to the end', took: done.took });
    process.stderr.write(`whole-way-kills.test: ${runs.at(-1)?.what}: ${done.took} ms\n`);
    const chain = chains.find(([next]) => next && idOf(next) === struck);
    const { name = '', moment } = chain?.shift() ?? {};
    const kind = all.get(name);
    if (struck === undefined || !chain || !kind) return { done, wrong: null };
    await armNext(chain);
    const [before, now, open] = [had.get(name) ?? [], (await kind.did()).toSorted(), await openOf()];
    if (moment === 'after') once.set(name, now);
    const wrong = [
      (done.signal !== 'SIGKILL' || done.deadline) && `ended by ${done.signal}`,
      kind.open !== null && !open.includes(kind.open) && `the journal holds open: ${open.join(', ')}`,
      moment === 'before' && String(now) !== String(before) && `its receiver got it: ${now.join(', ')}`,
      moment === 'after' && now.length <= before.length && `its receiver did nothing: ${now.join(', ')}`,
    ];
    return { done, wrong: wrong.filter((one) => one !== false).map((one) => `${struck}: ${one}`) };
  };

  test('each kill leaves what a kill there has to leave', { timeout: 1_800_000 }, async () => {
    for (;;) {
      const { done, wrong } = await oneRun();
      if (wrong === null) {
        result = resultOf(done);
        break;
      }
      expect(wrong).toEqual([]);
    }
    expect(chains.flat()).toEqual([]);
  });

  test('finished: exit 0, and one etcd cluster of three voters', () => {
    expect({ exit: result.exit, failure: result.failure }).toEqual({ exit: 0, failure: null });
    expect(ofNodes(/etcd/)).toEqual(['infra-01: etcd bootstrapped']);
    const clusters = [...whole.wire.lab.model.etcd.values()];
    expect(clusters.map(({ members }) => members.map(({ node, learner }) => `${node} ${learner}`).sort())).toEqual([
      ['infra-01 false', 'infra-02 false', 'infra-03 false'],
    ]);
    const sum = runs.reduce((all, { took }) => all + took, 0);
    process.stderr.write(`whole-way-kills.test: ${runs.length} runs, ${Math.round(sum / 1000)} s\n`);
  });

  test('nothing was done twice, as the receivers count it', async () => {
    expect(ofNodes(/machine config$/).toSorted()).toEqual([1, 2, 3, 4, 5, 6].map((n) => `infra-0${n}: machine config`));
    const now = await doneBy();
    for (const [name, { anew }] of all) {
      if (anew) continue;
      const done = now.get(name) ?? [];
      expect({ name, done: done.length > 0, twice: done.filter((one, at) => done.indexOf(one) !== at) }).toEqual({
        name,
        done: true,
        twice: [],
      });
      expect({ name, done }).toEqual({ name, done: once.get(name) });
    }
    expect((await identity()).bootstrapNode).toBe('infra-01');
    const file = parse(await readFile(whole.kubeconfig, 'utf8')) as { clusters: { cluster: { server: string } }[] };
    expect(file.clusters.map(({ cluster }) => cluster.server)).toEqual([
      `https://${whole.run.block.of('192.0.2.10')}:6443`,
    ]);
    // Nothing half-written is left beside the file. The lock of the run that was killed last may be: who writes next replaces it.
    const beside = await readdir(join(whole.dir, 'operator'));
    expect(beside.filter((name) => name !== 'kubeconfig.coldstart-lock')).toEqual(['kubeconfig']);
  });
});
