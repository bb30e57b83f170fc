import { EXIT } from '@coldstart/contract';
import { openLab, type OpenLab } from '@coldstart/plugin-lab';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Case, Episode } from './case.ts';
import { chance } from './chance.ts';
import { Door } from './door.ts';
import { ofEnd } from './laws.ts';
import { play, type Played } from './play.ts';
import type { Ended } from './process.ts';
import { CLUSTER, Grounds, type Ground } from './topology.ts';
import { Watch } from './watch.ts';

/** Histories that each law was made for, written out. */
let grounds: Grounds;
beforeAll(() => void (grounds = new Grounds()));
afterAll(() => grounds.close());

const episode = (trials: Partial<Episode> = {}): Episode => ({ pause: 0, ...trials });
const CALM: Case = {
  seed: 7,
  controlPlanes: 3,
  workers: 1,
  scope: 'talos',
  parallel: 1,
  weather: null,
  troubles: [],
  episodes: [episode()],
  again: true,
  verify: true,
};
const history = (told: Partial<Case>): Promise<Played> => play({ ...CALM, ...told }, grounds);
const faults = (...asked: string[]): Case['troubles'] => asked.map((fault) => ({ fault, from: 0 }));

type Row = [what: string, told: Partial<Case>, ends: RegExp];
const ROWS: Row[] = [
  ['nothing happens', {}, /^exit 0$/],
  ['the answer to bootstrap is lost', { troubles: faults('eof-after-success@cp-1:2') }, /^exit 0$/],
  [
    'the answer to every first apply is lost',
    { troubles: faults('eof-after-success@cp-2', 'eof-after-success@worker-01') },
    /^exit 0$/,
  ],
  ['a control plane falls back twice', { troubles: faults('back-to-maintenance@cp-2:2') }, /^exit 0$/],
  ['killed after the first apply', { troubles: faults('killed@after:1') }, /^killed$/],
  ['killed while the first apply runs', { troubles: faults('killed@during:1') }, /^killed$/],
  ['killed before bootstrap', { troubles: faults('killed@before:4') }, /^killed$/],
  ['killed while bootstrap runs', { troubles: faults('killed@during:4') }, /^killed$/],
  ['killed after bootstrap', { troubles: faults('killed@after:4') }, /^killed$/],
  [
    'killed with its journal torn',
    { episodes: [episode({ kill: { at: 250, when: 'before', torn: 0.5 } })] },
    /^killed$/,
  ],
  ['interrupted', { episodes: [episode({ interrupt: 300 })] }, /^exit 130$/],
  ["the journal's disk is full", { episodes: [episode({ full: 40 })] }, /^exit 4 .*the disk is full/],
  ['another cluster’s machine at an address', { troubles: faults('wrong-ca@cp-2') }, /^exit 5 .*CA/],
  [
    'another machine in maintenance, its disk not the selected one',
    { troubles: faults('impostor@cp-2') },
    /^exit 3 .*disk/,
  ],
  [
    'another machine in maintenance, known by its serial',
    { troubles: faults('impostor@worker-01') },
    /^exit 5 .*another machine/,
  ],
  [
    'another machine answers for a node that fell back after it had its config',
    { troubles: [...faults('back-to-maintenance@cp-2'), { fault: 'impostor@cp-2', from: 60_000 }] },
    /^exit 5 .*another machine answers for cp-2/,
  ],
  [
    'another machine answers while the run is under way',
    { troubles: [{ fault: 'impostor@worker-01', from: 240_000 }] },
    /^exit [45] /,
  ],
  ['two operators at once, side by side', { episodes: [episode({ second: { clone: false, after: 0 } })] }, /^exit 0$/],
  [
    'two operators at once, each with a clone, and a lock at a remote',
    { remote: true, episodes: [episode({ second: { clone: true, after: 0 } })] },
    /^exit [05]/,
  ],
  [
    'killed while it holds the lock at the remote, and goes on from another clone',
    {
      remote: true,
      episodes: [episode({ kill: { at: 900, when: 'after', torn: null }, second: { clone: true, after: 900_000 } })],
    },
    /^killed$/,
  ],
  ['two operators at once, each with a clone', { episodes: [episode({ second: { clone: true, after: 0 } })] }, /^exit/],
  [
    'all state is lost after a kill',
    { episodes: [episode({ kill: { at: 900, when: 'after', torn: null }, lose: 'state' })] },
    /^killed$/,
  ],
];

