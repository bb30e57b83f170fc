import { beforeAll, describe, expect, test } from 'vitest';
import { bareWorld, bringUp, carryOut, changesReceived, endsOf, survey, type BroughtUp } from './support/bring-up.ts';

describe.each(['infra', 'apps'])('%s, from bare nodes to GitOps', (cluster) => {
  let first: BroughtUp;
  beforeAll(async () => {
    first = await bringUp({ cluster });
  });

  test('ends well, and the lab says that its world is whole', () => {
    expect({ failure: first.failure, exit: first.exit }).toEqual({ failure: null, exit: 0 });
    expect(first.lab.verdict()).toEqual({ whole: true, findings: [], etcdClusters: 1 });
  });

  test('every step of the plan has its verdict, and something was done in every phase that changes', () => {
    const planned = first.ground.plan.phases.flatMap((p) =>
      p.steps.flatMap((s) => s.items.map((i) => `${s.id} ${i.key}`)),
    );
    const closing = endsOf(first.records).filter((r) => r.step === 'coldstart/closing');
    expect(closing.map((r) => `${r.item} ${r.verdict}`)).toContain('talos/etcd done');
    expect(
      endsOf(first.records)
        .filter((r) => !closing.includes(r))
        .map((r) => `${r.step} ${r.item}`)
        .sort(),
    ).toEqual(planned.sort());
    const changed = new Set(
      endsOf(first.records)
        .filter((r) => r.verdict === 'done')
        .map((r) => r.phase),
    );
    expect([...changed]).toEqual(expect.arrayContaining(['talos', 'prereqs', 'crds', 'core', 'validation']));
  });

  test('a second run, with .coldstart and without, changes nothing and says why', async () => {
    for (const stateDir of [`.coldstart/${cluster}`, `.coldstart/fresh-${cluster}`]) {
      const before = changesReceived(first.lab);
      const again = await carryOut(first.ground, first.lab, { stateDir });
      expect({ failure: again.failure, exit: again.exit }).toEqual({ failure: null, exit: 0 });
      expect(changesReceived(first.lab) - before).toBe(0);
      const changing = new Set(
        [...first.ground.kit.steps.values()].filter((s) => s.kind === 'change').map((s) => s.id),
      );
      const ends = endsOf(again.records).filter((r) => changing.has(r.step));
      expect(ends.filter((r) => r.verdict !== 'skipped').map((r) => `${r.step} ${r.item} ${r.verdict}`)).toEqual([]);
      expect(
        ends.filter((r) => r.signals.length === 0 || !r.signals.every((s) => s.ok)).map((r) => `${r.step} ${r.item}`),
      ).toEqual([]);
    }
  });
});

test('the same seed gives the same run, byte for byte as the tools received it', async () => {
  const [a, b] = [await bringUp({ seed: 7 }), await bringUp({ seed: 7 })];
  expect(JSON.stringify(a.lab.received())).toBe(JSON.stringify(b.lab.received()));
  expect(a.lab.elapsed()).toBe(b.lab.elapsed());
  expect((await bringUp({ seed: 8 })).lab.elapsed()).not.toBe(a.lab.elapsed());
});

test('a run over a cluster that is whole depends on no registry of core charts (decision 5)', async () => {
  const { ground, lab } = await bringUp();
  lab.ask('chart-missing@coredns');
  const again = await carryOut(ground, lab);
  expect({ failure: again.failure, exit: again.exit }).toEqual({ failure: null, exit: 0 });
  const [charts] = endsOf(again.records).filter(({ step }) => step === 'helmfile/charts');
  expect(charts?.signals.find(({ subject }) => subject === 'charts.example.com/coredns:1.45.0')).toMatchObject({
    observed: expect.stringContaining('deployed by kube-system/coredns: coredns-1.45.0'),
    ok: true,
  });
});

test('a chart that was fetched while nodes installed is needed from its registry no more (D5)', async () => {
  const ground = await survey();
  const lab = await bareWorld(ground);
  let fetched = false;
  const ran = await carryOut(ground, lab, {
    on: (record) => {
      if (record.type !== 'item-end' || record.step !== 'talos/bootstrap') return;
      fetched = [...lab.model.pulled].some((cache) => cache.endsWith('/coredns/1.45.0'));
      lab.ask('chart-missing@coredns');
    },
  });
  expect(fetched).toBe(true);
  expect({ failure: ran.failure, exit: ran.exit }).toEqual({ failure: null, exit: 0 });
});

test('a world that was saved is found again by the next rehearsal', async () => {
  const ground = await survey();
  const first = await carryOut(ground, await bareWorld(ground));
  const lab = await bareWorld(ground, { saved: first.lab.save() });
  const again = await carryOut(ground, lab);
  expect(again.exit).toBe(0);
  expect(changesReceived(lab)).toBe(0);
});
