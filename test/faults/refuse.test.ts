import { openLab, type OpenLab } from '@coldstart/plugin-lab';
import { afterAll, describe, expect, test } from 'vitest';
import { chance } from './chance.ts';
import { startProcess, type Process } from './process.ts';
import { CLUSTER, Grounds, type Ground } from './topology.ts';
import { Watch } from './watch.ts';

/** What the operator is told, and what is left undone, where going on could make a second cluster. */
const grounds = new Grounds();
afterAll(() => grounds.close());

/** Three control planes that have their configs, and nobody bootstrapped: coldstart was killed just before. */
async function beforeBootstrap(): Promise<{ ground: Ground; lab: OpenLab; watch: Watch }> {
  const ground = await grounds.of({ controlPlanes: 3, workers: 0, scope: 'talos', parallel: 1 });
  const faults = ['killed@before:4'];
  const lab = await openLab({
    root: ground.root,
    cluster: CLUSTER,
    facts: ground.facts,
    env: { HOME: '/home/op' },
    seed: 3,
    faults,
    pace: null,
    disk: 'memory',
  });
  const watch = new Watch(lab, ground);
  const { ended } = await startProcess(ground, lab, watch, { by: chance(1) });
  expect(ended.how).toBe('killed');
  expect(lab.model.etcd.size).toBe(0);
  return { ground, lab, watch };
}

/** Somebody bootstraps by hand, past coldstart. */
async function byHand({ ground, lab }: { ground: Ground; lab: OpenLab }, ...names: string[]): Promise<void> {
  const { talosconfig } = ground.facts['talos/cluster'] as { talosconfig: string };
  const nodes = ground.facts['talos/nodes'] as { name: string; address: string }[];
  const world = lab.process();
  for (const name of names) {
    const { address } = nodes.find((node) => node.name === name)!;
    const argv = ['bootstrap', '--talosconfig', talosconfig, '--context', CLUSTER, '-e', address, '-n', address];
    const done = await world.spawn(
      { tool: 'talosctl', argv, env: {}, deadline: 60_000 },
      { signal: 'SIGTERM', grace: 1000, kill: true },
      async () => {},
      new AbortController().signal,
    );
    expect(done).toMatchObject({ exit: 0 });
  }
  await world.sleep(300_000);
}

function failureOf({ ended }: Process): {
  exit: number;
  step: string;
  cause: string;
  remedy: string;
  page: string | null;
} {
  if (ended.how !== 'exit' || !ended.failure) throw new Error(`it ended otherwise: ${JSON.stringify(ended)}`);
  return { exit: ended.exit, ...ended.failure } as unknown as ReturnType<typeof failureOf>;
}
const bootstraps = (lab: OpenLab): number => lab.received().filter(({ argv }) => argv[0] === 'bootstrap').length;

describe('bootstrap is refused (exit 5), with what was seen and the way out', () => {
  test('split: two clusters are there already', async () => {
    const at = await beforeBootstrap();
    await byHand(at, 'cp-2', 'cp-3');
    const failure = failureOf(await startProcess(at.ground, at.lab, at.watch, { by: chance(2) }));
    expect(failure).toMatchObject({
      exit: 5,
      step: 'talos/bootstrap',
      cause: expect.stringMatching(/more than one etcd cluster: cluster 1: .*cp-\d.*cluster 2: .*cp-\d/),
      remedy: expect.stringMatching(/reset the control planes of the other/),
      page: 'etcd-split',
    });
    expect(bootstraps(at.lab)).toBe(2);
    expect(at.watch.lines.some((line) => line.includes('"etcd detector"') && line.includes('split: '))).toBe(true);
  });

  test('unknown: a control plane of which nobody knows falls silent', async () => {
    const at = await beforeBootstrap();
    // The journal that knew it as empty is gone, and it stops answering once preflight has passed.
    for (const name of at.lab.model.files.list(`${at.ground.root}/.coldstart`))
      at.lab.model.files.remove(`${at.ground.root}/.coldstart/${name}`);
    const journaled = at.watch.journaled.bind(at.watch);
    at.watch.journaled = (line, who) => {
      if (line.includes('"item-start"') && line.includes('"talos/bootstrap"')) at.lab.ask('unreachable@cp-3');
      journaled(line, who);
    };
    const failure = failureOf(await startProcess(at.ground, at.lab, at.watch, { by: chance(2) }));
    expect(failure).toMatchObject({
      exit: 5,
      step: 'talos/bootstrap',
      cause: expect.stringMatching(/not certain that no etcd cluster exists: cp-3 was never seen empty/),
      remedy: expect.stringMatching(/--assume-empty/),
      page: 'etcd-unknown',
    });
    expect(bootstraps(at.lab)).toBe(0);

    at.lab.lift();
    at.watch.journaled = journaled;
    expect((await startProcess(at.ground, at.lab, at.watch, { by: chance(3) })).ended).toMatchObject({ exit: 0 });
    expect(at.watch.broken).toEqual([]);
  });

  test('one cluster that somebody else made is taken as it is: no second one', async () => {
    const at = await beforeBootstrap();
    await byHand(at, 'cp-2');
    expect((await startProcess(at.ground, at.lab, at.watch, { by: chance(2) })).ended).toMatchObject({ exit: 0 });
    expect([bootstraps(at.lab), at.lab.model.etcd.size, ...at.watch.broken]).toEqual([1, 1]);
  });
});