describe('a history, then no faults: one cluster, finished, nothing sent twice', () => {
  test.each(ROWS)('%s', async (_what, told, ends) => {
    const played = await history(told);
    expect(played.broken, played.ends.join(' | ')).toEqual([]);
    expect(played.ends[0]).toMatch(ends);
    expect((played.fired['the lock at a remote'] ?? 0) > 0).toBe(told.remote === true);
    // The run that finishes, and the same command once more.
    expect(played.ends.slice(-2)).toEqual(['exit 0', 'exit 0']);
  });

  test('from another clone, the second one is refused by the lock at the remote', async () => {
    const played = await history({ remote: true, episodes: [episode({ second: { clone: true, after: 2000 } })] });
    expect(played.broken).toEqual([]);
    expect(played.ends[0]).toBe('exit 0');
    expect(played.ends[1]).toMatch(/^exit 5 .*holds the git-ref of this cluster/);
  });

  test('side by side, the second one is refused by the lock', async () => {
    const played = await history({ episodes: [episode({ second: { clone: false, after: 1000 } })] });
    expect(played.broken).toEqual([]);
    expect(played.ends[1]).toMatch(/^exit 5 .*Another run holds the lock/);
  });
});

describe('a success that is none', () => {
  let ground: Ground;
  let lab: OpenLab;
  beforeAll(async () => {
    ground = await grounds.of(CALM);
    lab = await openLab({
      root: ground.root,
      cluster: CLUSTER,
      facts: ground.facts,
      env: {},
      seed: CALM.seed,
      faults: [],
      pace: null,
      disk: 'memory',
    });
  });
  afterAll(() => lab.close());

  test('is found in a world that is not whole, unless what broke it began too late to be known', async () => {
    const success: Ended = { how: 'exit', exit: EXIT.done, failure: null, evidence: [] };
    const failure: Ended = { how: 'exit', exit: EXIT.failed, failure: null, evidence: [] };
    const bug: Ended = { how: 'exit', exit: EXIT.bug, failure: null, evidence: [] };
    const found = (ended: Ended, outdated: boolean): Promise<string[]> => ofEnd({ ended, outdated }, lab, CALM, ground);

    expect(await found(success, false)).toContainEqual(expect.stringMatching(/^exit 0, and the world is not whole: /));
    expect(await found(success, true)).toEqual([]);
    for (const outdated of [false, true]) {
      expect(await found(failure, outdated)).toEqual(['exit 4 without a cause']);
      expect(await found(bug, outdated)).toEqual(['it ended as a bug: no cause']);
    }
  });

  test('is excused for a fault that began after the closing looks did, for two minutes', async () => {
    const watch = new Watch(lab, ground);
    const door = new Door(lab, watch, { by: chance(1) });
    const { clock } = lab.model;
    const line = (step: string): Promise<void> =>
      door.append('.coldstart/outdated.jsonl', JSON.stringify({ type: 'item-start', step, item: 'cluster' }));
    const begins = (): void => void (watch.latest = clock.now);

    await door.sleep(1000);
    begins();
    expect(door.outdated).toBe(false);
    await door.sleep(1000);
    await line('talos/nodes-ready');
    await door.sleep(1000);
    begins();
    expect(door.outdated).toBe(false);
    await door.sleep(1000);
    await line('coldstart/closing');
    expect(door.outdated).toBe(false);
    await door.sleep(1000);
    begins();
    expect(door.outdated).toBe(true);
    await door.sleep(1000);
    // The looks began with the first of them.
    await line('coldstart/closing');
    expect(door.outdated).toBe(true);
    await door.sleep(120_000);
    expect(door.outdated).toBe(false);
  });
});
