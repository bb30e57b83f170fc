import type { Observation, Step } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
import { FakeWorld } from './support/fake-world.ts';
import { carryOut, changing, checking, done, exec, ofType } from './support/harness.ts';

const three = () => ['n1', 'n2', 'n3'].map((key) => ({ key, item: key }));
const fatal = () => ({ kind: 'fatal', cause: 'broken', remedy: 'mend it' }) as const;

describe('a run', () => {
  test('one failed item neither hides nor stops the others; what follows is not run', async () => {
    const world = new FakeWorld();
    world.answer = ({ argv }) => (argv[1] === 'n2' ? { exit: 1 } : {});
    const observe: Step['observe'] = async ({ key }) =>
      key !== 'n2' && world.spawned.some((s) => s.words[2] === key) ? done() : { state: 'needed', signals: [] };
    const ran = await carryOut(world, [
      changing(world, 'a/apply', {
        forEach: three,
        classify: fatal,
        observe,
        limit: () => ({ n: 1, hold: 'act', onFailure: 'continue' }),
      }),
      changing(world, 'b/next', { phase: 'two' }),
    ]);
    expect(ofType(ran, 'item-end').map((r) => [r.step, r.item, r.verdict])).toEqual([
      ['a/apply', 'n1', 'done'],
      ['a/apply', 'n2', 'failed'],
      ['a/apply', 'n3', 'done'],
      ['b/next', 'cluster', 'not-run'],
    ]);
    expect([ran.exit, ran.failure?.item, ran.failure?.next]).toEqual([4, 'n2', 'coldstart cluster create infra']);
  });

  test('tolerated items are a deviation, and the run goes on', async () => {
    const world = new FakeWorld();
    world.answer = ({ argv }) => (argv[1] === 'n2' ? { exit: 1 } : {});
    const observe: Step['observe'] = async ({ key }) =>
      key !== 'n2' && world.spawned.some((s) => s.words[2] === key) ? done() : { state: 'needed', signals: [] };
    const steps = (n: number): Step[] => [
      changing(world, 'a/apply', { forEach: three, classify: fatal, observe, tolerate: () => n }),
      changing(world, 'b/next', { phase: 'two' }),
    ];
    const ran = await carryOut(world, steps(1));
    expect(ran.exit).toBe(0);
    expect(ofType(ran, 'deviation')[0]).toMatchObject({ subject: 'a/apply n2' });
    expect((await carryOut(world, steps(0))).exit).toBe(4);
  });

  test('despite: a step looks for itself after a failure', async () => {
    const world = new FakeWorld();
    world.answer = ({ argv }) => (argv[0] === 'a/apply' ? { exit: 1 } : {});
    const ran = await carryOut(world, [
      changing(world, 'a/apply', { classify: fatal, observe: async () => ({ state: 'needed', signals: [] }) }),
      changing(world, 'a/boot', { despite: ['a/apply'] }),
      changing(world, 'a/later'),
    ]);
    expect(ofType(ran, 'item-end').map((r) => [r.step, r.verdict])).toEqual([
      ['a/apply', 'failed'],
      ['a/boot', 'done'],
      ['a/later', 'not-run'],
    ]);
  });

  test('the width bounds those that act, not those that wait', async () => {
    const world = new FakeWorld();
    world.answer = () => ({ ms: 1000 });
    const begun = new Map<string, number>();
    const observe: Step['observe'] = async ({ key, world: w }) => {
      const sent = world.spawned.find((s) => s.words[2] === key);
      if (!sent) return { state: 'needed', signals: [] };
      begun.set(key, sent.at);
      return w.mono() >= sent.at + 60_000 ? done() : { state: 'converging', signals: [] };
    };
    const settle = () => ({ every: 1000, within: 300_000, stableFor: 0 });
    await carryOut(world, [
      changing(world, 'a/apply', {
        forEach: three,
        observe,
        settle,
        limit: () => ({ n: 1, hold: 'act', onFailure: 'continue' }),
      }),
    ]);
    const starts = [...begun.values()];
    expect(starts[1]! - starts[0]!).toBe(1000);
    expect(world.mono()).toBeLessThan(70_000);
  });

  test("slots go in the items' order, though a later one has looked sooner", async () => {
    const world = new FakeWorld();
    const observe: Step['observe'] = async ({ key }) => {
      if (world.spawned.some((s) => s.words[2] === key)) return done();
      await world.sleep(key === 'n1' ? 3000 : key === 'n2' ? 2000 : 10);
      return { state: 'needed', signals: [] };
    };
    await carryOut(world, [
      changing(world, 'a/apply', {
        forEach: three,
        observe,
        limit: () => ({ n: 1, hold: 'act', onFailure: 'continue' }),
      }),
    ]);
    expect(world.spawned.map((s) => s.words[2])).toEqual(['n1', 'n2', 'n3']);
  });

  test('hold settled: the next one starts when the one before is done', async () => {
    const world = new FakeWorld();
    const observe: Step['observe'] = async ({ key, world: w }) => {
      const sent = world.spawned.find((s) => s.words[2] === key);
      return !sent
        ? { state: 'needed', signals: [] }
        : w.mono() >= sent.at + 60_000
          ? done()
          : { state: 'converging', signals: [] };
    };
    const settle = () => ({ every: 1000, within: 300_000, stableFor: 0 });
    await carryOut(world, [
      changing(world, 'a/apply', {
        forEach: three,
        observe,
        settle,
        limit: () => ({ n: 1, hold: 'settled', onFailure: 'stop' }),
      }),
    ]);
    expect(world.spawned[1]!.at - world.spawned[0]!.at).toBeGreaterThanOrEqual(60_000);
  });

  test('an item waits for the items it comes after, and is not run when one failed', async () => {
    const world = new FakeWorld();
    world.answer = ({ argv }) => (argv[1] === 'n1' ? { exit: 1 } : {});
    const forEach = () => [
      { key: 'n2', item: 0, after: ['n1'] },
      { key: 'n1', item: 0 },
      { key: 'n3', item: 0 },
    ];
    const ran = await carryOut(world, [
      changing(world, 'a/rel', {
        forEach,
        classify: fatal,
        observe: async ({ key }) =>
          key === 'n3' && world.spawned.some((s) => s.words[2] === 'n3') ? done() : { state: 'needed', signals: [] },
      }),
    ]);
    expect(new Set(world.spawned.map((s) => s.words[2]))).toEqual(new Set(['n1', 'n3']));
    expect(ofType(ran, 'item-end').find((r) => r.item === 'n2')).toMatchObject({
      verdict: 'not-run',
      cause: 'n1 is not there',
    });
  });

  test('preflight: all problems at once, exit 3, nothing is sent', async () => {
    const world = new FakeWorld();
    const blocked: Observation = { state: 'blocked', signals: [], cause: 'no disk', remedy: 'add one' };
    const ran = await carryOut(world, [
      checking('a/pre', async () => blocked, { kind: 'preflight', forEach: three }),
      checking('b/pre', async () => blocked, { kind: 'preflight', phase: 'two' }),
      changing(world, 'a/apply'),
    ]);
    expect(ran.exit).toBe(3);
    expect(ofType(ran, 'item-end').filter((r) => r.verdict === 'failed')).toHaveLength(4);
    expect(world.spawned).toEqual([]);
  });

  test('facts: a step with items provides a record by item; the next one gets it in a hole', async () => {
    const world = new FakeWorld();
    const ran = await carryOut(world, [
      checking('a/look', async ({ key }) => done({ 'f/x': key }), { forEach: three, provides: ['f/x'] }),
      changing(world, 'a/use', {
        needs: ['f/x'],
        plan: () => [
          {
            ...(changing(world, 'a/use') as never as { plan: (x: object) => [object] }).plan({ key: 'cluster' })[0],
            argv: ['a/use', { ref: 'fact/f/x', path: '/n2' }],
          } as never,
        ],
        observe: async () => (world.spawned.length ? done() : { state: 'needed', signals: [] }),
      }),
    ]);
    expect(ran.exit).toBe(0);
    expect(world.spawned[0]?.words).toEqual(['tool', 'a/use', 'n2']);
  });

  test('what is unsafe already in preflight is refused, exit 5', async () => {
    const world = new FakeWorld();
    const foreign: Observation = { state: 'blocked', refuse: true, signals: [], cause: 'another CA', remedy: 'look' };
    const ran = await carryOut(world, [
      checking('a/pre', async () => foreign, { kind: 'preflight' }),
      changing(world, 'a/apply'),
    ]);
    expect([ran.exit, ran.outcome, world.spawned]).toEqual([5, 'refused', []]);
  });

  test('a step that failed provides no facts, not even of the items that went well', async () => {
    const world = new FakeWorld();
    let facts: object = {};
    const state = (key: string): Observation =>
      key === 'n2' ? { state: 'blocked', signals: [] } : done({ 'f/x': key });
    await carryOut(world, [
      checking('a/look', async ({ key }) => state(key), { forEach: three, provides: ['f/x'] }),
      checking('a/after', async (l) => ((facts = l.facts), done()), { needs: ['f/x'], despite: ['a/look'] }),
    ]);
    expect(facts).toEqual({});
  });

  describe('what is prepared', () => {
    const prepare = () => [
      {
        tool: 'tool',
        argv: ['render'],
        deadline: 60_000,
        stop: { signal: 'SIGTERM', grace: 1, kill: true } as const,
        as: 'made',
        why: 'w',
      },
    ];
    const renders = (world: FakeWorld) => world.spawned.filter((s) => s.words[1] === 'render').map((s) => s.at);
    const made = new TextEncoder().encode('crds');
    const text = (artefacts: Readonly<Record<string, Uint8Array>>): string =>
      artefacts['made'] ? new TextDecoder().decode(artefacts['made']) : 'nothing';
    const retry = () => ({ first: 1000, factor: 1, max: 1000, retries: 2, jitter: 0 });

    /** A step that comes after a slow one; what its looks were given. */
    const slowThenLate = async (more: Parameters<typeof changing>[2]) => {
      const world = new FakeWorld();
      let tries = 0;
      world.answer = ({ argv }) => {
        if (argv[0] === 'render') return (tries += 1) < 3 ? { exit: 1, ms: 10 } : { stdout: made, ms: 10 };
        return { ms: 60_000 };
      };
      const seen: string[] = [];
      const late = changing(world, 'b/late', { phase: 'two', retry, prepare, ...more });
      const observe = late.observe;
      late.observe = async (l) => (seen.push(text(l.artefacts)), observe(l));
      const ran = await carryOut(world, [changing(world, 'a/slow'), late]);
      expect([ran.exit, tries]).toEqual([0, 3]);
      expect(renders(world).every((at) => at < 60_000)).toBe(true);
      return seen;
    };

    test('begins with the first change, beside it, is tried again, and is there for what acts', async () => {
      const seen = await slowThenLate({});
      expect([seen[0], seen.at(-1)]).toEqual(['nothing', 'crds']);
    });

    test('is there before the first look that reads it', async () => {
      expect(new Set(await slowThenLate({ looksAtPrepared: true }))).toEqual(new Set(['crds']));
    });

    test('is not made where all is done, unless the look reads it', async () => {
      const world = new FakeWorld();
      const steps = [
        changing(world, 'a/one', { prepare, observe: async () => done() }),
        changing(world, 'a/two', { prepare, looksAtPrepared: true, observe: async () => done() }),
      ];
      const ran = await carryOut(world, steps);
      expect(ran.exit).toBe(0);
      expect(ofType(ran, 'action-start').map(({ step }) => step)).toEqual(['a/two']);
    });

    test('is made for what is needed, which is looked at again where that took a while', async () => {
      for (const [ms, looks] of [
        [30_000, 3],
        [10, 2],
      ] as const) {
        const world = new FakeWorld();
        world.answer = ({ argv }) => (argv[0] === 'render' ? { stdout: made, ms } : {});
        const one = changing(world, 'a/one', { prepare });
        let seen = 0;
        const observe = one.observe;
        one.observe = async (l) => ((seen += 1), observe(l));
        const ran = await carryOut(world, [one]);
        expect([ran.exit, seen], String(ms)).toEqual([0, looks]);
        expect(ofType(ran, 'action-start').map(({ action }) => action)).toEqual(['prepare-made', 'go']);
      }
    });

    test('sends nothing when somebody else did it meanwhile', async () => {
      const world = new FakeWorld();
      world.answer = ({ argv }) => (argv[0] === 'render' ? { stdout: made, ms: 30_000 } : {});
      const one = changing(world, 'a/one', {
        prepare,
        observe: async () => (world.mono() > 10_000 ? done() : { state: 'needed', signals: [] }),
      });
      const ran = await carryOut(world, [one]);
      expect([ran.exit, ofType(ran, 'item-end').map(({ verdict }) => verdict)]).toEqual([0, ['skipped']]);
      expect(ofType(ran, 'action-start').map(({ action }) => action)).toEqual(['prepare-made']);
    });

    test("keeps failing: that is its item's failure", async () => {
      const world = new FakeWorld();
      world.answer = ({ argv }) => (argv[0] === 'render' ? { exit: 1 } : {});
      const classify = () => ({ kind: 'transient', cause: 'no registry', remedy: 'reach it' }) as const;
      for (const looksAtPrepared of [true, false]) {
        const ran = await carryOut(world, [changing(world, 'a/one', { prepare, looksAtPrepared, classify })]);
        expect([ran.exit, ran.failure?.cause, ran.failure?.remedy]).toEqual([4, 'no registry', 'reach it']);
        expect(ofType(ran, 'action-start').map(({ action }) => action)).not.toContain('go');
      }
    });

    test('fails: no failure of what is done already', async () => {
      const world = new FakeWorld();
      world.answer = () => ({ exit: 1 });
      const step = changing(world, 'a/one', { prepare, looksAtPrepared: true, observe: async () => done() });
      const ran = await carryOut(world, [step]);
      expect([ran.exit, ofType(ran, 'item-end')[0]?.verdict]).toEqual([0, 'skipped']);
    });
  });

  test('a selection of items leaves out every other item, and steps that have none of them', async () => {
    const world = new FakeWorld();
    const two = () => ['w1', 'w2'].map((key) => ({ key, item: key }));
    const steps = [
      changing(world, 'a/first', { forEach: three }),
      changing(world, 'a/other', { forEach: two, needs: ['f/none'] }),
      checking('a/never', async () => done(), { provides: ['f/none'] }),
    ];
    const ran = await carryOut(world, steps, { selection: { steps: ['a/first', 'a/other'], items: ['n2'] } });
    expect(ran.exit).toBe(0);
    expect(ofType(ran, 'item-end').map((r) => `${r.step} ${r.item}`)).toEqual(['a/first n2']);
  });

  test('a phase that was not begun has no end', async () => {
    const world = new FakeWorld();
    world.answer = () => ({ exit: 1 });
    const ran = await carryOut(world, [
      changing(world, 'a/one', { classify: fatal }),
      changing(world, 'b/two', { phase: 'two' }),
    ]);
    expect(ofType(ran, 'phase-end').map((r) => [r.phase, r.verdict])).toEqual([['one', 'failed']]);
  });

  test('a selection borrows facts by looking, and fails with what is not done', async () => {
    const world = new FakeWorld();
    const steps = (state: Observation): Step[] => [
      checking('a/api', async () => state, { provides: ['f/api'] }),
      changing(world, 'b/use', {
        phase: 'two',
        needs: ['f/api'],
        plan: ({ key }) => [exec('go', ['b/use', key, { ref: 'fact/f/api' }] as never)],
      }),
    ];
    const at = { selection: { phases: ['two'] } };
    expect((await carryOut(world, steps(done({ 'f/api': 1 })), at)).exit).toBe(0);
    expect(world.spawned[0]?.words).toEqual(['tool', 'b/use', 'cluster', '1']);
    const ran = await carryOut(world, steps({ state: 'converging', signals: [], cause: 'no API' }), at);
    expect([ran.exit, ran.failure?.cause]).toEqual([4, 'a/api is not done (cluster: no API)']);
  });

  test('interrupted: the child is told, the journal is closed, exit 130', async () => {
    const world = new FakeWorld();
    world.answer = () => ({ ms: 60_000 });
    const stop = new AbortController();
    const ran = await carryOut(world, [changing(world, 'a/one'), changing(world, 'a/two')], {
      stop: stop.signal,
      on: (r) => r.type === 'action-spawned' && stop.abort(),
    });
    expect(ran.exit).toBe(130);
    expect(ofType(ran, 'action-end')[0]).toMatchObject({ outcome: 'unknown', how: 'signal' });
    expect(ran.records.at(-1)).toMatchObject({
      type: 'run-end',
      outcome: 'interrupted',
      next: 'coldstart cluster create infra',
    });
    expect(world.files.has('.coldstart/infra/lock')).toBe(false);
  });

  test('a child that outlived a killed run is found, and ended, before anything new', async () => {
    const world = new FakeWorld();
    world.answer = () => ({ ms: 600_000 });
    void carryOut(world, [changing(world, 'a/one')]);
    while (
      world.spawned.length === 0 ||
      ![...world.files.values()].some((b) => new TextDecoder().decode(b).includes('action-spawned'))
    )
      await new Promise(setImmediate);
    // The process is gone: a new world with the same disk, where the child still lives.
    const next = new FakeWorld();
    for (const [path, bytes] of world.files) if (!path.endsWith('/lock')) next.files.set(path, bytes);
    next.living.add(100);
    const ran = await carryOut(next, [changing(next, 'a/one')]);
    expect(ofType(ran, 'outlived')).toEqual([expect.objectContaining({ pid: 100, ended: true, step: 'a/one' })]);
    expect(next.living.size).toBe(0);
    expect(ran.exit).toBe(0);
  });

  test('a child that outlived a killed run has until its own deadline, and one that ends before is not ended', async () => {
    const killed = new FakeWorld();
    killed.answer = () => ({ ms: 600_000 });
    void carryOut(killed, [changing(killed, 'a/one')]);
    const spawned = (): boolean =>
      [...killed.files.values()].some((bytes) => new TextDecoder().decode(bytes).includes('action-spawned'));
    while (!spawned()) await new Promise(setImmediate);
    const disk = [...killed.files];
    const after = async (lives: (at: number) => boolean): Promise<[at: number, ended: unknown]> => {
      const next = new FakeWorld();
      for (const [path, bytes] of disk) if (!path.endsWith('/lock')) next.files.set(path, bytes);
      next.living.add(100);
      next.alive = async ({ pid }) => next.living.has(pid) && lives(next.mono());
      const ran = await carryOut(next, [changing(next, 'a/one')]);
      expect(ofType(ran, 'outlives')).toEqual([
        expect.objectContaining({
          pid: 100,
          mono: 0,
          until: new Date(Date.parse(next.now()) - next.mono() + 60_000).toISOString(),
        }),
      ]);
      const said = ofType(ran, 'outlived')[0] as { mono: number; ended: boolean };
      expect([ran.exit, next.spawned[0]!.at >= said.mono]).toEqual([0, true]);
      return [said.mono, said.ended];
    };
    // Its deadline is 60 s after it was begun.
    expect(await after(() => true)).toEqual([60_000, true]);
    expect(await after((at) => at < 20_000)).toEqual([20_000, false]);
  });

  test('a run that only looks beside a run on its way ends none of its children and takes it for no killed one', async () => {
    const world = new FakeWorld();
    world.answer = () => ({ ms: 600_000 });
    const stop = new AbortController();
    const running = carryOut(world, [changing(world, 'a/one')], { stop: stop.signal });
    const has = (text: string): boolean =>
      [...world.files.values()].some((bytes) => new TextDecoder().decode(bytes).includes(text));
    while (!has('action-spawned')) await new Promise(setImmediate);
    world.living.add(100);
    const looked = await carryOut(world, [checking('b/look', async () => done())]);
    expect([looked.exit, ofType(looked, 'outlived'), [...world.living]]).toEqual([0, [], [100]]);
    expect([...world.files.keys()].filter((path) => path.endsWith('/evidence'))).toEqual([]);
    stop.abort();
    expect((await running).exit).toBe(130);
  });

  test('the state folder stays out of Git, but for identities', async () => {
    const world = new FakeWorld();
    await carryOut(world, [changing(world, 'a/one')]);
    expect(new TextDecoder().decode(world.files.get('.coldstart/.gitignore'))).toBe(
      '*\n!.gitignore\n!*/\n!*/identity.json\n',
    );
  });

  test('a state folder that is a link is refused, and nothing is sent', async () => {
    const world = new FakeWorld();
    world.stat = async () => ({ kind: 'link', mode: 0o777, size: 1 });
    await expect(carryOut(world, [changing(world, 'a/one')])).rejects.toMatchObject({ exit: 5 });
    expect(world.spawned).toEqual([]);
  });

  test('a throw in a step is our bug: exit 1, and the journal is closed', async () => {
    const world = new FakeWorld();
    const ran = await carryOut(world, [
      checking('a/look', async () => {
        throw new Error('oops');
      }),
    ]);
    expect([ran.exit, ran.records.at(-1)?.type]).toEqual([1, 'run-end']);
  });
});
