import { describe, expect, test } from 'vitest';
import { bareWorld, carryOut, endsOf, survey } from './support/bring-up.ts';
import { naive } from './support/naive.ts';

// Each fault with its cause, page and way out stands in causes.ts.

describe('the usual shell sequence in the same world ends differently', () => {
  test('without a fault it brings the cluster up', async () => {
    const ground = await survey();
    const lab = await bareWorld(ground);
    expect(await naive(ground, lab)).toEqual({ ended: 'success', at: 'flux' });
    await lab.world.sleep(600_000);
    expect(lab.verdict().whole).toBe(true);
  });

  // `success` over a world that is not whole is the silent error that operators fear.
  test.each([
    ['unreachable@infra-02', 'success'],
    ['disk-mismatch@infra-05', 'success'],
    ['wrong-ca@infra-03', 'success'],
    ['back-to-maintenance@infra-02', 'success'],
    ['flux-not-ready', 'success'],
    ['eof-after-success@infra-01:2', 'hung'],
  ] as const)('%s: it ends in %s, and the world is not whole', async (fault, ended) => {
    const ground = await survey();
    const lab = await bareWorld(ground, { faults: [fault] });
    expect(await naive(ground, lab)).toMatchObject({ ended });
    // Whoever ran it has gone home; the world goes on.
    await lab.world.sleep(600_000);
    expect(Object.values(lab.fired()).reduce((a, b) => a + b, 0)).toBeGreaterThan(0);
    expect(lab.verdict().whole).toBe(false);
  });

  test('a CRD that is slow: nobody waits for it or names it, and the world is not whole', async () => {
    const ground = await survey();
    const lab = await bareWorld(ground, { faults: ['crd-slow'] });
    await naive(ground, lab);
    await lab.world.sleep(600_000);
    expect(Object.values(lab.fired())).toEqual([1]);
    expect(lab.verdict().whole).toBe(false);
  });

  test('killed in the middle and given again: it hangs in its loop around bootstrap', async () => {
    const ground = await survey();
    const lab = await bareWorld(ground);
    expect(await naive(ground, lab)).toMatchObject({ ended: 'success' });
    expect(await naive(ground, lab)).toEqual({ ended: 'hung', at: 'bootstrap' });
  });
});

describe('a node that fails in apply', () => {
  test('neither hides nor stops the others: they finish the phase, and phase 0 is not begun', async () => {
    const ground = await survey();
    // Back in maintenance after every try: the budget of tries ends.
    const lab = await bareWorld(ground, { faults: ['back-to-maintenance@infra-05:20'] });
    const ran = await carryOut(ground, lab);
    expect({ exit: ran.exit, failure: ran.failure }).toMatchObject({ exit: 4, failure: { item: 'infra-05' } });
    const applied = endsOf(ran.records).filter((r) => r.step.startsWith('talos/apply'));
    expect(applied.map((r) => [r.item, r.verdict])).toEqual(
      expect.arrayContaining([
        ['infra-04', 'done'],
        ['infra-06', 'done'],
        ['infra-05', 'failed'],
      ]),
    );
    expect(
      endsOf(ran.records)
        .filter((r) => r.phase === 'prereqs' && r.step !== 'helmfile/tools')
        .every((r) => r.verdict === 'not-run'),
    ).toBe(true);
  });

  test('with one missing worker allowed the run goes on, and says so', async () => {
    const ground = await survey({ config: { talos: { allowMissingWorkers: 1 } } });
    const lab = await bareWorld(ground, { faults: ['back-to-maintenance@infra-05:20'] });
    const ran = await carryOut(ground, lab);
    expect({ failure: ran.failure, exit: ran.exit }).toEqual({ failure: null, exit: 0 });
    expect(ran.records.filter((r) => r.type === 'deviation').map((r) => r.subject)).toContain(
      'talos/apply-workers infra-05',
    );
    expect(lab.verdict()).toMatchObject({ whole: false });
  });
});

describe('the process is killed', () => {
  test.each([
    'killed@before:1',
    'killed@during:2',
    'killed@after:4',
    'killed@during:5',
    'killed@after:9',
    'killed@before:14',
  ])('%s: the same command finishes, with one etcd cluster', async (fault) => {
    const ground = await survey();
    const lab = await bareWorld(ground, { faults: [fault] });
    const first = carryOut(ground, lab).then(() => 'ended');
    expect(await Promise.race([first, lab.died.then(() => 'died')])).toBe('died');
    lab.process();
    const next = await carryOut(ground, lab);
    expect({ failure: next.failure, exit: next.exit }).toEqual({ failure: null, exit: 0 });
    expect(lab.verdict()).toEqual({ whole: true, findings: [], etcdClusters: 1 });
    expect(next.evidence.length).toBeGreaterThanOrEqual(3);
  });
});
