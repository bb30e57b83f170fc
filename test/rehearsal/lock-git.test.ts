import { gitRef } from '@coldstart/tools';
import type { OpenLab } from '@coldstart/plugin-lab';
import { beforeAll, describe, expect, test } from 'vitest';
import { differences, isRefLock } from '../support/received.ts';
import { bareWorld, carryOut, changesReceived, survey, type BroughtUp, type Ground } from './support/bring-up.ts';
import { through } from './support/killed.ts';
import { deviations, from, hold, holderOn, look, notes } from './support/locks.ts';

const TALOS = { phases: ['talos'] };
const REF = 'refs/coldstart/lock/infra';

/** Another machine's run, alive until `over`. */
function alive(lab: OpenLab, over: AbortSignal): Promise<void> {
  const other = holderOn(lab.world, 'other');
  return (async () => {
    while (!over.aborted) {
      await hold(gitRef, lab.world, other);
      await lab.world.sleep(gitRef.every, over).catch(() => {});
    }
  })();
}

describe('the ref of a cluster at a remote', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await survey({ config: { lock: { git: 'origin' } } });
  });
  const run = (lab: OpenLab, more: Parameters<typeof carryOut>[2] = {}): Promise<BroughtUp> =>
    carryOut(ground, lab, { selection: TALOS, ...more });

  test('is taken before anything is changed, kept alive, and given back', async () => {
    const lab = await bareWorld(ground);
    let alive = 0;
    const tokens = new Set<string>();
    const watching = new AbortController();
    const watch = (async () => {
      while (!watching.signal.aborted) {
        await lab.world.sleep(20_000, watching.signal);
        const seen = await look(gitRef, lab.world);
        if (seen.is !== 'held') continue;
        alive += 1;
        tokens.add(seen.token);
      }
    })();
    const ran = await run(lab);
    watching.abort();
    await watch;
    expect({ exit: ran.exit, failure: ran.failure }).toEqual({ exit: 0, failure: null });
    expect(notes(ran.records, gitRef)).toEqual(['asked', 'taken', 'released']);
    const taken = ran.records.findIndex((r) => r.type === 'lock' && r.lock === gitRef.id && r.what === 'taken');
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(ran.records.findIndex((r) => r.type === 'action-start'));
    // Phase −1 takes some four minutes: a sign of life each minute.
    expect(alive).toBeGreaterThan(6);
    expect(tokens.size).toBeGreaterThan(2);
    expect(await look(gitRef, lab.world)).toEqual({ is: 'free' });
  });

  test('is no part of the plan, and no change of the cluster', async () => {
    const lab = await bareWorld(ground);
    const ran = await carryOut(ground, lab);
    expect(ran.exit).toBe(0);
    // The last one taken goes first.
    const order = ran.records.flatMap((r) => (r.type === 'lock' && r.what !== 'asked' ? [`${r.lock} ${r.what}`] : []));
    expect(order).toEqual(['git-ref taken', 'lease taken', 'lease released', 'git-ref released']);
    const calls = lab.received().map(({ tool, argv, exit }) => ({ tool, argv, ok: exit === 0 }));
    expect(calls.filter(({ argv }) => argv.some((word) => word.endsWith(`:${REF}`))).length).toBeGreaterThan(5);
    expect(
      differences(
        ground.plan,
        calls.filter(({ tool }) => tool !== 'file'),
      ),
    ).toEqual([]);
    const before = changesReceived(lab);
    const again = await carryOut(ground, lab);
    expect(again.exit).toBe(0);
    expect(notes(again.records, gitRef)).toEqual(['asked', 'taken', 'released']);
    expect(changesReceived(lab)).toBe(before);
  });

  test('keeps a second machine out before there is an API: bare nodes stay bare', async () => {
    const lab = await bareWorld(ground);
    const over = new AbortController();
    const other = alive(lab, over.signal);
    await lab.world.sleep(5000);
    const ran = await run(lab, { consents: { takeover: 'infra' } });
    over.abort();
    await other;
    expect(ran).toMatchObject({ exit: 5, outcome: 'refused', failure: { page: 'locked' } });
    expect(ran.failure?.cause).toMatch(/another machine holds the git-ref .*is at work: rehearsal on other/i);
    expect(changesReceived(lab)).toBe(0);
    expect([...lab.model.nodes.values()].map(({ stage }) => stage)).toEqual(
      [...lab.model.nodes.values()].map(() => 'maintenance'),
    );
    expect(await look(gitRef, lab.world)).toMatchObject({ is: 'held', holder: { run: 'run-of-another' } });
  });

  test('two machines that begin at once on bare nodes: one brings it up, the other sends nothing', async () => {
    const lab = await bareWorld(ground);
    const both = await Promise.all([
      run(from('a', lab), { stateDir: '.coldstart/a' }),
      run(from('b', lab), { stateDir: '.coldstart/b' }),
    ]);
    expect(both.map(({ exit }) => exit).sort()).toEqual([0, 5]);
    const loser = both.find(({ exit }) => exit === 5);
    expect(loser?.records.filter((r) => r.type === 'action-start')).toEqual([]);
    expect(notes(loser?.records ?? [], gitRef)).not.toContain('taken');
    expect(lab.model.etcd.size).toBe(1);
  });

  /** Two machines, the second begins so much later; when each of them sent something that is no lock. */
  async function twoMachines(of: Ground, seed: number, later: number) {
    const lab = await bareWorld(of, { seed });
    const sent = { a: [] as number[], b: [] as number[] };
    const on = (machine: 'a' | 'b'): OpenLab => {
      const { world } = from(machine, lab);
      const spawn: OpenLab['world']['spawn'] = (call, ...rest) => {
        if (!isRefLock(call.tool, call.argv)) sent[machine].push(lab.world.mono());
        return world.spawn(call, ...rest);
      };
      return { ...lab, world: through(world, { spawn }) as OpenLab['world'] };
    };
    const ran = await Promise.all(
      (['a', 'b'] as const).map(async (machine) => {
        if (machine === 'b') await lab.world.sleep(later);
        return carryOut(of, on(machine), { selection: TALOS, stateDir: `.coldstart/${machine}` });
      }),
    );
    const [a, b] = [sent.a, sent.b].map((times) => ({ first: Math.min(...times), last: Math.max(...times) }));
    const beside = a !== undefined && b !== undefined && a.first <= b.last && b.first <= a.last;
    return { exits: ran.map(({ exit }) => exit), beside, etcd: lab.model.etcd.size, seed, later };
  }
  const moments = [0, 200, 3000, 59_000, 61_000, 150_000, 900_000];

  test.each(moments)('of two machines, %s ms apart, never is one at work beside the other', async (later) => {
    const told = await twoMachines(ground, later + 1, later);
    expect(told).toMatchObject({ beside: false, etcd: 1 });
    expect(told.exits.filter((exit) => exit !== 0 && exit !== 5)).toEqual([]);
    expect(told.exits).toContain(0);
  });

  test('without it they are: that is what it keeps apart', async () => {
    const without = await survey();
    expect(await twoMachines(without, 201, 200)).toMatchObject({ beside: true });
  });

  test('held by a machine that is dead: refused without consent, taken over with it, and recorded', async () => {
    const lab = await bareWorld(ground);
    await hold(gitRef, lab.world, holderOn(lab.world, 'other'));
    const refused = await run(lab);
    expect(refused).toMatchObject({ exit: 5, failure: { page: 'locked' } });
    expect(refused.failure?.cause).toMatch(/seems to be dead \(no sign of life for 1[89]\d s\)/);
    expect(refused.failure?.remedy).toContain('--takeover');
    expect(await look(gitRef, lab.world)).toMatchObject({ is: 'held', holder: { run: 'run-of-another' } });
    const taken = await run(lab, { consents: { takeover: 'infra' } });
    expect(taken.exit).toBe(0);
    expect(deviations(taken.records)).toMatch(/took the git-ref over: no sign of life .* on other/);
    expect(await look(gitRef, lab.world)).toEqual({ is: 'free' });
  });

  test('left by a process of this machine that is gone: taken over without asking, and said', async () => {
    const lab = await bareWorld(ground);
    const { host } = lab.world.host();
    await hold(gitRef, lab.world, holderOn(lab.world, host, { boot: 'before the reboot' }));
    const ran = await run(lab);
    expect(ran.exit).toBe(0);
    expect(deviations(ran.records)).toContain('took the git-ref over: a dead process had left it');
  });

  test('lost to another run while this one goes on: it ends, refused, and leaves it to the other', async () => {
    const lab = await bareWorld(ground);
    let lostAt = 0;
    const ran = await run(lab, {
      on: (record) => {
        if (record.type === 'lock' && record.what === 'taken')
          void lab.world.sleep(90_000).then(() => hold(gitRef, lab.world, holderOn(lab.world, 'other')));
        if (record.type === 'lock' && record.what === 'lost') lostAt = lab.world.mono();
      },
    });
    expect(ran).toMatchObject({ exit: 5, outcome: 'refused', failure: { page: 'locked' } });
    expect(notes(ran.records, gitRef)).toEqual(['asked', 'taken', 'lost']);
    expect(lab.received().filter(({ at, tool }) => at > lostAt && tool !== 'git')).toEqual([]);
    expect(await look(gitRef, lab.world)).toMatchObject({ is: 'held', holder: { run: 'run-of-another' } });
  });

  /** The answers of these pushes (from 1) are lost: they are carried out, and nobody hears of it. */
  function losing(lab: OpenLab, lost: readonly number[]): { world: OpenLab['world']; pushes: () => number } {
    let pushes = 0;
    const spawn: OpenLab['world']['spawn'] = async (call, ...rest) => {
      const done = await lab.world.spawn(call, ...rest);
      if (!call.argv.includes('push')) return done;
      pushes += 1;
      return lost.includes(pushes) ? { ...done, exit: null, how: 'deadline' } : done;
    };
    return { world: through(lab.world, { spawn }) as OpenLab['world'], pushes: () => pushes };
  }

  test('a push whose answer was lost is our own: it is kept, and given back', async () => {
    const lab = await bareWorld(ground);
    // The first takes it, the third keeps it alive.
    const { world, pushes } = losing(lab, [1, 3]);
    const ran = await run(lab, { world });
    expect({ exit: ran.exit, failure: ran.failure }).toEqual({ exit: 0, failure: null });
    expect(notes(ran.records, gitRef)).toEqual(['asked', 'asked', 'taken', 'released']);
    expect(pushes()).toBeGreaterThan(4);
    expect(await look(gitRef, lab.world)).toEqual({ is: 'free' });
  });

  test('where the last sign of life had no answer, it is given back all the same', async () => {
    const lab = await bareWorld(ground);
    const counted = losing(await bareWorld(ground), []);
    expect((await run(lab, { world: counted.world })).exit).toBe(0);
    const { world } = losing(lab, [counted.pushes() - 1]);
    const ran = await run(lab, { world });
    expect(ran.exit).toBe(0);
    expect(notes(ran.records, gitRef)).toEqual(['asked', 'taken', 'released']);
    expect(await look(gitRef, lab.world)).toEqual({ is: 'free' });
  });

  test('where no answer comes at all, it is not taken, said, and not left behind', async () => {
    const lab = await bareWorld(ground);
    const ran = await run(lab, { world: losing(lab, [1, 2, 3]).world });
    expect(ran.exit).toBe(0);
    expect(deviations(ran.records)).toContain('the git-ref was not taken (no answer in time)');
    expect(notes(ran.records, gitRef)).toEqual(['asked', 'asked', 'asked']);
    expect(await look(gitRef, lab.world)).toEqual({ is: 'free' });
  });

  test('a remote that is not reached is a deviation, and the run goes on', async () => {
    const away = await survey({ config: { lock: { git: 'ssh://git@127.0.0.1/locks.git' } } });
    const ran = await carryOut(away, await bareWorld(away), { selection: TALOS });
    expect(ran.exit).toBe(0);
    expect(deviations(ran.records)).toMatch(/the git-ref was not taken \(ssh: connect to host .*Connection refused/);
    expect(notes(ran.records, gitRef)).toEqual([]);
  });

  test('what only looks takes none, and without configuration there is none', async () => {
    const lab = await bareWorld(ground);
    const selection = { steps: ['talos/tools'] };
    const looking = await survey({ config: { lock: { git: 'origin' } }, selection });
    const looked = await carryOut(looking, lab, { selection });
    expect(looked.exit).toBe(0);
    expect(notes(looked.records, gitRef)).toEqual([]);
    expect(lab.received()).toEqual([]);
    const without = await survey();
    const ran = await carryOut(without, await bareWorld(without), { selection: TALOS });
    expect(ran.exit).toBe(0);
    expect(ran.records.filter((r) => r.type === 'lock' && r.lock === gitRef.id)).toEqual([]);
  });

  test('is part of the saved world', async () => {
    const lab = await bareWorld(ground);
    await hold(gitRef, lab.world, holderOn(lab.world, 'other'));
    const opened = await bareWorld(ground, { saved: lab.save() });
    expect(await look(gitRef, opened.world)).toEqual(await look(gitRef, lab.world));
    expect(await look(gitRef, opened.world)).toMatchObject({ is: 'held', holder: { host: 'other' } });
  });
});
