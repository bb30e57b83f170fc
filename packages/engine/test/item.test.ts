import type { Observation } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
import { FakeWorld } from './support/fake-world.ts';
import { carryOut, changing, checking, done, exec, needed, ofType } from './support/harness.ts';

const RETRY = () => ({ first: 3000, factor: 2, max: 60_000, retries: 3, jitter: 0 });
const AT_ONCE = () => ({ ...RETRY(), first: 0 });
const SETTLE_SHORT = () => ({ every: 1000, within: 10_000, stableFor: 0 });
const SETTLE = () => ({ every: 5000, within: 60_000, stableFor: 0 });
const CONVERGING: Observation = { state: 'converging', signals: [], cause: 'on its way' };

/** Looks that answer one after another; the last one stays. */
const looks = (...states: Observation[]) => {
  let at = 0;
  return async (): Promise<Observation> => states[Math.min(at++, states.length - 1)] as Observation;
};

describe('an item', () => {
  test('that is done is skipped: nothing is sent', async () => {
    const world = new FakeWorld();
    const ran = await carryOut(world, [changing(world, 'a/one', { observe: async () => done() })]);
    expect(world.spawned).toEqual([]);
    expect(ofType(ran, 'item-end')[0]?.verdict).toBe('skipped');
    expect(ran.exit).toBe(0);
  });

  test('that is needed is acted on once, and the record of the start is on disk before', async () => {
    const world = new FakeWorld();
    const ran = await carryOut(world, [changing(world, 'a/one')]);
    expect(world.spawned.map((s) => s.words)).toEqual([['tool', 'a/one', 'cluster']]);
    const onDisk = world.spawned[0]?.journal
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l).type);
    expect(onDisk?.at(-1)).toBe('action-start');
    expect(ofType(ran, 'item-end')[0]?.verdict).toBe('done');
  });

  test('transient: looks again, and sends again after 3, 6, 12 s', async () => {
    const world = new FakeWorld();
    world.answer = () => ({ exit: 1, stderr: 'connection refused' });
    const ran = await carryOut(world, [changing(world, 'a/one', { retry: RETRY, observe: async () => needed() })]);
    const starts = world.spawned.map((s) => s.at);
    expect(starts.slice(1).map((at, i) => at - (starts[i] as number) - 100)).toEqual([3000, 6000, 12_000]);
    expect(ran.exit).toBe(4);
    expect(ran.failure).toMatchObject({ step: 'a/one', cause: 'it failed', remedy: 'mend it' });
  });

  test('fatal: sent once', async () => {
    const world = new FakeWorld();
    world.answer = () => ({ exit: 1 });
    const classify = () => ({ kind: 'fatal', cause: 'bad config', remedy: 'mend', page: 'p' }) as const;
    const ran = await carryOut(world, [changing(world, 'a/one', { retry: RETRY, classify })]);
    expect(world.spawned).toHaveLength(1);
    expect(ran.failure).toMatchObject({ cause: 'bad config', page: 'p' });
  });

  test('ambiguous: a look decides; done is not sent again', async () => {
    const world = new FakeWorld();
    world.answer = () => ({ exit: 1, stderr: 'EOF' });
    const classify = () => ({ kind: 'ambiguous', cause: 'EOF', remedy: '' }) as const;
    const ran = await carryOut(world, [
      changing(world, 'a/one', {
        retry: RETRY,
        classify,
        settle: SETTLE,
        observe: looks(needed(), CONVERGING, CONVERGING, done()),
      }),
    ]);
    expect(world.spawned).toHaveLength(1);
    expect(ofType(ran, 'action-end')[0]?.outcome).toBe('unknown');
    expect(ran.exit).toBe(0);
  });

  test('a fall-back after acting is the next attempt', async () => {
    const world = new FakeWorld();
    const ran = await carryOut(world, [
      changing(world, 'a/one', {
        retry: RETRY,
        settle: SETTLE,
        observe: looks(needed(), CONVERGING, CONVERGING, CONVERGING, needed(), CONVERGING, done()),
      }),
    ]);
    expect(world.spawned).toHaveLength(2);
    expect(ofType(ran, 'action-start').map((r) => r.attempt)).toEqual([1, 2]);
    expect(ran.exit).toBe(0);
  });

  test('right after an action that ended well, needed is not believed', async () => {
    const world = new FakeWorld();
    await carryOut(world, [
      changing(world, 'a/one', {
        retry: AT_ONCE,
        settle: SETTLE,
        observe: looks(needed(), needed(), needed(), done()),
      }),
    ]);
    expect(world.spawned).toHaveLength(1);
  });

  test('done must hold for stableFor', async () => {
    const world = new FakeWorld();
    const settle = () => ({ every: 5000, within: 60_000, stableFor: 12_000 });
    const ran = await carryOut(world, [
      changing(world, 'a/one', { retry: RETRY, settle, observe: looks(needed(), done(), CONVERGING, done()) }),
    ]);
    expect(ran.exit).toBe(0);
    expect(world.mono()).toBeGreaterThanOrEqual(5000 + 5000 + 12_000);
  });

  test.each<[string, Observation, number, string]>([
    ['blocked', { state: 'blocked', signals: [], cause: 'a pending release', remedy: 'roll back' }, 4, 'failed'],
    [
      'blocked as unsafe',
      { state: 'blocked', refuse: true, signals: [], cause: 'split', remedy: 'stop' },
      5,
      'refused',
    ],
    ['converging for too long', CONVERGING, 4, 'failed'],
    ['unknown for too long', { state: 'unknown', signals: [], cause: 'no answer' }, 4, 'failed'],
  ])('%s ends with its cause, exit and verdict', async (_what, seen, exit, verdict) => {
    const world = new FakeWorld();
    const ran = await carryOut(world, [changing(world, 'a/one', { settle: SETTLE, observe: async () => seen })]);
    expect([ran.exit, ofType(ran, 'item-end')[0]?.verdict]).toEqual([exit, verdict]);
    expect(ran.failure?.cause).toContain(seen.cause);
    expect(world.spawned).toEqual([]);
  });

  test('a wait that ends badly is diagnosed', async () => {
    const world = new FakeWorld();
    const sign = { name: 'pods', expected: 'Ready', observed: 'ContainerCreating', ok: false, source: 'kubectl' };
    const ran = await carryOut(world, [
      checking('a/look', async () => CONVERGING, { settle: SETTLE, diagnose: async () => [sign] }),
    ]);
    expect(ofType(ran, 'item-end')[0]?.diagnosis).toEqual([sign]);
  });

  test('what a diagnosis comes to is the cause, with how long it was waited for', async () => {
    const world = new FakeWorld();
    const sign = { name: 'pods', expected: 'Ready', observed: 'ContainerCreating', ok: false, source: 'kubectl' };
    const explain = (gathered: readonly unknown[]) => {
      expect(gathered).toEqual([sign]);
      return { cause: 'a volume is missing', remedy: 'make it', page: 'volume' };
    };
    const ran = await carryOut(world, [
      checking('a/look', async () => CONVERGING, { settle: SETTLE, diagnose: async () => [sign], explain }),
    ]);
    expect(ran.failure).toMatchObject({
      cause: expect.stringMatching(/^a volume is missing \(waited \d+ s\)$/),
      remedy: 'make it',
      page: 'volume',
    });
  });

  test('what a diagnosis comes to does not replace what the tool itself said', async () => {
    const world = new FakeWorld();
    world.answer = () => ({ exit: 1 });
    const classify = () => ({ kind: 'fatal', cause: 'no such disk', remedy: 'mend it' }) as const;
    const ran = await carryOut(world, [
      changing(world, 'a/one', {
        classify,
        observe: looks(needed()),
        diagnose: async () => [{ name: 'x', expected: 1, observed: 2, ok: false, source: 'x' }],
        explain: () => ({ cause: 'something else', remedy: 'else' }),
      }),
    ]);
    expect(ran.failure?.cause).toBe('no such disk');
  });

  test.each(['deadline', 'stopped', 'signal'] as const)(
    'a tool that says 0 when it was ended (%s) has not done it',
    async (how) => {
      const world = new FakeWorld();
      world.answer = () => ({ how, exit: 0 });
      const ran = await carryOut(world, [
        changing(world, 'a/one', { settle: SETTLE, observe: looks(needed(), CONVERGING) }),
      ]);
      expect(ofType(ran, 'action-end').map(({ outcome }) => outcome)).not.toContain('ok');
      expect(ran.exit).not.toBe(0);
    },
  );

  test('a look that takes as long as the whole wait is taken three times before unknown is an answer', async () => {
    const unknown: Observation = { state: 'unknown', signals: [], cause: 'no answer' };
    const waiting = async (...seen: Observation[]) => {
      const world = new FakeWorld();
      const next = looks(...seen);
      let taken = 0;
      const observe = async () => {
        taken += 1;
        await world.sleep(30_000);
        return next();
      };
      const ran = await carryOut(world, [checking('a/look', observe, { settle: SETTLE_SHORT })]);
      return [ran.exit, taken];
    };
    expect(await waiting(unknown, unknown, done())).toEqual([0, 3]);
    expect(await waiting(unknown)).toEqual([4, 3]);
    // What is known and not there is judged by the time alone.
    expect(await waiting(CONVERGING)).toEqual([4, 1]);
  });

  test('an unknown outcome of what must not happen twice is refused, not failed', async () => {
    const world = new FakeWorld();
    world.answer = () => ({ how: 'deadline', exit: null });
    const classify = () => ({ kind: 'ambiguous', cause: 'no answer', remedy: 'look at the node' }) as const;
    const ran = await carryOut(world, [
      changing(world, 'a/one', {
        classify,
        settle: SETTLE,
        plan: () => [exec('boot', ['boot'], { risk: 'once' })],
        observe: looks(needed(), { state: 'unknown', signals: [] }),
      }),
    ]);
    expect(ran.exit).toBe(5);
    expect(world.spawned).toHaveLength(1);
  });

  test('a guard that says no refuses, and nothing is sent', async () => {
    const world = new FakeWorld();
    const guards = [
      { id: 'g/identity', look: async () => ({ ok: false, signals: [], cause: 'another CA', remedy: 'look' }) },
    ];
    const ran = await carryOut(
      world,
      [changing(world, 'a/one', { plan: () => [exec('go', ['go'], { guard: ['g/identity'] })] })],
      { parts: { guards } },
    );
    expect([ran.exit, ran.failure?.cause]).toEqual([5, 'another CA']);
    expect(world.spawned).toEqual([]);
    expect(ofType(ran, 'action-start')[0]?.guards).toEqual([{ id: 'g/identity', ok: false, cause: 'another CA' }]);
  });

  test('a guard that is not installed says no', async () => {
    const world = new FakeWorld();
    const ran = await carryOut(world, [
      changing(world, 'a/one', { plan: () => [exec('go', ['go'], { guard: ['g/none'] })] }),
    ]);
    expect(ran.exit).toBe(5);
    expect(world.spawned).toEqual([]);
  });

  test('holes are filled from the last look, facts and earlier outputs; lists are spread', async () => {
    const world = new FakeWorld();
    world.answer = ({ argv }) => ({ stdout: new TextEncoder().encode(argv[0] === 'first' ? 'abc' : '') });
    let n = 0;
    await carryOut(
      world,
      [
        changing(world, 'a/one', {
          observe: async () =>
            n++ === 0 ? { state: 'needed', signals: [], facts: { access: ['--insecure', '-x'] } } : done(),
          plan: () => [
            exec('first', ['first', { ref: 'seen/access' }] as never, {
              out: { as: 'got', secret: false, keep: 'none' },
            }),
            exec('second', [{ join: ['--name=', { ref: 'fact/f/name', path: '/in' }] }] as never, {
              stdin: { fn: 'up', in: [{ ref: 'out/got' }] },
            }),
          ],
        }),
      ],
      {
        facts: { 'f/name': { in: 'zed' } },
        parts: { transforms: { up: ([b]) => new TextEncoder().encode(new TextDecoder().decode(b).toUpperCase()) } },
      },
    );
    expect(world.spawned.map((s) => [s.words, s.stdin])).toEqual([
      [['tool', 'first', '--insecure', '-x'], undefined],
      [['tool', '--name=zed'], 'ABC'],
    ]);
  });

  test.each([
    ['a hole that nothing fills', { ref: 'seen/none' }, 'seen/none is not known'],
    ['a transform that throws', { fn: 'bad', in: [] }, 'op left a reference'],
    ['a transform that is not there', { fn: 'none', in: [] }, 'none is not installed'],
  ])('%s is fatal, whatever the step would say, and nothing is sent', async (_what, stdin, said) => {
    const world = new FakeWorld();
    const transforms = {
      bad: () => {
        throw new Error('op left a reference');
      },
    };
    const ran = await carryOut(
      world,
      [changing(world, 'a/one', { retry: RETRY, plan: () => [exec('go', ['go'], { stdin })] })],
      { parts: { transforms } },
    );
    expect([ran.exit, world.spawned]).toEqual([4, []]);
    expect(ran.failure?.cause).toContain(said);
  });

  test('a merge that changes nothing writes nothing', async () => {
    const world = new FakeWorld();
    world.files.set('kubeconfig', new TextEncoder().encode('same'));
    const merge = {
      do: 'merge',
      id: 'm',
      why: 'm',
      path: 'kubeconfig',
      fn: 'keep',
      in: [],
      mode: 0o600,
      risk: 'change',
      guard: [],
    } as const;
    let n = 0;
    await carryOut(
      world,
      [
        changing(world, 'a/one', {
          plan: () => [{ ...merge, in: [], guard: [] }],
          observe: async () => (n++ ? done() : needed()),
        }),
      ],
      {
        parts: { merges: { keep: (current) => current ?? new Uint8Array() } },
      },
    );
    expect(world.writes.filter((w) => w === 'kubeconfig')).toEqual([]);
    expect(world.files.has('kubeconfig.coldstart-lock')).toBe(false);
  });

  test('a write whose file is not what the plan expects is a conflict', async () => {
    const world = new FakeWorld();
    world.files.set('out', new TextEncoder().encode('other'));
    const write = {
      do: 'write',
      id: 'w',
      why: 'w',
      path: 'out',
      content: { text: 'x' },
      mode: 0o600,
      ifDigest: 'absent',
      risk: 'change',
      guard: [],
    } as const;
    const classify = (f: { how: string }) => ({ kind: 'fatal', cause: f.how, remedy: '' }) as const;
    const ran = await carryOut(world, [changing(world, 'a/one', { classify, plan: () => [{ ...write, guard: [] }] })]);
    expect(ran.failure?.cause).toBe('conflict');
    expect(new TextDecoder().decode(world.files.get('out'))).toBe('other');
  });
});
