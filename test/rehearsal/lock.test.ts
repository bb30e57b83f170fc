import type { JournalRecord } from '@coldstart/contract';
import type { OpenLab } from '@coldstart/plugin-lab';
import { kubernetesLease } from '@coldstart/tools';
import { beforeAll, describe, expect, test } from 'vitest';
import { bareWorld, bringUp, carryOut, changesReceived, type BroughtUp, type Ground } from './support/bring-up.ts';
import * as locks from './support/locks.ts';
import { deviations, from, holderOn } from './support/locks.ts';

const hold = (...at: Parameters<typeof locks.hold> extends [unknown, ...infer Rest] ? Rest : never) =>
  locks.hold(kubernetesLease, ...at);
const seen = (world: OpenLab['world']) => locks.look(kubernetesLease, world);
const notes = (records: readonly JournalRecord[]): string[] => locks.notes(records, kubernetesLease);

describe('the Lease of a cluster', () => {
  let up: BroughtUp;
  let ground: Ground;
  let saved: Uint8Array;
  beforeAll(async () => {
    up = await bringUp();
    ({ ground } = up);
    saved = up.lab.save();
  });
  const standing = (): Promise<OpenLab> => bareWorld(ground, { saved });

  test('is taken once the API is there, kept alive, and given back', async () => {
    expect(up.exit).toBe(0);
    expect(notes(up.records)).toEqual(['asked', 'taken', 'released']);
    const taken = up.records.findIndex((r) => r.type === 'lock' && r.what === 'taken');
    const api = up.records.findIndex((r) => r.type === 'item-end' && r.step === 'talos/api');
    expect(taken).toBeGreaterThan(api);
    const first = up.records.findIndex((r) => r.type === 'action-start' && r.phase === 'prereqs');
    expect(taken).toBeLessThan(first);
    const signs = up.lab
      .received()
      .filter(({ argv }) => argv.some((word) => word.startsWith('--field-manager=coldstart-lock-')));
    // From the API to the end is some eight minutes: a sign every 15 s, besides taking it and giving it back.
    expect(signs.length).toBeGreaterThan(20);
    expect(await seen(up.lab.world)).toEqual({ is: 'free' });
  });

  test('keeps a second machine out while the first is at work: it tells by signs of life', async () => {
    const lab = await standing();
    const other = holderOn(lab.world, 'other');
    expect((await hold(lab.world, other)).exit).toBe(0);
    const over = new AbortController();
    const beats = (async () => {
      while (!over.signal.aborted) {
        await lab.world.sleep(kubernetesLease.every, over.signal).catch(() => {});
        await hold(lab.world, other);
      }
    })();
    const before = changesReceived(lab);
    const ran = await carryOut(ground, lab, { stateDir: '.coldstart/second', consents: { takeover: 'infra' } });
    over.abort();
    await beats;
    expect(ran).toMatchObject({ exit: 5, outcome: 'refused', failure: { page: 'locked' } });
    expect(ran.failure?.cause).toContain('other');
    expect(ran.failure?.cause).toContain('is at work');
    expect(changesReceived(lab)).toBe(before);
  });

  test('held by a machine that is dead: refused without consent, taken over with it, and recorded', async () => {
    const lab = await standing();
    await hold(lab.world, holderOn(lab.world, 'other'));
    const refused = await carryOut(ground, lab, { stateDir: '.coldstart/second' });
    expect(refused).toMatchObject({ exit: 5, failure: { page: 'locked' } });
    expect(refused.failure?.cause).toMatch(/seems to be dead \(no sign of life for \d+ s\)/);
    expect(refused.failure?.remedy).toContain('--takeover');
    expect(await seen(lab.world)).toMatchObject({ is: 'held', holder: { run: 'run-of-another' } });

    const taken = await carryOut(ground, lab, { stateDir: '.coldstart/second', consents: { takeover: 'infra' } });
    expect(taken.exit).toBe(0);
    expect(deviations(taken.records)).toMatch(/took the lease over: no sign of life .* on other/);
    expect(await seen(lab.world)).toEqual({ is: 'free' });
  });

  test('left by a process of this machine that is gone: taken over without asking, and said', async () => {
    const lab = await standing();
    const { host } = lab.world.host();
    await hold(lab.world, holderOn(lab.world, host, { boot: 'before the reboot' }));
    const ran = await carryOut(ground, lab, { stateDir: '.coldstart/second' });
    expect(ran.exit).toBe(0);
    expect(deviations(ran.records)).toContain('took the lease over: a dead process had left it');
  });

  test('lost to another run while this one goes on: it ends, refused, and sends nothing more', async () => {
    const empty = await bareWorld(ground);
    let taken = 0;
    const ran = await carryOut(ground, empty, {
      on: (record) => {
        if (record.type !== 'phase-start' || record.phase !== 'core') return;
        void hold(empty.world, holderOn(empty.world, 'other'), true).then(() => (taken = empty.world.mono()));
      },
    });
    expect(taken).toBeGreaterThan(0);
    expect(ran).toMatchObject({ exit: 5, outcome: 'refused', failure: { page: 'locked' } });
    expect(ran.failure?.cause).toContain('has taken the lease of this cluster over');
    expect(notes(ran.records)).toEqual(['asked', 'taken', 'lost']);
    const late = ran.records.filter(
      (r) =>
        r.type === 'action-start' &&
        r.at >
          new Date(Date.parse(ran.records.find((n) => n.type === 'lock' && n.what === 'lost')?.at ?? '')).toISOString(),
    );
    expect(late).toEqual([]);
    // It is the other one's, and stays it.
    expect(await seen(empty.world)).toMatchObject({ is: 'held', holder: { run: 'run-of-another' } });
  });

  test('two machines that begin at once: one goes on, the other is refused', async () => {
    const lab = await standing();
    const [a, b] = await Promise.all([
      carryOut(ground, from('a', lab), { stateDir: '.coldstart/a' }),
      carryOut(ground, from('b', lab), { stateDir: '.coldstart/b' }),
    ]);
    // On a standing cluster a run takes seconds: the one that waits may find the Lease free again.
    expect([a.exit, b.exit].filter((exit) => exit !== 0 && exit !== 5)).toEqual([]);
    expect([a.exit, b.exit]).toContain(0);
    const taken = [...a.records, ...b.records].filter(
      (r) => r.type === 'lock' && (r.what === 'taken' || r.what === 'released'),
    );
    const order = taken.toSorted((x, y) => (x.at < y.at ? -1 : 1)).map((r) => (r as { what: string }).what);
    // Never taken by one before it was given back by the other.
    order.forEach((what, i) => expect(what).toBe(i % 2 === 0 ? 'taken' : 'released'));
  });
});
